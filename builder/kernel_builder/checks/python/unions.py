"""Unions of types by `|` that are evaluated when the code runs: Python has them since 3.10 (PEP 604)."""

import ast
import builtins
from collections.abc import Iterator

from kernel_builder.checks.python.guards import Guard
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.scopes import Scope

__all__ = ["newer_unions"]

#: What types of Torch are called; `|` of two of them can only be meant as a union.
_TORCH_TYPES = frozenset({
    "torch.Tensor", "torch.device", "torch.dtype", "torch.Size", "torch.Generator", "torch.nn.Module",
    "torch.nn.Parameter",
})  # fmt: skip
#: Functions whose operators Torch reads the annotations of, also when they are texts.
_READ = frozenset({"torch.library.custom_op", "torch.library.triton_op"})
#: The first Python with such unions (PEP 604).
_SINCE = (3, 10)
_TYPES = frozenset(name for name in dir(builtins) if isinstance(getattr(builtins, name), type))


def newer_unions(package: Package, module: Module) -> Iterator[int]:
    """The lines of unions that are evaluated on the oldest Python."""
    inner: set[ast.AST] = set()
    read = _annotations_read_by_torch(package, module)
    annotated = _annotations(module)
    for node, scope, guard in module.seen:
        if isinstance(node, ast.Subscript) and node in annotated:
            is_opaque = _is_opaque(package, node, scope)
            (inner if is_opaque else annotated).update(ast.walk(node.slice))
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitOr) or node in inner:
            continue
        inner.update(_operands(node))
        is_run = _runs(guard) or (node in read and any(version < _SINCE for version in guard.versions))
        if is_run and (node in annotated or _is_union(package, node, scope)):
            yield node.lineno


def _runs(guard: Guard) -> bool:
    return any(version < _SINCE for version in guard.versions) and not guard.is_typing and not guard.is_optional


def _annotations(module: Module) -> set[ast.AST]:
    """The expressions that stand as annotations, without those in their brackets."""
    found: set[ast.AST] = set()
    for node, _, _ in module.seen:
        if isinstance(node, ast.AnnAssign):
            found.add(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.update(_of_function(node))
    return found


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    found = [one.annotation for one in every if one is not None]
    return [one for one in (*found, node.returns) if one is not None]


def _annotations_read_by_torch(package: Package, module: Module) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for node, scope, _ in module.seen:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and package.names(decorator.func, scope) & _READ:
                found.update(part for one in _of_function(node) for part in ast.walk(one))
    return found


def _is_opaque(package: Package, node: ast.Subscript, scope: Scope) -> bool:
    """Whether what stands in the brackets is no type: `Annotated[int, A | B]`, `Literal[...]`."""
    names = package.names(node.value, scope)
    return not names or any(name.rpartition(".")[2] in ("Annotated", "Literal") for name in names)


def _operands(node: ast.BinOp) -> list[ast.expr]:
    """The nodes of `a | b | c`, from the left; the first of them is the whole."""
    found: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.BitOr):
        found += [left, left.right]
        left = left.left
    return [*found, left]


def _is_union(package: Package, node: ast.BinOp, scope: Scope) -> bool:
    """Whether all that `|` stands between is plainly a type."""
    operands = [one for one in _operands(node) if not (isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr))]
    return all(_is_type(package, one, scope) for one in operands)


def _is_type(package: Package, node: ast.expr, scope: Scope) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    if isinstance(node, ast.Subscript):
        return _is_type(package, node.value, scope)
    names = package.names(node, scope) if isinstance(node, (ast.Name, ast.Attribute)) else frozenset()
    return bool(names) and all(_is_known_type(name) for name in names)


def _is_known_type(name: str) -> bool:
    if name in _TORCH_TYPES:
        return True
    module, _, last = name.rpartition(".")
    return (module == "builtins" and last in _TYPES) or (module in ("typing", "typing_extensions") and last != "")
