"""Whether a finished build meets the requirements of kernels.

Each check takes a tree and gives a list of problems, one sentence each; `check_tree` runs them all, `check_files` those
that run nothing of the build.
"""

from pathlib import Path

from kernel_builder.checks.contents import check_contents
from kernel_builder.checks.layout import check_layout
from kernel_builder.checks.load import check_load
from kernel_builder.checks.ops import check_ops
from kernel_builder.errors import CheckError
from kernels.variant import Variant, parse_variant_or_none

__all__ = ["check_contents", "check_files", "check_layout", "check_load", "check_ops", "check_tree"]


def check_files(tree: Path, module: str, variant: Variant | None = None) -> list[str]:
    """Everything that can be said of a build without running it.

    Args:
        tree: its folder.
        module: the name of the kernel's package.
        variant: what it is a build of; what its folder is named after when not given.
    """
    variant = variant or parse_variant_or_none(tree.name)
    return [*check_layout(tree, module), *check_contents(tree, variant), *check_ops(tree)]


def check_tree(tree: Path, module: str, python: Path | None, variant: Variant | None = None) -> None:
    """Check a whole build, and last that the loader can load it.

    Args:
        tree: its folder.
        module: the name of the kernel's package.
        python: the interpreter to load it under; `None` when none of this machine could.
        variant: what it is a build of; what its folder is named after when not given.

    Raises:
        CheckError: with every problem; the load is only tried when there is no other.
    """
    problems = check_files(tree, module, variant)
    if not problems and python is not None:
        problems = check_load(tree, python)
    if problems:
        listing = "\n".join(f"  {problem}" for problem in problems)
        message = f"the build does not meet the requirements of kernels:\n{listing}"
        raise CheckError(message, problems=problems)
