"""All modules of a kernel, and what the expressions in them stand for.

Things have dotted names: `torch.library.custom_op`, `builtins.zip`, and `.layers.norm.RMSNorm` for what the kernel's
own module `layers.norm` defines. An expression can stand for several, as a name does that is bound in both branches of
an `if`.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from kernel_builder.checks.python.facts import torch_facts
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.scopes import Binding, Scope
from kernel_builder.checks.python.sources import Source

__all__ = ["OPS", "Definition", "Package", "literal"]

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

#: Longer chains of names that stand for names are left alone.
_DEEPEST = 40
_MOST_STEPS = 100
#: The generated module that knows the kernel's namespace; what it has comes from nowhere else.
OPS = "_ops"

_IMPORTS = ("importlib.import_module", "builtins.__import__")


def literal(node: ast.expr | None) -> str | None:
    """The text that an expression is, if it is a plain text."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@dataclass(frozen=True, eq=False)
class Package:
    """The modules of a kernel."""

    sources: tuple[Source, ...]

    @cached_property
    def modules(self) -> dict[str, Module]:
        """The modules that could be parsed, by their dotted names."""
        trees = [(source, source.tree) for source in self.sources if source.tree is not None]
        constants = {
            _dotted(source.module, target.id): statement.value
            for source, tree in trees
            for statement in tree.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        return {source.module: Module(source, tree, constants) for source, tree in trees}

    def names(self, node: ast.expr, scope: Scope) -> frozenset[str]:
        """The dotted names of what an expression can stand for; none when nothing is known."""
        return frozenset(_Search(self).expression(node, scope, ""))

    def bindings(self, node: ast.Name, scope: Scope) -> list[Binding]:
        """What a name is bound to where it is used; imports of the kernel's own modules are followed."""
        return list(_Search(self).bindings(node.id, scope))

    def exports(self, module: Module, name: str) -> frozenset[str]:
        """The dotted names of what a module has under a name."""
        return frozenset(_Search(self).bound(name, module.scope, ""))

    @cached_property
    def definitions(self) -> dict[str, tuple[Module, Definition]]:
        """What the modules define at their top level, by dotted name."""
        found: dict[str, tuple[Module, Definition]] = {}
        for module in self.modules.values():
            for name, bindings in module.scope.names.items():
                for binding in bindings:
                    if isinstance(binding.value, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                        found[_dotted(module.name, name)] = (module, binding.value)
        return found

    @cached_property
    def calls(self) -> dict[ast.AST, list[tuple[ast.Call, Scope]]]:
        """Where each function that a module defines at its top level is called by its name."""
        found: dict[ast.AST, list[tuple[ast.Call, Scope]]] = {}
        for module in self.modules.values():
            for node, scope, _ in module.nodes(ast.Call):
                for name in self.names(node.func, scope):
                    if name in self.definitions:
                        found.setdefault(self.definitions[name][1], []).append((node, scope))
        return found

    @cached_property
    def _by_scope(self) -> dict[Scope, Module]:
        return {module.scope: module for module in self.modules.values()}

    def module_of(self, scope: Scope) -> Module:
        """The module that a scope is in."""
        return self._by_scope[scope.module]

    def split(self, name: str) -> tuple[Module, list[str]] | None:
        """The module of the kernel that a dotted name leads to, and what remains of the name in it."""
        parts = [part for part in name.split(".") if part]
        for length in range(len(parts), -1, -1):
            module = self.modules.get(".".join(parts[:length]))
            if module is not None:
                return module, parts[length:]
        return None


def _dotted(module: str, name: str) -> str:
    return f".{module}.{name}" if module else f".{name}"


class _Search:
    """One question; no binding is followed twice for it, so that circles and fans end."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.followed: set[object] = set()
        self.depth = 0

    def expression(self, node: ast.expr, scope: Scope, rest: str) -> Iterator[str]:
        """The names of an expression, with the attributes `rest` of it, such as `.name`."""
        while isinstance(node, ast.Attribute):
            rest = f".{node.attr}{rest}"
            node = node.value
        if isinstance(node, ast.Name):
            yield from self.bound(node.id, scope, rest)
        elif isinstance(node, ast.IfExp):
            yield from self._each([node.body, node.orelse], scope, rest)
        elif isinstance(node, ast.BoolOp):
            yield from self._each(node.values, scope, rest)
        elif isinstance(node, ast.NamedExpr):
            yield from self._each([node.value], scope, rest)
        elif isinstance(node, ast.Call):
            yield from self._call(node, scope, rest)

    def _follow(self, step: object) -> bool:
        """Whether to take a step that leads on: a binding, or a star and where it stands."""
        if step in self.followed or len(self.followed) >= _MOST_STEPS or self.depth >= _DEEPEST:
            return False
        self.followed.add(step)
        return True

    def _each(self, nodes: Iterable[ast.expr], scope: Scope, rest: str) -> Iterator[str]:
        if self.depth < _DEEPEST:
            self.depth += 1
            for node in nodes:
                yield from self.expression(node, scope, rest)
            self.depth -= 1

    def _call(self, node: ast.Call, scope: Scope, rest: str) -> Iterator[str]:
        """What a call gives that imports, or gets an attribute."""
        arguments = node.args
        if not arguments or not isinstance(node.func, (ast.Name, ast.Attribute)):
            return
        functions = set(self._each([node.func], scope, ""))
        if "builtins.getattr" in functions and len(arguments) > 1 and (name := literal(arguments[1])):
            yield from self._each([arguments[0]], scope, f".{name}{rest}")
        elif functions & {*_IMPORTS} and (name := literal(arguments[0])) and not name.startswith("."):
            yield from self._canonical(name + rest)

    def bound(self, name: str, scope: Scope, rest: str) -> Iterator[str]:
        """The names of what a name stands for."""
        found = scope.find(name)
        if found is None:
            yield from self._unbound(name, scope.module, rest)
        for binding in found or ():
            if self._follow(binding):
                self.depth += 1
                yield from self._binding(binding, name, rest)
                self.depth -= 1

    def _binding(self, binding: Binding, name: str, rest: str) -> Iterator[str]:
        if binding.origin is not None:
            yield from self._canonical(binding.origin + rest)
        elif isinstance(binding.value, ast.expr) and binding.scope is not None:
            yield from self.expression(binding.value, binding.scope, rest)
        elif binding.value is not None and binding.scope is not None and binding.scope.parent is None:
            yield _dotted(self.package.module_of(binding.scope).name, name) + rest

    def _unbound(self, name: str, module: Scope, rest: str) -> Iterator[str]:
        """What a name stands for that nothing binds: something that a star imports, or else a builtin."""
        for star in module.stars:
            yield from self._canonical(f"{star.rstrip('.')}.{name}{rest}")
        if not module.stars:
            yield f"builtins.{name}{rest}"

    def _canonical(self, name: str) -> Iterator[str]:
        """Follow the kernel's own modules to where something comes from; take one of its names for what is not ours."""
        if not name.startswith("."):
            yield torch_facts().aliases.get(name, name)
            return
        found = self.package.split(name)
        if found is None or not found[1] or found[0].name == OPS:
            yield name
            return
        module, (first, *others) = found
        if first in module.scope.names:
            yield from self.bound(first, module.scope, "".join(f".{other}" for other in others))
        elif not module.scope.stars:
            yield name
        for star in module.scope.stars if first not in module.scope.names else ():
            if self._follow((module, star)):
                self.depth += 1
                yield from self._canonical(".".join([star.rstrip("."), first, *others]))
                self.depth -= 1

    def bindings(self, name: str, scope: Scope) -> Iterator[Binding]:
        """The bindings that a name leads to."""
        for binding in scope.find(name) or ():
            if not self._follow(binding):
                continue
            origin = binding.origin
            found = self.package.split(origin) if origin is not None and origin.startswith(".") else None
            if found is not None and len(found[1]) == 1 and found[1][0] in found[0].scope.names:
                yield from self.bindings(found[1][0], found[0].scope)
            else:
                yield binding
