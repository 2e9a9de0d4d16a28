"""Checks of the Python files of a build: the Python that they are written in, their imports, layers and operators.

Nothing of a build is run or imported. `check_python` is what `kernel_builder.checks` calls; the checks under it are
functions over the parsed files.
"""

from pathlib import Path

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python.imports import check_imports
from kernel_builder.checks.python.layers import check_layers
from kernel_builder.checks.python.ops import check_ops
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.sources import read_sources
from kernel_builder.checks.python.syntax import check_syntax
from kernels.metadata import Metadata

__all__ = ["check_python"]


def check_python(tree: Path, metadata: Metadata | None, module: str) -> list[Finding]:
    """Check every Python file of a build.

    Args:
        tree: the folder of the build.
        metadata: what the build says of itself. Without it, every known dependency counts as declared, and operators
            are the kernel's only when they are named with what `_ops.py` gives.
        module: the name of the kernel's package.

    Returns:
        The findings of the checks `python`, `layers` and `ops`, by file and line.

    Raises:
        OSError: when the folders of the build cannot be read.
    """
    package = Package(tuple(read_sources(tree)))
    found = [
        *check_syntax(package),
        *check_imports(package, tree, metadata, module),
        *check_layers(package),
        *check_ops(package, metadata.id if metadata is not None else None),
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: (finding.file, finding.line or 0))
