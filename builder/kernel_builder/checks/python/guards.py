"""Under which conditions code runs, as far as they can be told: the Python version, and what is caught."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from kernel_builder.checks.python.facts import python_facts

__all__ = ["ALWAYS", "Guard", "guard_of_condition", "guard_of_try", "leaves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Under which conditions a piece of code runs.

    Attributes:
        on_oldest: whether it can run on the oldest Python that kernels are for.
        on_newest: whether it can run on the newest that we know.
        is_optional: whether the code does without it: it is tried, or something was asked for before.
        is_typing: whether only type checkers see it.
    """

    on_oldest: bool = True
    on_newest: bool = True
    is_optional: bool = False
    is_typing: bool = False


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
    for handler in node.handlers:
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for one in types:
            name = one.attr if isinstance(one, ast.Attribute) else one.id if isinstance(one, ast.Name) else None
            if one is None or name in _CAUGHT:
                return replace(guard, is_optional=True)
    return guard


def guard_of_condition(guard: Guard, condition: ast.expr, named: _Names) -> tuple[Guard, Guard]:
    """The guards of what runs when a condition holds, and of what runs when it does not.

    Args:
        guard: that of the statement with the condition.
        condition: what is asked.
        named: gives what a name was assigned, where that is one expression.
    """
    oldest, newest = (_Evaluator(version, named).value(condition) for version in python_facts().versions)
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        return guard_of_condition(guard, condition.operand, named)[::-1]
    typing = _is_type_checking(condition)
    asked = _asks(condition)
    holds = replace(
        guard,
        on_oldest=guard.on_oldest and oldest is not False,
        on_newest=guard.on_newest and newest is not False,
        is_typing=guard.is_typing or typing,
        is_optional=guard.is_optional or asked,
    )
    fails = replace(
        guard,
        on_oldest=guard.on_oldest and oldest is not True,
        on_newest=guard.on_newest and newest is not True,
        is_optional=guard.is_optional or asked,
    )
    return holds, fails


def leaves(body: list[ast.stmt]) -> bool:
    """Whether nothing that follows a block runs after it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _is_type_checking(condition: ast.expr) -> bool:
    name = condition.attr if isinstance(condition, ast.Attribute) else getattr(condition, "id", None)
    return name == "TYPE_CHECKING"


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
        if isinstance(owner, ast.Name) and owner.id in python_facts().modules:
            return True
    return False


class _Evaluator:
    """Tells what an expression is on a version of Python; `None` when that cannot be told."""

    def __init__(self, version: tuple[int, int], named: _Names) -> None:
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
        if len(node.ops) != 1:
            return None
        return _compared(self.value(node.left), node.ops[0], self.value(node.comparators[0]))


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
