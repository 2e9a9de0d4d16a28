"""Whether the layers of a kernel are pure: subclasses of `torch.nn.Module` with a `forward` and without state.

Layers are the public classes of the module `layers`, wherever in the kernel they are defined, and the kernel's classes
that these inherit from.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.facts import torch_facts
from kernel_builder.checks.python.forward import check_forward
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.scopes import Binding

__all__ = ["check_layers"]

_MODULE = "torch.nn.Module"
_VARIABLES = frozenset({"has_backward", "can_torch_compile"})
#: What says something of a class and is no state.
_USUAL = frozenset({"__doc__", "__module__", "__qualname__"})
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__init_subclass__", "__post_init__"})
#: Decorators that write a constructor into a class.
_GENERATORS = frozenset(
    {"dataclasses.dataclass", "attr.s", "attr.attrs", "attr.dataclass", "attrs.define", "attrs.frozen"}
)
#: What transformers puts into a model in the place of its own class, so that the layer of that name finds its members.
_LAYOUT = "Layout"
_PURE = "Take what `forward` needs from its arguments, or from the members of the layer that it replaces."


@dataclass(frozen=True, eq=False)
class _Class:
    """A class of the kernel, with the dotted names of what it inherits from."""

    name: str
    module: Module
    node: ast.ClassDef
    bases: frozenset[str]


def check_layers(package: Package) -> Iterator[Finding]:
    """Find what makes a layer unfit to stand in for a layer of a model, and layers that nobody can reach."""
    classes = _classes(package)
    layers = _layers(package, classes)
    if not layers:
        return
    for name in _with_bases(layers, classes):
        yield from _check_class(package, classes, classes[name])
    inherited = {base for one in classes.values() for base in one.bases}
    for name in layers:
        if (
            name not in inherited
            and not _methods(classes, name, "forward")
            and not _torch_bases(classes, name) - {_MODULE}
        ):
            message = f"{classes[name].node.name} has no `forward`"
            yield _finding("layer-forward", message, classes[name].module, classes[name].node, "Give it one.")
    yield from _check_export(package)


def _classes(package: Package) -> dict[str, _Class]:
    found = {}
    for name, (module, node) in package.definitions.items():
        if isinstance(node, ast.ClassDef):
            bases = frozenset(base for one in node.bases for base in package.names(one, module.scope))
            found[name] = _Class(name, module, node, bases)
    return found


def _layers(package: Package, classes: dict[str, _Class]) -> list[str]:
    """The layers, by dotted name: what the module `layers`, or one in that package, has under public names."""
    found: set[str] = set()
    for module in _layer_modules(package):
        for name in module.scope.names:
            if not name.startswith("_"):
                found |= package.exports(module, name)
        for star in module.scope.stars:
            starred = package.split(star) if star.startswith(".") else None
            if starred is not None and not starred[1]:
                public = [name for name in starred[0].scope.names if not name.startswith("_")]
                found |= {one for name in public for one in package.exports(starred[0], name)}
    layers = {name for name in found & classes.keys() if _torch_bases(classes, name)}
    return sorted(name for name in layers if not (name.endswith(_LAYOUT) and name.removesuffix(_LAYOUT) in layers))


def _layer_modules(package: Package) -> list[Module]:
    """`layers` and, if that is a package, what is in it; or what the kernel has under that name."""
    root = package.modules.get("")
    names = {"layers"}
    if root is not None and "layers" in root.scope.names:
        names |= {name.removeprefix(".") for name in package.exports(root, "layers") if name.startswith(".")}
    return [
        module
        for module in package.modules.values()
        if module.name in names or any(module.name.startswith(f"{name}.") for name in names if name)
    ]


def _torch_bases(classes: dict[str, _Class], name: str) -> set[str]:
    """The classes of Torch that a class is made of and that are modules."""
    found: set[str] = set()
    for one in _with_bases([name], classes):
        for base in classes[one].bases:
            if base == _MODULE or (base.startswith("torch.nn.") and base not in classes):
                found.add(base)
    return found


def _with_bases(names: list[str], classes: dict[str, _Class]) -> list[str]:
    """Classes, and those of the kernel that they inherit from."""
    found: dict[str, None] = {}
    pending = list(names)
    while pending:
        name = pending.pop(0)
        if name in classes and name not in found:
            found[name] = None
            pending += sorted(classes[name].bases)
    return list(found)


def _methods(classes: dict[str, _Class], name: str, method: str) -> list[Binding]:
    found = []
    for one in _with_bases([name], classes):
        scope = classes[one].module.scopes.get(classes[one].node)
        found += scope.names.get(method, []) if scope is not None else []
    return found


def _check_class(package: Package, classes: dict[str, _Class], one: _Class) -> Iterator[Finding]:
    module, node = one.module, one.node
    allowed = {_MODULE, *torch_facts().modules_without_state}
    for base in sorted(one.bases - classes.keys() - allowed):
        if base.startswith("torch.nn."):
            message = f"{node.name} is a subclass of {base}, which has a constructor"
            yield _finding("layer-base", message, module, node, "Make it a subclass of torch.nn.Module alone.")
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if package.names(function, module.scope) & _GENERATORS:
            message = f"{node.name} gets a constructor from its decorator"
            yield _finding("layer-constructor", message, module, decorator, _PURE)
    scope = module.scopes.get(node)
    for name, bindings in scope.names.items() if scope is not None else ():
        for binding in bindings:
            yield from _check_member(module, node, name, binding)
            if name == "forward" and isinstance(binding.value, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from check_forward(package, module, node, binding.value)


def _check_member(module: Module, node: ast.ClassDef, name: str, binding: Binding) -> Iterator[Finding]:
    where, value = f"{node.name}.{name}", binding.value
    is_method = isinstance(value, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    if name in _CONSTRUCTORS:
        message = f"{where} is a constructor; a layer has none, as only its `forward` is used"
        yield _at("layer-constructor", message, module, binding.line, _PURE)
    elif name == "forward" or name in _USUAL or (name in _VARIABLES and not is_method):
        return
    elif is_method:
        message = f"{where} is a method; a layer has no other than `forward`"
        yield _at("layer-method", message, module, binding.line, "Make it a function of the module.")
    elif isinstance(value, ast.ClassDef):
        message = f"{where} is a class; a layer has nothing but its `forward`"
        yield _at("layer-member", message, module, binding.line, "Move it out of the layer.")
    else:
        message = f"{where} is a class variable; a layer has only {' and '.join(sorted(_VARIABLES))}"
        yield _at("layer-variable", message, module, binding.line, f"Make it a constant of the module. {_PURE}")


def _check_export(package: Package) -> Iterator[Finding]:
    """Whether the kernel's package has its layers, and names them among what it is for."""
    root = package.modules.get("")
    if root is None:
        return
    remedy = 'Write `from . import layers` in it, and "layers" in `__all__`.'
    imports = [
        node
        for node, _, _ in root.nodes(ast.ImportFrom)
        if node.level == 1 and (node.module or "").split(".")[0] == "layers"
    ]
    if "layers" not in root.scope.names and not imports:
        message = "does not import the kernel's `layers`, so that nobody can use them"
        yield _at("layers-not-imported", message, root, 1, remedy)
        return
    line, names = _all(root)
    if names is not None and "layers" not in names:
        message = "imports `layers`, but `__all__` does not have it"
        yield _at("layers-not-in-all", message, root, line, 'Add "layers" to it.', "warning")


