"""Whether Python code registers its operators in the kernel's own namespace of `torch.ops`.

Two versions of a kernel can be loaded in one process only if each keeps to its namespace, which the generated `_ops.py`
gives: `add_op_namespace_prefix("x")` for an operator, and `ops.name` for `torch.library.Library`. The names in the code
are followed through imports, assignments, functions and f-strings, in all modules of the kernel. What `_ops.py` itself
does is not looked at.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.facts import torch_facts
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.namespaces import OURS, UNKNOWN, Named, namespaces, registration
from kernel_builder.checks.python.package import OPS, Package
from kernel_builder.checks.python.scopes import Scope

__all__ = ["check_ops"]

#: What `torch.ops` has beside namespaces.
_NO_NAMESPACES = frozenset({"import_module", "load_library", "loaded_libraries"})
#: What a library registers with; the name may have a namespace of its own.
_METHODS = frozenset({"define", "impl", "_register_fake", "_impl_with_aoti_compile"})
_PREFIX = 'Name it `add_op_namespace_prefix("…")`, from `._ops`.'
_LIBRARY = "Give it the namespace `ops.name`, with `ops` from `._ops`."


def check_ops(package: Package, ops_id: str | None) -> Iterator[Finding]:
    """Find registrations outside of the kernel's namespace, and uses of other kernels' operators.

    Args:
        package: the modules of the kernel.
        ops_id: the kernel's namespace; without it, only the names of `_ops.py` are taken to be in it.
    """
    for module in package.modules.values():
        if module.name == OPS:
            continue
        for node, scope, _ in module.nodes(ast.Call):
            yield from _check_call(package, module, node, scope, ops_id)
        yield from _uses(package, module, ops_id)


def _check_call(
    package: Package, module: Module, node: ast.Call, scope: Scope, ops_id: str | None
) -> Iterator[Finding]:
    function, arguments = node.func, node.args
    if arguments and package.names(function, scope) & {"functools.partial"}:
        function, arguments = arguments[0], arguments[1:]
    found = registration(package, function, scope)
    if found is not None:
        name, (position, keyword) = found
        argument = _argument(node, arguments, position, keyword)
        if argument is not None:
            is_library = keyword == "ns" or name == "torch._C._dispatch_library"
            yield from _judge(package, module, argument, scope, (name, ops_id, is_library))
    elif isinstance(function, ast.Attribute) and arguments and _is_method(package, function, scope):
        yield from _judge_method(package, module, node, scope, ops_id)


def _argument(node: ast.Call, arguments: list[ast.expr], position: int, keyword: str) -> ast.expr | None:
    if any(isinstance(one, ast.Starred) for one in arguments[: position + 1]):
        return arguments[0]
    if len(arguments) > position:
        return arguments[position]
    return next((one.value for one in node.keywords if one.arg == keyword), None)


def _judge(
    package: Package, module: Module, argument: ast.expr, scope: Scope, about: tuple[str, str | None, bool]
) -> Iterator[Finding]:
    name, ops_id, is_library = about
    found = namespaces(package, argument, scope, is_name=not is_library)
    remedy = _LIBRARY if is_library else _PREFIX
    wrong = [named for named in found if named.namespace not in (OURS, UNKNOWN, ops_id)]
    for named in wrong:
        yield _wrong(module, argument, name, named, remedy)
    if not wrong and any(named.namespace == UNKNOWN for named in found):
        message = f"whether `{name}` registers in the kernel's namespace cannot be told from its argument"
        yield _finding("op-namespace-unknown", message, module, argument, remedy, "warning")


def _wrong(module: Module, node: ast.expr, name: str, named: Named, remedy: str) -> Finding:
    namespace = named.namespace
    if namespace in torch_facts().namespaces:
        message = f"`{name}` registers in `{namespace}`, which is Torch's: it changes Torch for the whole process"
        code, remedy = "torch-namespace", f"Register an operator of the kernel's own. {remedy}"
    else:
        where = f"in `{namespace}`" if namespace else "without a namespace"
        message = f"`{name}` registers {where}, and not in the namespace of this build, so that two versions clash"
        code = "op-namespace"
    found = _finding(code, message, module, node, remedy)
    return found if named.file is None else replace(found, file=named.file, line=named.line)


def _is_method(package: Package, function: ast.Attribute, scope: Scope) -> bool:
    """Whether a function is one that an object of `torch.library.Library` registers with."""
    node = function.value
    values = [node] if function.attr in _METHODS else []
    if values and isinstance(node, ast.Name):
        values = [one.value for one in package.bindings(node, scope) if isinstance(one.value, ast.expr)]
    return any(
        isinstance(value, ast.Call)
        and (found := registration(package, value.func, scope)) is not None
        and found[1][1] == "ns"
        for value in values
    )


def _judge_method(
    package: Package, module: Module, node: ast.Call, scope: Scope, ops_id: str | None
) -> Iterator[Finding]:
    """A name without a namespace is in that of the library, which is looked at where the library is made."""
    for named in namespaces(package, node.args[0], scope, is_name=True):
        if named.namespace not in (OURS, UNKNOWN, ops_id, ""):
            yield _wrong(module, node.args[0], "torch.library.Library", named, _PREFIX)


def _uses(package: Package, module: Module, ops_id: str | None) -> Iterator[Finding]:
    """Operators of a namespace that is neither the kernel's nor Torch's."""
    said: set[tuple[int, str]] = set()
    for node, scope, _ in module.nodes((ast.Attribute, ast.Call)):
        if isinstance(node, ast.Call) and not package.names(node.func, scope) & {"builtins.getattr"}:
            continue
        for name in sorted(package.names(node, scope)):
            parts = name.split(".")
            if parts[:2] != ["torch", "ops"] or len(parts) != 3:  # noqa: PLR2004 torch, ops, and the namespace
                continue
            namespace = parts[2]
            if namespace in {ops_id, *torch_facts().namespaces, *_NO_NAMESPACES} or namespace.startswith("__"):
                continue
            if (node.lineno, namespace) not in said:
                said.add((node.lineno, namespace))
                message = f"uses `torch.ops.{namespace}`, which is neither the namespace of this build nor Torch's"
                remedy = "Take the kernel's operators from `ops` of `._ops`."
                yield _finding("foreign-op", message, module, node, remedy, "warning")


def _finding(code: str, message: str, module: Module, node: ast.expr, remedy: str, severity: str = "error") -> Finding:
    return module.find("ops", code, message, node, remedy, severity)
