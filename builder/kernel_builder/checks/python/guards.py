"""Under which conditions code runs, as far as they can be told: the Python version, and what is caught."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from kernel_builder.checks.python.facts import Version, python_facts

__all__ = ["ALWAYS", "Guard", "guard_of_condition", "guard_of_handler", "guard_of_try", "leaves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Under which conditions a piece of code runs.

    Attributes:
        never_on: the versions of Python that it cannot run on, of those that we know.
        is_optional: whether the code does without it: it is tried, or something was asked for before.
        is_fallback: whether it runs in place of something that was missing.
        is_typing: whether only type checkers see it.
    """

    never_on: frozenset[Version] = frozenset()
    is_optional: bool = False
    is_fallback: bool = False
    is_typing: bool = False

    @property
    def versions(self) -> list[Version]:
        """The versions of Python that it can run on, from the oldest that kernels are for; none for what never runs."""
        return [version for version in python_facts().versions if version not in self.never_on]


_Names: TypeAlias = Callable[[str], ast.expr | None]
_DEEPEST = 8

#: Code without conditions.
ALWAYS = Guard()

_CAUGHT = {
    "ImportError",
    "ModuleNotFoundError",
    "AttributeError",
    "NameError",
    "TypeError",
    "Exception",
    "BaseException",
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def guard_of_try(guard: Guard, node: ast.Try) -> Guard:
    """The guard of what a `try` tries: whether a failed import or a missing name is caught."""
    return replace(guard, is_optional=True) if any(map(_catches, node.handlers)) else guard


def guard_of_handler(guard: Guard, node: ast.ExceptHandler) -> Guard:
    """The guard of what runs when an exception is caught."""
    return replace(guard, is_fallback=True) if _catches(node) else guard


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is for a failed import or a missing name, among others."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = [one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", None) for one in types]
    return handler.type is None or any(name in _CAUGHT for name in names)


def guard_of_condition(guard: Guard, condition: ast.expr, named: _Names) -> tuple[Guard, Guard]:
    """The guards of what runs when a condition holds, and of what runs when it does not.

    Args:
        guard: that of the statement with the condition.
        condition: what is asked.
        named: gives what a name was assigned, where that is one expression.
    """
    is_negated = False
    while isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        condition, is_negated = condition.operand, not is_negated
    values = {version: _Evaluator(version, named).value(condition) for version in python_facts().versions}
    guard = replace(guard, is_optional=guard.is_optional or _asks(condition))
    holds = replace(
        guard,
        never_on=guard.never_on | {version for version, value in values.items() if value is False},
        is_typing=guard.is_typing or _is_type_checking(condition),
    )
    fails = replace(guard, never_on=guard.never_on | {version for version, value in values.items() if value is True})
    return (fails, holds) if is_negated else (holds, fails)


def leaves(body: list[ast.stmt]) -> bool:
    """Whether nothing that follows a block runs after it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _is_type_checking(condition: ast.expr) -> bool:
    parts = condition.values if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And) else [condition]
    names = [one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", None) for one in parts]
    return "TYPE_CHECKING" in names


def _asks(condition: ast.expr) -> bool:
    """Whether a condition asks for a module, for a name of one, or whether a file is run as a script."""
    for node in ast.walk(condition):
        if isinstance(node, ast.Name) and node.id == "__name__":
            return True
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name == "find_spec":
            return True
        owner = node.args[0] if name == "hasattr" and node.args else None
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        if isinstance(owner, ast.Name) and owner.id in python_facts().modules:
            return True
    return False


class _Evaluator:
    """Tells what an expression is on a version of Python; `None` when that cannot be told."""

    def __init__(self, version: Version, named: _Names) -> None:
        self.version = version
        self.named = named
        self.depth = 0

    def value(self, node: ast.expr | None) -> Any:
        evaluate = _EVALUATE.get(type(node))
        if evaluate is None or self.depth > _DEEPEST:
            return None
        self.depth += 1
        found = evaluate(self, node)
        self.depth -= 1
        return found

    def constant(self, node: ast.Constant) -> Any:
        return node.value

    def tuple_(self, node: ast.Tuple) -> Any:
        values = [self.value(element) for element in node.elts]
        return None if None in values else tuple(values)

    def name(self, node: ast.Name) -> Any:
        return (*self.version, 0) if node.id == "version_info" else self.value(self.named(node.id))

    def attribute(self, node: ast.Attribute) -> Any:
        if node.attr == "version_info":
            return (*self.version, 0)
        inner = self.value(node.value) if node.attr in ("major", "minor") else None
        return inner[node.attr == "minor"] if isinstance(inner, tuple) else None

    def item(self, node: ast.Subscript) -> Any:
        value, index = self.value(node.value), node.slice
        if not isinstance(value, tuple):
            return None
        if isinstance(index, ast.Constant) and isinstance(index.value, int):
            return value[index.value] if -len(value) <= index.value < len(value) else None
        stop = index.upper if isinstance(index, ast.Slice) and index.lower is None and index.step is None else None
        return value[: stop.value] if isinstance(stop, ast.Constant) and isinstance(stop.value, int) else None

    def bool_(self, node: ast.BoolOp) -> Any:
        return _all_or_any([self.value(inner) for inner in node.values], is_all=isinstance(node.op, ast.And))

    def unary(self, node: ast.UnaryOp) -> Any:
        inner = self.value(node.operand) if isinstance(node.op, ast.Not) else None
        return None if inner is None else not inner

    def compare(self, node: ast.Compare) -> Any:
        operands = [self.value(operand) for operand in (node.left, *node.comparators)]
        pairs = zip(operands, node.ops, operands[1:], strict=False)
        return _all_or_any([_compared(*pair) for pair in pairs], is_all=True)


_EVALUATE: dict[type, Callable[[_Evaluator, Any], Any]] = {
    ast.Attribute: _Evaluator.attribute,
    ast.BoolOp: _Evaluator.bool_,
    ast.Compare: _Evaluator.compare,
    ast.Constant: _Evaluator.constant,
    ast.Name: _Evaluator.name,
    ast.Subscript: _Evaluator.item,
    ast.Tuple: _Evaluator.tuple_,
    ast.UnaryOp: _Evaluator.unary,
}


def _all_or_any(values: list[Any], *, is_all: bool) -> bool | None:
    known = [bool(value) for value in values if value is not None]
    if (not is_all) in known:
        return not is_all
    return is_all if len(known) == len(values) else None


def _compared(left: Any, operation: ast.cmpop, right: Any) -> bool | None:
    compare = _COMPARISONS.get(type(operation))
    if compare is None or left is None or type(left) is not type(right):
        return None
    try:
        return compare(left, right)
    except TypeError:
        return None
