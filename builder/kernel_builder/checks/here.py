"""The checks of a finished build, as this machine can run them."""

import sys
from pathlib import Path

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.run import check_build
from kernel_builder.config.model import KernelConfig

__all__ = ["check_here"]


def check_here(tree: Path, config: KernelConfig | None, *, skip: frozenset[str] = frozenset()) -> list[Finding]:
    """Run every check of a build, against the policy for libraries on Linux that builds have by default.

    Args:
        tree: its folder, which has the name of its variant.
        config: the kernel, where its build.toml is at hand.
        skip: the checks to leave out, of `kernel_builder.checks.findings.CHECKS`.
    """
    from kernel_builder.checks.native import framework_libraries
    from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY
    from kernels.variant import parse_variant_or_none

    return check_build(
        tree,
        manylinux=DEFAULT_POLICY,
        module=config.general.python_name if config else None,
        python=Path(sys.executable),
        search=framework_libraries(parse_variant_or_none(tree.name)),
        skip=skip,
    )
