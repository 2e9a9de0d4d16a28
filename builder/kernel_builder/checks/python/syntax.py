"""Whether a build is written for Python 3.9 and later: its syntax, its unions of types, its standard library."""

from collections.abc import Iterator

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.modules import Module
from kernel_builder.checks.python.newer import newer_syntax
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.stdlib import check_stdlib
from kernel_builder.checks.python.unions import newer_unions

__all__ = ["check_syntax"]

_UNION = (
    "a union of types by `|` that is evaluated when the code runs, which Python has since 3.10",
    "Write `typing.Optional` or `typing.Union`, or begin the file with `from __future__ import annotations`.",
)


def check_syntax(package: Package) -> Iterator[Finding]:
    """Find what Python 3.9, or a later one, does not read or does not have."""
    yield from (source.problem for source in package.sources if source.problem is not None)
    for module in package.modules.values():
        for line, what, remedy in newer_syntax(module):
            yield _finding("syntax", f"has {what}; kernels are for 3.9 and later", module, line, remedy)
        for line in dict.fromkeys(newer_unions(package, module)):
            what, remedy = _UNION
            yield _finding("newer-union", f"has {what}; kernels are for 3.9 and later", module, line, remedy)
        yield from check_stdlib(package, module)


def _finding(code: str, message: str, module: Module, line: int, remedy: str) -> Finding:
    return module.find("python", code, message, line, remedy)
