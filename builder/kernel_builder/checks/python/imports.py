"""What a kernel imports: its own modules, relatively; the standard library, Torch, and what it declares."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kernel_builder.checks.entries import entries, is_library
from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.facts import python_facts, torch_facts
from kernel_builder.checks.python.guards import Guard
from kernel_builder.checks.python.modules import Module, imported_module
from kernel_builder.checks.python.package import Package, literal
from kernel_builder.checks.python.scopes import Scope
from kernels.dependencies import allowed_dependencies, curated_dependencies
from kernels.metadata import Metadata

__all__ = ["check_imports"]

_CALLS = ("importlib.import_module", "builtins.__import__")
#: What makes the names of a module impossible to tell.
_DYNAMIC = ("builtins.globals", "builtins.exec", "builtins.vars", "builtins.setattr")


def check_imports(package: Package, tree: Path, metadata: Metadata | None, module: str) -> Iterator[Finding]:
    """Find imports of what a kernel may not import, or does not have.

    Args:
        package: its modules.
        tree: the folder of the build.
        metadata: what it declares; without it, all known dependencies are taken as declared.
        module: the name of its package.
    """
    rules = _Rules(package, tree, metadata, module)
    for one in package.modules.values():
        for node, scope, guard in one.nodes((ast.Import, ast.ImportFrom, ast.Call)):
            if not guard.is_typing and guard.versions:
                yield from _check(rules, one, node, scope, guard)


@dataclass(frozen=True)
class _Rules:
    package: Package
    tree: Path
    metadata: Metadata | None
    module: str

    @cached_property
    def declared(self) -> frozenset[str]:
        """The modules of the packages that the kernel declares."""
        if self.metadata is None:
            every = [one for group in curated_dependencies().values() for one in group.values()]
        else:
            allowed = allowed_dependencies(self.metadata.backend.type)
            every = [allowed[name] for name in self.metadata.python_depends if name in allowed]
        return frozenset(one.module for one in every if one.module is not None)

    @cached_property
    def framework(self) -> frozenset[str]:
        """The modules that count as Torch on the backend of the build, and tvm-ffi where the build is made with it."""
        by_backend = torch_facts().modules
        backends = by_backend if self.metadata is None else ("any", self.metadata.backend.type)
        found = {module for backend in backends for module in by_backend.get(backend, ())}
        native = self.package.modules.get("_ops")
        if native is not None and "tvm_ffi" in native.scope.names:
            found.add("tvm_ffi")
        return frozenset(found)

    @cached_property
    def loader(self) -> frozenset[str]:
        """The loader, for a kernel that gets others from it."""
        needs = self.metadata is None or self.metadata.kernel_depends
        return frozenset({"kernels"} if needs else ())

    @cached_property
    def paths(self) -> frozenset[str]:
        """The dotted names of all folders and modules of the build, native ones included."""
        found = set()
        for entry in entries(self.tree):
            *folders, last = entry.name.split("/")
            if last.endswith(".py") or is_library(last) or entry.kind in ("folder", "link"):
                found.add(".".join([*folders, last.partition(".")[0]]))
        return frozenset(found)


def _check(rules: _Rules, module: Module, node: ast.AST, scope: Scope, guard: Guard) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _absolute(rules, module, node, alias.name, _instead_of_import(module, alias), guard)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield from _absolute(rules, module, node, node.module or "", _instead_of_from(module, node), guard)
    elif isinstance(node, ast.ImportFrom):
        yield from _relative(rules, module, node, guard)
    elif isinstance(node, ast.Call) and (called := _imported_by(rules.package, node, scope)) is not None:
        yield from _absolute(rules, module, node, called, "an `import` of the form `from . import …`", guard)


def _imported_by(package: Package, node: ast.Call, scope: Scope) -> str | None:
    """The module that a call imports, when it is an absolute name."""
    name = literal(node.args[0]) if node.args else None
    if name is None or name.startswith(".") or not isinstance(node.func, (ast.Name, ast.Attribute)):
        return None
    return name if package.names(node.func, scope) & {*_CALLS} else None


def _absolute(
    rules: _Rules, module: Module, node: ast.AST, name: str, relative: str, guard: Guard
) -> Iterator[Finding]:
    top = name.partition(".")[0]
    if top == rules.module:
        message = f"imports `{name}`, the kernel itself, by its name: the loader gives each version another one"
        yield _finding("absolute-self-import", message, module, node, f"Write {relative}.")
    elif top in python_facts().modules or top in rules.framework or top in rules.declared or top in rules.loader:
        return
    elif top in rules.paths:
        message = f"imports its own `{top}` as if it were a package of its own: no folder of a kernel is on `sys.path`"
        yield _finding("absolute-self-import", message, module, node, f"Write {relative}.")
    else:
        yield _undeclared(rules, module, node, top, guard)


def _undeclared(rules: _Rules, module: Module, node: ast.AST, top: str, guard: Guard) -> Finding:
    remedy = _how_to_declare(rules, top)
    if top in torch_facts().required:
        message = f"imports `{top}`, which comes with Torch now, but is not Torch"
        return _finding("required-by-torch", message, module, node, "Do without it.", "warning")
    if guard.is_optional:
        message = f"imports `{top}` where it is there; who loads the kernel may have another version of it, or none"
        return _finding("optional-import", message, module, node, remedy, "warning")
    message = f"imports `{top}`, which is neither in the standard library, nor Torch, nor declared"
    return _finding("undeclared-import", message, module, node, remedy)


def _how_to_declare(rules: _Rules, top: str) -> str:
    if top == "kernels":
        return "List the kernels that it needs as `kernel-depends` in build.toml."
    backend = rules.metadata.backend.type if rules.metadata is not None else None
    for group, dependencies in curated_dependencies().items():
        for name, dependency in dependencies.items():
            if dependency.module == top and group in ("general", backend):
                return f'Add "{name}" to `python-depends` in build.toml.'
    return "Do without it: a kernel can only declare packages of the list of known dependencies."


def _instead_of_import(module: Module, alias: ast.alias) -> str:
    dots, rest = _dots(module), alias.name.split(".")[1:]
    if not rest:
        return f"`from {dots} import …` with what is needed of it"
    *folders, last = rest
    called = f" as {alias.asname}" if alias.asname and alias.asname != last else ""
    return f"`from {dots}{'.'.join(folders)} import {last}{called}`"


def _instead_of_from(module: Module, node: ast.ImportFrom) -> str:
    names = ", ".join(f"{one.name} as {one.asname}" if one.asname else one.name for one in node.names)
    return f"`from {_dots(module)}{'.'.join((node.module or '').split('.')[1:])} import {names}`"


def _dots(module: Module) -> str:
    """What a relative import in a module begins with that is to start at the kernel's package."""
    return "." * (module.source.file.count("/") + 1)


