"""Whether a library loads wherever a kernel may be loaded: what its bytes ask of the system, of Python and of Torch."""

from kernel_builder.checks.abi.check import check_abi
from kernel_builder.checks.abi.model import AbiLimits, AbiReport

__all__ = ["AbiLimits", "AbiReport", "check_abi"]
