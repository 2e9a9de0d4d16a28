"""Names of the standard library that Python 3.9 does not have yet, and those that a later Python no longer has."""

import ast
from collections.abc import Iterator

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.facts import Version, python_facts
from kernel_builder.checks.python.guards import Guard
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.scopes import Scope

__all__ = ["check_stdlib"]

#: No name of the standard library has more parts.
_MOST_PARTS = 6
_GUARD = "Do without it, or use it only where `sys.version_info` or `try` says that it is there."


def check_stdlib(package: Package, module: Module) -> Iterator[Finding]:
    """Find what the oldest or the newest Python lacks, where nothing in the module sees to it."""
    for node, scope, guard in module.seen:
        if guard.is_typing or guard.is_optional or guard.is_fallback:
            continue
        for name in dict.fromkeys(_names(package, node, scope)):
            yield from _finding(module, node, name, guard)
        if isinstance(node, ast.Call):
            yield from _keywords(package, module, (node, scope, guard))


def _names(package: Package, node: ast.AST, scope: Scope) -> Iterator[str]:
    """The dotted names that a node uses, where it uses one thing alone."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _prefixes(alias.name)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield from _prefixes(node.module)
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _parts(node) <= _MOST_PARTS:
        names = package.names(node, scope)
        # Part of what is imported is another thing than the module that the import is in.
        yield from names if len(names) == 1 else ()
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and scope.find(node.id) is None:
        yield from () if scope.module.stars else (node.id,)


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _parts(node: ast.expr) -> int:
    count = 1
    while isinstance(node, ast.Attribute) and count <= _MOST_PARTS:
        node, count = node.value, count + 1
    return count


def _finding(module: Module, node: ast.AST, name: str, guard: Guard) -> Iterator[Finding]:
    facts = python_facts()
    around = name.rpartition(".")[0]
    if around in facts.added or around in facts.removed:
        return  # that is said of the module or class that it is in
    since, until = facts.added.get(name), facts.removed.get(name)
    kind = "module" if name in facts.modules else "name"
    if since is not None and any(version < since for version in guard.versions):
        message = f"`{name}` is there since Python {_show(since)}, and kernels are for 3.9 and later"
        yield _make(f"newer-{kind}", message, module, node, _GUARD)
    if until is not None and any(version >= until for version in guard.versions):
        message = f"`{name}` is no longer there in Python {_show(until)}, and kernels are for 3.9 and later"
        yield _make(f"removed-{kind}", message, module, node, "Use what has taken its place.")


def _keywords(package: Package, module: Module, seen: tuple[ast.Call, Scope, Guard]) -> Iterator[Finding]:
    node, scope, guard = seen
    table = python_facts().keywords
    used = [keyword.arg for keyword in node.keywords if keyword.arg is not None]
    if not used or not isinstance(node.func, (ast.Name, ast.Attribute)):
        return
    names = package.names(node.func, scope)
    if len(names) != 1:
        return
    (name,) = names
    name = name.removeprefix("builtins.")
    for keyword in used:
        since = table.get(name, {}).get(keyword)
        if since is not None and any(version < since for version in guard.versions):
            message = f"`{name}` takes `{keyword}=` since Python {_show(since)}, and kernels are for 3.9 and later"
            yield _make("newer-keyword", message, module, node, _GUARD)


def _show(version: Version) -> str:
    return "{}.{}".format(*version)


def _make(code: str, message: str, module: Module, node: ast.AST, remedy: str) -> Finding:
    return module.find("python", code, message, node, remedy)
