"""One pass over a module: each node with its scope and the conditions that it runs under."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.guards import (
    ALWAYS,
    Guard,
    guard_of_condition,
    guard_of_handler,
    guard_of_try,
    leaves,
)
from kernel_builder.checks.python.scopes import Binding, Scope
from kernel_builder.checks.python.sources import Source

__all__ = ["Module", "Seen", "imported_module"]

_Node = TypeVar("_Node", bound=ast.AST)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Seen(NamedTuple):
    """A node, the scope that its names are looked up in, and the conditions under which it runs."""

    node: ast.AST
    scope: Scope
    guard: Guard


@dataclass(frozen=True, eq=False)
class Module:
    """A Python file that could be parsed, with the nodes of its tree in the order of the source.

    Attributes:
        source: the file.
        tree: what Python reads in it.
        constants: what names of the whole kernel are assigned at the top of their modules, by dotted name.
    """

    source: Source
    tree: ast.Module
    constants: Mapping[str, ast.expr]

    def find(
        self, check: str, code: str, message: str, at: ast.AST | int, remedy: str, severity: str = "error"
    ) -> Finding:
        """A finding at a node or a line of this file."""
        line = at if isinstance(at, int) else getattr(at, "lineno", 1)
        file = self.source.file
        return Finding(check=check, code=code, message=message, file=file, line=line, remedy=remedy, severity=severity)

    @property
    def name(self) -> str:
        """The dotted name below the kernel's package."""
        return self.source.module

    @cached_property
    def scope(self) -> Scope:
        """The scope of the module itself."""
        return self.seen[0].scope

    @cached_property
    def scopes(self) -> dict[ast.AST, Scope]:
        """Which scope each class, function, lambda and comprehension makes."""
        return {seen.scope.node: seen.scope for seen in self.seen}

    @cached_property
    def seen(self) -> list[Seen]:
        """Every node."""
        return _Pass(self).run()

    def nodes(self, kind: type[_Node] | tuple[type[_Node], ...]) -> Iterator[tuple[_Node, Scope, Guard]]:
        """The nodes of some kinds."""
        for node, scope, guard in self.seen:
            if isinstance(node, kind):
                yield node, scope, guard

    @cached_property
    def has_future_annotations(self) -> bool:
        """Whether annotations are never evaluated."""
        return any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in self.tree.body
        )


def imported_module(source: Source, node: ast.ImportFrom) -> str | None:
    """What an import imports from: a dotted name, with a dot before it for the kernel's own modules.

    Returns:
        `None` where a relative import leaves the package.
    """
    if not node.level:
        return node.module or ""
    folders = source.file.split("/")[:-1]
    up = node.level - 1
    if up > len(folders):
        return None
    parts = [*folders[: len(folders) - up], *(node.module.split(".") if node.module else [])]
    return "." + ".".join(parts)


