"""The tvm-ffi that builds are made against."""

import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.facts import ask_facts
from kernels.backend import MajorMinor
from kernels.errors import VariantNameError

__all__ = ["TvmFfiFacts", "find_tvm_ffi"]


@dataclass(frozen=True, slots=True)
class TvmFfiFacts:
    """The facts of an installed tvm-ffi, whose distribution is called `apache-tvm-ffi`.

    Attributes:
        python: the interpreter that has it.
        root: the folder of the package.
        version: its whole version, such as `0.1.15.post2`.
        cmake: all facts as the CMake code that `-DKERNEL_FACTS` names a file of.
    """

    python: Path
    root: Path
    version: str
    cmake: str

    @property
    def release(self) -> MajorMinor:
        """The release, as variant names carry it."""
        return MajorMinor.parse(self.version)


def find_tvm_ffi() -> TvmFfiFacts:
    """Ask the running interpreter for its tvm-ffi; takes the time of a Python start.

    Raises:
        ToolchainError: when it has none, or one that cannot be used.
    """
    facts = ask_facts("tvm-ffi", "tvm-ffi")
    root, version = Path(facts["framework_root"]), facts["framework_version"]
    found = TvmFfiFacts(python=Path(sys.executable), root=root, version=version, cmake=facts["cmake"])
    try:
        found.release  # noqa: B018 - a version without a release cannot be built for
    except VariantNameError as error:
        message = f"the tvm-ffi in {found.root} has the version {found.version!r}: {error}"
        raise ToolchainError(message, hint="Install a release of apache-tvm-ffi.") from None
    return found