def _relative(rules: _Rules, module: Module, node: ast.ImportFrom, guard: Guard) -> Iterator[Finding]:
    target = imported_module(module.source, node)
    written = "." * node.level + (node.module or "")
    if target is None:
        message = f"imports from `{written}`, which is outside the kernel's package"
        remedy = f"Begin with at most {len(_dots(module))} dots; import only what the build holds."
        yield _finding("import-outside", message, module, node, remedy)
        return
    name = target.removeprefix(".")
    if name and name not in rules.paths:
        yield _missing(module, node, written, guard)
        return
    for alias in node.names:
        if alias.name != "*" and not _has(rules, name, alias.name):
            yield _missing(
                module, node, f"{written.rstrip('.') or written}{'.' if node.module else ''}{alias.name}", guard
            )


def _missing(module: Module, node: ast.AST, what: str, guard: Guard) -> Finding:
    severity = "warning" if guard.is_optional else "error"
    remedy = "Correct the name, or add the file to the kernel's package."
    return _finding(
        "missing-module", f"imports `{what}`, which the build does not hold", module, node, remedy, severity
    )


def _has(rules: _Rules, package: str, name: str) -> bool:
    """Whether a package of the kernel has something under a name; taken for granted of modules that are no packages."""
    if ".".join(part for part in (package, name) if part) in rules.paths:
        return True
    module = rules.package.modules.get(package)
    if module is None:
        return package not in _folders_without_init(rules)
    if not module.source.is_package or module.scope.stars or "__getattr__" in module.scope.names:
        return True
    itself = f".{package}.{name}" if package else f".{name}"
    if any(binding.origin != itself for binding in module.scope.names.get(name, [])):
        return True
    return name.startswith("__") or _is_dynamic(rules.package, module)


def _folders_without_init(rules: _Rules) -> frozenset[str]:
    """Folders with Python files and no `__init__.py`, which have no names but those of their modules."""
    known = {source.module for source in rules.package.sources}
    folders = {source.module.rpartition(".")[0] for source in rules.package.sources}
    return frozenset(folders - known)


def _is_dynamic(package: Package, module: Module) -> bool:
    """Whether a module makes names in ways that cannot be read from it."""
    return any(
        isinstance(node.func, ast.Name) and package.names(node.func, scope) & {*_DYNAMIC}
        for node, scope, _ in module.nodes(ast.Call)
    )


def _finding(code: str, message: str, module: Module, node: ast.AST, remedy: str, severity: str = "error") -> Finding:
    return module.find("python", code, message, node, remedy, severity)
