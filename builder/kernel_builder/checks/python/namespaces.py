"""In which namespace of `torch.ops` an expression names an operator."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kernel_builder.checks.python.facts import torch_facts
from kernel_builder.checks.python.package import OPS, Package, literal
from kernel_builder.checks.python.scopes import Binding, Scope

__all__ = ["OURS", "UNKNOWN", "Named", "namespaces", "registration"]

#: The kernel's own namespace, as the generated `_ops.py` gives it.
OURS = "<ours>"
#: What cannot be told from the source.
UNKNOWN = "<unknown>"

_DEEPEST = 24
#: Methods of texts that leave the beginning where it is, or give it.
_KEEPING = frozenset({"removesuffix", "rstrip", "split", "rsplit", "partition", "rpartition", "strip"})


class Named(NamedTuple):
    """A namespace that something can name.

    Attributes:
        namespace: the namespace, `OURS` or `UNKNOWN`; empty for the name of an operator without one.
        file: where it is said, when it comes in through a parameter of a function.
        line: the line there.
    """

    namespace: str
    file: str | None = None
    line: int = 0


def registration(package: Package, node: ast.expr, scope: Scope) -> tuple[str, tuple[int, str]] | None:
    """The function of Torch that an expression is and that registers operators, and where it takes a name."""
    table = torch_facts().registrations
    for name in sorted(package.names(node, scope)):
        if name in table:
            return name, table[name]
    return None


def namespaces(package: Package, node: ast.expr, scope: Scope, *, is_name: bool) -> list[Named]:
    """The namespaces that an expression can name; several where a name is bound several times.

    Args:
        package: the modules of the kernel.
        node: what names an operator or a namespace, or is an operator or a library.
        scope: where it is evaluated.
        is_name: whether a text names an operator, as in `"ns::op"`, and not a namespace alone.
    """
    return sorted(dict.fromkeys(_Search(package, is_name=is_name).expression(node, scope)), key=str)


class _Search:
    """One question; no binding is followed twice for it, so that circles end."""

    def __init__(self, package: Package, *, is_name: bool) -> None:
        self.package = package
        self.is_name = is_name
        self.followed: set[Binding] = set()
        self.depth = 0

    def expression(self, node: ast.expr, scope: Scope) -> Iterator[Named]:
        if self.depth >= _DEEPEST:
            yield Named(UNKNOWN)
            return
        self.depth += 1
        found = list(self._expression(node, scope))
        self.depth -= 1
        yield from found or [Named(UNKNOWN)]

    def _each(self, nodes: Iterable[ast.expr], scope: Scope) -> Iterator[Named]:
        for node in nodes:
            yield from self.expression(node, scope)

    def _expression(self, node: ast.expr, scope: Scope) -> Iterator[Named]:
        if (text := literal(node)) is not None:
            yield self._text(text)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            yield from self._named(node, scope)
        elif isinstance(node, ast.Call):
            yield from self._call(node, scope)
        elif isinstance(node, (ast.JoinedStr, ast.BinOp)):
            yield from self._joined(node, scope)
        elif isinstance(node, (ast.Subscript, ast.NamedExpr)):
            yield from self.expression(node.value, scope)
        elif isinstance(node, ast.IfExp):
            yield from self._each([node.body, node.orelse], scope)
        elif isinstance(node, ast.BoolOp):
            yield from self._each(node.values, scope)

    def _text(self, text: str) -> Named:
        namespace, colons, _ = text.partition("::")
        return Named(namespace if colons or not self.is_name else "")

    def _joined(self, node: ast.JoinedStr | ast.BinOp, scope: Scope) -> Iterator[Named]:
        """A text that is put together: its namespace is what it begins with."""
        text, first = _beginning(node)
        if "::" in text or first is None:
            yield self._text(text)
        elif not text and first is not node:
            before, self.is_name = self.is_name, False
            yield from self.expression(first, scope)
            self.is_name = before

    def _named(self, node: ast.Name | ast.Attribute, scope: Scope) -> Iterator[Named]:
        names = self.package.names(node, scope)
        if names and all(_is_ours(name) for name in names):
            yield Named(OURS)
        elif used := _used(names):
            yield from used
        elif isinstance(node, ast.Name):
            for binding in self.package.bindings(node, scope):
                if binding not in self.followed:
                    self.followed.add(binding)
                    yield from self._binding(binding, node.id)

    def _binding(self, binding: Binding, name: str) -> Iterator[Named]:
        value, scope = binding.value, binding.scope
        if binding.is_parameter and scope is not None:
            yield from self._given(scope, name)
        elif isinstance(value, ast.expr) and scope is not None:
            yield from self.expression(value, scope)
        elif isinstance(value, (ast.FunctionDef, ast.AsyncFunctionDef)) and scope is not None:
            is_operator = any(self._registers(one, scope) for one in value.decorator_list)
            yield Named(OURS if is_operator else UNKNOWN)  # an operator's own registration is looked at

    def _given(self, function: Scope, name: str) -> Iterator[Named]:
        """What a function is called with for a parameter, wherever the kernel calls it."""
        if not isinstance(function.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        for call, scope in self.package.calls.get(function.node, []):
            given = _argument(function.node, call, name)
            if given is None:
                yield Named(UNKNOWN)
                continue
            if given in (*function.node.args.defaults, *function.node.args.kw_defaults):
                scope = function.parent or function  # noqa: PLW2901 - where defaults are evaluated
            file = self.package.module_of(scope).source.file
            for found in self.expression(given, scope):
                yield found if found.file else Named(found.namespace, file, given.lineno)

    def _registers(self, node: ast.expr, scope: Scope) -> bool:
        function = node.func if isinstance(node, ast.Call) else node
        return registration(self.package, function, scope) is not None

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Named]:
        function = node.func
        names = self.package.names(function, scope)
        if names and all(_is_ours(name) for name in names):
            yield Named(OURS)
        elif self._registers(function, scope):
            yield Named(OURS)  # a library or an operator, whose own registration is looked at
        elif used := _used(self.package.names(node, scope)):
            yield from used
        elif "builtins.str" in names and node.args:
            yield from self.expression(node.args[0], scope)
        elif isinstance(function, ast.Attribute):
            yield from self._method(node, function, scope)
        elif isinstance(function, ast.Name):
            yield from self._returned(function, scope)

    def _method(self, node: ast.Call, function: ast.Attribute, scope: Scope) -> Iterator[Named]:
        text = literal(function.value)
        if function.attr in _KEEPING:
            yield from self.expression(function.value, scope)
        elif function.attr == "format" and text is not None:
            before, brace, _ = text.partition("{")
            if "::" in before or not brace:
                yield self._text(text)
            elif not before and node.args:
                yield from self.expression(node.args[0], scope)

    def _returned(self, function: ast.Name, scope: Scope) -> Iterator[Named]:
        """What a function of the kernel returns."""
        for binding in self.package.bindings(function, scope):
            value = binding.value
            if binding.scope is None or value is None or binding in self.followed:
                continue
            self.followed.add(binding)
            inner = self.package.module_of(binding.scope).scopes.get(value)
            if isinstance(value, ast.Lambda) and inner is not None:
                yield from self.expression(value.body, inner)
            elif isinstance(value, ast.FunctionDef) and inner is not None:
                returns = [one.value for one in ast.walk(value) if isinstance(one, ast.Return)]
                yield from self._each([one for one in returns if one is not None], inner)


def _is_ours(name: str) -> bool:
    return name.startswith(f".{OPS}.")


def _used(names: Iterable[str]) -> list[Named]:
    """The namespaces of operators of `torch.ops`, when all names are such."""
    parts = [name.split(".") for name in names]
    return (
        [Named(one[2]) for one in parts]
        if parts and all(one[:2] == ["torch", "ops"] and one[2:] for one in parts)
        else []
    )


def _beginning(node: ast.expr) -> tuple[str, ast.expr | None]:
    """The plain text that a text which is put together begins with, and the first part after it that is not plain."""
    text = ""
    pending: list[ast.expr] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.JoinedStr):
            pending += [one.value if isinstance(one, ast.FormattedValue) else one for one in part.values][::-1]
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            pending += [part.right, part.left]
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod) and (said := literal(part.left)) is not None:
            before, percent, after = said.partition("%")
            right = part.right
            first = right.elts[0] if isinstance(right, ast.Tuple) and right.elts else right
            return text + before, first if percent and after.startswith("s") else part
        elif (said := literal(part)) is not None:
            text += said
        else:
            return text, part
    return text, None


def _argument(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, name: str) -> ast.expr | None:
    """What a call gives for a parameter, or else the parameter's default; `None` when that cannot be told."""
    arguments = function.args
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    index = positional.index(name) if name in positional else -1
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return None
    if 0 <= index < len(call.args):
        return call.args[index]
    if index >= 0:
        default = index - len(positional) + len(arguments.defaults)
        return arguments.defaults[default] if default >= 0 else None
    names = [one.arg for one in arguments.kwonlyargs]
    return arguments.kw_defaults[names.index(name)] if name in names else None
