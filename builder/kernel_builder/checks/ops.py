"""Whether Python code registers its operators in the namespace of the build.

Two versions of a kernel can be loaded in one process only if each keeps to its own namespace of `torch.ops`. The check
sees direct uses of `torch.library`'s decorators, also on nested functions and methods; a name that is built in other
ways is not seen. The decorators that an operator itself has, as in `@my_op.register_kernel("cuda")`, name no operator.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["check_ops"]

_DECORATORS = (
    "custom_op",
    "register_fake",
    "register_kernel",
    "register_torch_dispatch",
    "register_vmap",
    "triton_op",
)
_PREFIX = "add_op_namespace_prefix"


def check_ops(tree: Path) -> list[str]:
    """Find decorators that name an operator without `add_op_namespace_prefix`, and files that are not Python."""
    problems: list[str] = []
    for path in sorted(path for path in tree.rglob("*.py") if path.is_file()):
        name = path.relative_to(tree).as_posix()
        try:
            module = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            problems.append(f"{name} is not valid Python: {error}")
            continue
        operators = _operators(module)
        problems += [
            f"{name}:{call.lineno}: @{_called(call)} names its operator without {_PREFIX}(...)"
            for call in _decorator_calls(module)
            if _called(call) in _DECORATORS and call.args and not _is_prefixed(call.args[0])
            if _owner(call) not in operators
        ]
    return problems


def _operators(module: ast.Module) -> set[str]:
    """The functions of a module that are custom operators."""
    return {
        node.name
        for node in ast.walk(module)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and _called(decorator) in ("custom_op", "triton_op")
    }


def _decorator_calls(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from (decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call))


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _owner(call: ast.Call) -> str | None:
    """The plain name that a decorator is an attribute of."""
    function = call.func
    return function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else None


def _is_prefixed(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Call) and _called(argument) == _PREFIX
