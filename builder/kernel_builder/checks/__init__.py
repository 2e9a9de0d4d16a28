"""Whether a finished build meets the requirements of kernels.

Each check takes a build and gives a list of findings (`kernel_builder.checks.findings`): what is wrong, where, and what
to do about it. `check_build` runs them all.
"""

from kernel_builder.checks.run import check_build, raise_errors

__all__ = ["check_build", "raise_errors"]