class _Pass:
    """Walks with a stack of its own, so that no depth of nesting is too much."""

    def __init__(self, module: Module) -> None:
        self.source = module.source
        self.constants = module.constants
        self.is_future = module.has_future_annotations
        self.seen: list[Seen] = []
        self.stack = [Seen(module.tree, Scope(module.tree, None), ALWAYS)]

    def run(self) -> list[Seen]:
        while self.stack:
            seen = self.stack.pop()
            self.seen.append(seen)
            self._enter(*seen)
        return self.seen

    def _enter(self, node: ast.AST, scope: Scope, guard: Guard) -> None:
        kind = type(node)
        if kind in _BINDERS:
            _BINDERS[kind](self, node, scope)
        elif kind in _HANDLERS:
            _HANDLERS[kind](self, node, scope, guard)
        else:
            self._push(_children(node), scope, guard)

    def _push(self, nodes: "Iterator[ast.AST] | list[ast.AST]", scope: Scope, guard: Guard) -> None:
        self.stack.extend([Seen(node, scope, guard) for node in nodes][::-1])

    def _push_all(self, *parts: tuple[list[ast.AST], Scope, Guard]) -> None:
        for nodes, scope, guard in reversed(parts):
            self._push(nodes, scope, guard)

    def _blocks(self, body: list[ast.stmt], scope: Scope, guard: Guard) -> tuple[list[ast.AST], Scope, Guard]:
        return [_Block(body)] if body else [], scope, guard

    def _named(self, scope: Scope) -> Callable[[str], ast.expr | None]:
        """Gives what a name was assigned, where that is one expression."""

        def find(name: str) -> ast.expr | None:
            bindings = scope.find(name) or []
            if len(bindings) != 1:
                return None
            value = bindings[0].value
            return value if isinstance(value, ast.expr) else self.constants.get(bindings[0].origin or "")

        return find

    def block(self, node: "_Block", scope: Scope, guard: Guard) -> None:
        """A list of statements, of which some leave what follows to other versions."""
        self.seen.pop()
        parts: list[tuple[list[ast.AST], Scope, Guard]] = []
        for statement in node.body:
            parts.append(([statement], scope, guard))
            if isinstance(statement, ast.If) and not statement.orelse and leaves(statement.body):
                guard = guard_of_condition(guard, statement.test, self._named(scope))[1]
        self._push_all(*parts)

    def module(self, node: ast.Module, scope: Scope, guard: Guard) -> None:
        self._push_all(self._blocks(node.body, scope, guard))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, guard: Guard) -> None:
        scope.bind(node.name, Binding(line=node.lineno, value=node, scope=scope))
        inner = Scope(node, scope)
        typing = replace(guard, is_typing=True) if self.is_future else guard
        arguments = _bind_parameters(node.args, inner)
        annotations: list[ast.AST] = [one.annotation for one in arguments if one.annotation is not None]
        self._push_all(
            ([*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)], scope, guard),
            ([*annotations, *([node.returns] if node.returns else [])], scope, typing),
            self._blocks(node.body, inner, guard),
        )

    def lambda_(self, node: ast.Lambda, scope: Scope, guard: Guard) -> None:
        inner = Scope(node, scope)
        _bind_parameters(node.args, inner)
        defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        self._push_all((list(defaults), scope, guard), ([node.body], inner, guard))

    def class_(self, node: ast.ClassDef, scope: Scope, guard: Guard) -> None:
        scope.bind(node.name, Binding(line=node.lineno, value=node, scope=scope))
        inner = Scope(node, scope)
        outside = [*node.decorator_list, *node.bases, *node.keywords]
        self._push_all((outside, scope, guard), self._blocks(node.body, inner, guard))

    def comprehension(self, node: ast.AST, scope: Scope, guard: Guard) -> None:
        inner = Scope(node, scope)
        self._push(ast.iter_child_nodes(node), inner, guard)

    def if_(self, node: ast.If, scope: Scope, guard: Guard) -> None:
        holds, fails = guard_of_condition(guard, node.test, self._named(scope))
        self._push_all(
            ([node.test], scope, guard), self._blocks(node.body, scope, holds), self._blocks(node.orelse, scope, fails)
        )

    def either(self, node: ast.IfExp, scope: Scope, guard: Guard) -> None:
        holds, fails = guard_of_condition(guard, node.test, self._named(scope))
        self._push_all(([node.test], scope, guard), ([node.body], scope, holds), ([node.orelse], scope, fails))

    def bool_(self, node: ast.BoolOp, scope: Scope, guard: Guard) -> None:
        """Each operand runs only when those before it hold, or do not."""
        parts: list[tuple[list[ast.AST], Scope, Guard]] = []
        for value in node.values:
            parts.append(([value], scope, guard))
            guard = guard_of_condition(guard, value, self._named(scope))[isinstance(node.op, ast.Or)]
        self._push_all(*parts)

    def try_(self, node: ast.Try, scope: Scope, guard: Guard) -> None:
        self._push_all(
            self._blocks(node.body, scope, guard_of_try(guard, node)),
            (list(node.handlers), scope, guard),
            self._blocks(node.orelse, scope, guard),
            self._blocks(node.finalbody, scope, guard),
        )

    def assign(self, node: ast.Assign, scope: Scope, guard: Guard) -> None:
        for target in node.targets:
            _bind_target(target, node.value, scope)
        self._push_all(([node.value], scope, guard), (list(node.targets), scope, guard))

    def annotated(self, node: ast.AnnAssign, scope: Scope, guard: Guard) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            _bind_target(node.target, node.value, scope)
        is_evaluated = not self.is_future and not scope.is_function
        typing = guard if is_evaluated else replace(guard, is_typing=True)
        self._push_all(
            ([node.annotation], scope, typing),
            ([node.value] if node.value else [], scope, guard),
            ([] if isinstance(node.target, ast.Name) else [node.target], scope, guard),
        )

    def named(self, node: ast.NamedExpr, scope: Scope, guard: Guard) -> None:
        outside = scope
        while isinstance(outside.node, _COMPREHENSIONS) and outside.parent is not None:
            outside = outside.parent
        _bind_target(node.target, node.value, outside)
        self._push([node.value], scope, guard)

    def with_(self, node: ast.withitem, scope: Scope, guard: Guard) -> None:
        if node.optional_vars is not None:
            _bind_target(node.optional_vars, node.context_expr, scope)
        self._push([node.context_expr, *([node.optional_vars] if node.optional_vars else [])], scope, guard)

    def handler(self, node: ast.ExceptHandler, scope: Scope, guard: Guard) -> None:
        if node.name:
            scope.bind(node.name, Binding(line=node.lineno))
        fallback = guard_of_handler(guard, node)
        self._push_all(([node.type] if node.type else [], scope, guard), self._blocks(node.body, scope, fallback))

    def name(self, node: ast.Name, scope: Scope) -> None:
        """A name that a loop, an unpacking or a deletion binds; assignments have bound theirs already."""
        if not isinstance(node.ctx, ast.Load) and not _is_bound_at(scope, node):
            scope.bind(node.id, Binding(line=node.lineno))

    def pattern(self, node: ast.AST, scope: Scope, guard: Guard) -> None:
        for key in ("name", "rest"):
            if isinstance(name := getattr(node, key, None), str):
                scope.bind(name, Binding(line=getattr(node, "lineno", 1)))
        self._push(ast.iter_child_nodes(node), scope, guard)

    def outer(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        target = scope.module if isinstance(node, ast.Global) else scope.parent
        for name in node.names:
            if target is not None and target is not scope:
                scope.outer[name] = target

    def import_(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            bound, origin = (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
            scope.bind(bound, Binding(line=node.lineno, origin=origin))

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        base = imported_module(self.source, node)
        for alias in node.names:
            if alias.name == "*":
                scope.stars.extend([] if base is None else [base])
            else:
                origin = None if base is None else f"{base.rstrip('.')}.{alias.name}"
                scope.bind(alias.asname or alias.name, Binding(line=node.lineno, origin=origin))


class _Block(ast.AST):
    """Statements that follow each other."""

    _fields = ()

    def __init__(self, body: list[ast.stmt]) -> None:
        super().__init__()
        self.body = body


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes in a node, with statements that follow each other as a block."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield _Block(value)
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, ast.AST))


def _bind_parameters(arguments: ast.arguments, scope: Scope) -> list[ast.arg]:
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    found = [one for one in every if one is not None]
    for one in found:
        scope.bind(one.arg, Binding(line=one.lineno, scope=scope, is_parameter=True))
    return found


def _bind_target(target: ast.expr, value: ast.expr, scope: Scope) -> None:
    """Bind what an assignment assigns to names, or to as many names as it has values."""
    if isinstance(target, ast.Name):
        scope.bind(target.id, Binding(line=target.lineno, value=value, scope=scope))
        return
    pairs = (ast.Tuple, ast.List)
    if isinstance(target, pairs) and isinstance(value, pairs) and len(target.elts) == len(value.elts):
        starred = any(isinstance(element, ast.Starred) for element in (*target.elts, *value.elts))
        for one, its_value in zip(target.elts, value.elts, strict=True):
            if isinstance(one, ast.Name) and not starred:
                scope.bind(one.id, Binding(line=one.lineno, value=its_value, scope=scope))


def _is_bound_at(scope: Scope, node: ast.Name) -> bool:
    bindings = scope.outer.get(node.id, scope).names.get(node.id, [])
    return bool(bindings) and bindings[-1].line == node.lineno and bindings[-1].value is not None


#: What binds names and has no nodes of its own.
_BINDERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Global: _Pass.outer,
    ast.Import: _Pass.import_,
    ast.ImportFrom: _Pass.import_from,
    ast.Name: _Pass.name,
    ast.Nonlocal: _Pass.outer,
}
_HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    _Block: _Pass.block,
    ast.AnnAssign: _Pass.annotated,
    ast.Assign: _Pass.assign,
    ast.AsyncFunctionDef: _Pass.function,
    ast.BoolOp: _Pass.bool_,
    ast.ClassDef: _Pass.class_,
    ast.ExceptHandler: _Pass.handler,
    ast.FunctionDef: _Pass.function,
    ast.If: _Pass.if_,
    ast.IfExp: _Pass.either,
    ast.Lambda: _Pass.lambda_,
    ast.Module: _Pass.module,
    ast.NamedExpr: _Pass.named,
    ast.Try: _Pass.try_,
    ast.withitem: _Pass.with_,
    **dict.fromkeys(_COMPREHENSIONS, _Pass.comprehension),
    **{getattr(ast, name): _Pass.pattern for name in ("MatchAs", "MatchStar", "MatchMapping")},
    **({ast.TryStar: _Pass.try_} if hasattr(ast, "TryStar") else {}),
}
