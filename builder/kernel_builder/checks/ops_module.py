"""Which namespace of `torch.ops` the `_ops.py` of a build names."""

import ast
from pathlib import Path

__all__ = ["named_namespaces"]

#: What `torch.ops` has beside namespaces.
_NO_NAMESPACES = ("import_module", "load_library", "loaded_libraries")


def named_namespaces(path: Path) -> tuple[set[str], set[str]]:
    """Read an `_ops.py`, without running it.

    Returns:
        The namespaces that it takes from `torch.ops`, as an attribute or with `getattr`; and every name that it says
        at all: these, the modules that it imports from its own package, and what its texts say before `::`, if they
        have that, or else as a whole.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: when it is no Python.
        OSError: when it cannot be read.
    """
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    imported = {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is None
        for alias in node.names
    }
    taken = {name for node in nodes if (name := _taken(node)) is not None}
    return taken, taken | imported | {text.partition("::")[0] for text in texts}


def _taken(node: ast.AST) -> str | None:
    """The namespace that an expression takes from `torch.ops`."""
    if isinstance(node, ast.Attribute) and _is_torch_ops(node.value):
        return None if node.attr in _NO_NAMESPACES else node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr" and node.args[1:]:
        parent, name = node.args[:2]
        if _is_torch_ops(parent) and isinstance(name, ast.Constant) and isinstance(name.value, str):
            return name.value
    return None


def _is_torch_ops(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "ops"
        and isinstance(node.value, ast.Name)
        and node.value.id == "torch"
    )
