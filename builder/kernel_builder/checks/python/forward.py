"""Whether the `forward` of a layer is an ordinary method that changes no state."""

import ast
from collections.abc import Iterator

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.scopes import Scope

__all__ = ["check_forward"]

_KINDS = {
    "builtins.staticmethod": "a static method",
    "builtins.classmethod": "a class method",
    "builtins.property": "a property",
    "functools.cached_property": "a property",
}
_REGISTERS = frozenset({"register_buffer", "register_parameter", "register_module", "add_module", "__setattr__"})
_SETTERS = frozenset({"builtins.setattr", "builtins.delattr", "builtins.object.__setattr__"})
_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_PURE = "Keep nothing from one call to the next: give the result, and leave the layer as it was."

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_forward(package: Package, module: Module, layer: ast.ClassDef, node: _Function) -> Iterator[Finding]:
    """Find what keeps `forward` from standing in for that of another layer.

    Args:
        package: the modules of the kernel.
        module: the one that the layer is in.
        layer: the layer.
        node: its `forward`.
    """
    where = f"{layer.name}.forward"
    scope = module.scopes[layer]
    kinds = [_KINDS[name] for one in node.decorator_list for name in package.names(one, scope) if name in _KINDS]
    if isinstance(node, ast.AsyncFunctionDef):
        kinds.append("a coroutine")
    positional = [*node.args.posonlyargs, *node.args.args]
    if kinds:
        yield _finding("layer-forward", f"{where} is {kinds[0]}", module, node, "Make it an ordinary method.")
    elif not positional and node.args.vararg is None:
        yield _finding("layer-forward", f"{where} does not take `self`", module, node, "Make it an ordinary method.")
    elif positional and positional[0].arg != "self":
        message = f"the first parameter of {where} is `{positional[0].arg}`, where the layer itself is passed"
        yield _finding("layer-forward", message, module, node, "Make it `self`.", "warning")
    for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]:
        if isinstance(default, _MUTABLE):
            message = f"{where} has a default that one call can change for the next"
            yield _finding("layer-state", message, module, default, "Make it `None`, or a tuple.")
    if positional:
        yield from _writes(package, module, layer, node, positional[0].arg)


def _writes(package: Package, module: Module, layer: ast.ClassDef, node: _Function, self: str) -> Iterator[Finding]:
    """Where `forward` writes to the layer, its class, or the module around it."""
    for one, scope, _ in module.seen:
        if not _is_within(scope, node):
            continue
        what = None
        if isinstance(one, (ast.Attribute, ast.Subscript)) and not isinstance(one.ctx, ast.Load):
            what = _target(one, self, layer)
        elif isinstance(one, ast.Call):
            what = _call(package, one, scope, self)
        elif isinstance(one, ast.Global):
            what = f"the module's {', '.join(f'`{name}`' for name in one.names)}"
        if what is not None and isinstance(one, (ast.expr, ast.stmt)):
            yield _finding("layer-state", f"{layer.name}.forward writes to {what}", module, one, _PURE)


def _is_within(scope: Scope, node: ast.AST) -> bool:
    inner: Scope | None = scope
    while inner is not None:
        if inner.node is node:
            return True
        inner = inner.parent
    return False


def _is_layer(node: ast.AST, self: str, layer: ast.ClassDef) -> bool:
    """Whether an expression is the layer, or its class: `self`, `type(self)`, `self.__class__`, `Layer`."""
    if isinstance(node, ast.Attribute) and node.attr == "__class__":
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type" and node.args:
        node = node.args[0]
    return isinstance(node, ast.Name) and node.id in (self, layer.name)


def _target(node: ast.Attribute | ast.Subscript, self: str, layer: ast.ClassDef) -> str | None:
    """What of the layer is written to: `self.x`, or `self.__dict__["x"]`."""
    written = node.value if isinstance(node, ast.Subscript) else node
    if not isinstance(written, ast.Attribute) or not _is_layer(written.value, self, layer):
        return None
    is_state = written is node or written.attr == "__dict__"
    return f"`{ast.unparse(written)}`" if is_state else None


def _call(package: Package, node: ast.Call, scope: Scope, self: str) -> str | None:
    function, first = node.func, node.args[0] if node.args else None
    owner = function.value if isinstance(function, ast.Attribute) and function.attr in _REGISTERS else None
    if package.names(function, scope) & _SETTERS:
        owner = first
    return "the layer" if isinstance(owner, ast.Name) and owner.id == self else None


def _finding(
    code: str, message: str, module: Module, node: ast.expr | ast.stmt, remedy: str, severity: str = "error"
) -> Finding:
    return module.find("layers", code, message, node, remedy, severity)