def _all(module: Module) -> tuple[int, set[str] | None]:
    """The line of `__all__`, and the names in it; `None` where there is none, or not all of it is plain text."""
    line, names = 1, None
    for statement in module.tree.body:
        target = _target(statement)
        if target != "__all__":
            continue
        value: ast.expr | None = getattr(statement, "value", None)
        arguments = value.args if isinstance(value, ast.Call) else [value] if value is not None else []
        found: list[ast.expr] = []
        for one in arguments:
            found += one.elts if isinstance(one, (ast.List, ast.Tuple, ast.Set)) else [one]
        line = statement.lineno if names is None else line
        names = names or set()
        names |= {one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        if not all(isinstance(one, ast.Constant) for one in found):
            return line, None
    return line, names


def _target(statement: ast.stmt) -> str | None:
    """The name that a statement assigns, adds to, or calls a method of."""
    node: ast.AST | None = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        node = statement.targets[0]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        node = statement.target
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        node = getattr(statement.value.func, "value", None)
    return node.id if isinstance(node, ast.Name) else None


def _finding(code: str, message: str, module: Module, node: ast.expr | ast.stmt, remedy: str) -> Finding:
    return _at(code, message, module, node.lineno, remedy)


def _at(code: str, message: str, module: Module, line: int, remedy: str, severity: str = "error") -> Finding:
    return module.find("layers", code, message, line, remedy, severity)
