"""Syntax that is newer than Python 3.9, where the running Python reads it."""

import ast
from collections.abc import Iterator
from itertools import accumulate

from kernel_builder.checks.python.fstrings import newer_fstrings
from kernel_builder.checks.python.modules import Module

__all__ = ["newer_syntax"]

#: Nodes that Python 3.9 does not have; the running Python may not have them either.
_NODES = {
    "Match": ("a `match` statement", "3.10", "Write `if` and `elif`."),
    "TryStar": ("`except*`", "3.11", "Catch the group, and look at its `exceptions`."),
    "TypeAlias": ("a `type` statement", "3.12", "Assign the type to a name."),
    "TemplateStr": ("a t-string", "3.14", "Use an f-string or `str.format`."),
}
_NEWER = {getattr(ast, name): said for name, said in _NODES.items() if hasattr(ast, name)}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
_FSTRING = "Take what is in the braces into a variable, or use the other kind of quotes."


def newer_syntax(module: Module) -> Iterator[tuple[int, str, str]]:
    """Where a module is written in a newer Python: the line, what is newer and since when, and what to write."""
    text = _Text(module.source.text)
    for node, _, _ in module.seen:
        line = getattr((getattr(node, "handlers", None) or [node])[0], "lineno", 1)
        if type(node) in _NEWER:
            what, since, remedy = _NEWER[type(node)]
            yield line, _since(what, since), remedy
        if getattr(node, "type_params", None):
            yield line, _since("type parameters", "3.12"), "Make a `typing.TypeVar`, and `typing.Generic` of it."
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _has_starred_annotation(node):
            yield line, _since("a starred annotation", "3.11"), "Write `typing.Any`, or no annotation."
        if isinstance(node, ast.Subscript):
            yield from _index(node, text)
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Tuple) and text.at(node.type) != "(":
            yield line, _since("`except` without parentheses", "3.14"), "Put the exceptions in parentheses."
    for line, why in newer_fstrings(module.source.text):
        yield line, _since(f"an f-string that {why}", "3.12"), _FSTRING
    yield from _asynchronous(module)


def _since(what: str, version: str) -> str:
    return f"{what}, which Python has since {version}"


def _has_starred_annotation(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.args.vararg is not None and isinstance(node.args.vararg.annotation, ast.Starred)


def _index(node: ast.Subscript, text: "_Text") -> Iterator[tuple[int, str, str]]:
    """Stars and assignments in an index that stand there without parentheses."""
    index = node.slice
    elements = [index]
    if isinstance(index, ast.Tuple):
        if text.is_in_parentheses(index):
            return
        elements = index.elts
    for element in elements:
        if isinstance(element, ast.Starred):
            yield element.lineno, _since("a star in an index", "3.11"), "Put what is in the brackets in parentheses."
        if isinstance(element, ast.NamedExpr) and text.before(element) in ("[", ","):
            yield element.lineno, _since("`:=` in an index without parentheses", "3.10"), "Put it in parentheses."


def _asynchronous(module: Module) -> Iterator[tuple[int, str, str]]:
    """Asynchronous comprehensions in comprehensions that are not."""
    for node, scope, _ in module.seen:
        around = scope.node
        if isinstance(node, _COMPREHENSIONS) and isinstance(around, (*_COMPREHENSIONS, ast.GeneratorExp)):
            if not _is_asynchronous(node) or _is_asynchronous(around):
                continue
            yield node.lineno, _since("an asynchronous comprehension in one that is not", "3.11"), "Write a loop."


def _is_asynchronous(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    return any(generator.is_async for generator in node.generators)


class _Text:
    """The source, by the places that nodes have: lines, and bytes of UTF-8 in them."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.data.split(b"\n"))]

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def at(self, node: ast.expr) -> str:
        """The character that an expression begins with."""
        start = self.offset(node.lineno, node.col_offset)
        return chr(self.data[start]) if start < len(self.data) else ""

    def before(self, node: ast.expr) -> str:
        """The last character before an expression that is no space."""
        position = self.offset(node.lineno, node.col_offset) - 1
        while position > 0 and self.data[position : position + 1].isspace():
            position -= 1
        return chr(self.data[position])

    def is_in_parentheses(self, node: ast.Tuple) -> bool:
        """Whether a tuple stands in parentheses of its own, and not only its first and last elements in theirs."""
        if self.at(node) != "(":
            return False
        if not node.elts:
            return True
        last = node.elts[-1]
        end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        last_end = self.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
        return self.data[end - 1 : end] == b")" and end > last_end
