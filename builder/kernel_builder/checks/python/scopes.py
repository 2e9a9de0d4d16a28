"""The scopes of a Python module, and what is bound to the names in them."""

import ast
from dataclasses import dataclass, field

__all__ = ["Binding", "Scope"]

#: A name that is bound more often than this in one scope stands for nothing in particular.
_MOST_BINDINGS = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Binding:
    """Something that gives a name a meaning; where there is neither an origin nor a value, nothing is known.

    Attributes:
        line: where.
        origin: the dotted name of what an import binds; that of the kernel's own modules begins with a dot.
        value: the expression that is assigned, or the function or class that is defined.
        scope: where the value is evaluated; of a parameter, the scope of its function.
        is_parameter: whether it is a parameter of a function.
    """

    line: int
    origin: str | None = None
    value: ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None = None
    scope: "Scope | None" = None
    is_parameter: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function or comprehension.

    Attributes:
        node: what makes the scope.
        parent: the scope around it.
        names: what each name is bound to, in the order of the source.
        outer: names that a function declares `global` or `nonlocal`, and the scope that they are in.
        stars: the modules of which everything is imported.
    """

    node: ast.AST
    parent: "Scope | None"
    names: dict[str, list[Binding]] = field(default_factory=dict)
    outer: "dict[str, Scope]" = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    @property
    def module(self) -> "Scope":
        """The scope of the whole module."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def is_function(self) -> bool:
        """Whether it is a function or a lambda."""
        return isinstance(self.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))

    def bind(self, name: str, binding: Binding) -> None:
        """Give a name in this scope a meaning, beside those that it has."""
        self.outer.get(name, self).names.setdefault(name, []).append(binding)

    def find(self, name: str) -> list[Binding] | None:
        """What a name can stand for in this scope; `None` when nothing of the module binds it."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.outer.get(name, scope).names.get(name)
            # The body of a class is no scope for the functions in it.
            if found is not None and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return found if len(found) <= _MOST_BINDINGS else []
            scope = scope.parent
        return None
