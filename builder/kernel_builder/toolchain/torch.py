"""The Torch that builds are made against."""

import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.facts import ask_facts
from kernels.backend import MajorMinor
from kernels.errors import VariantNameError

__all__ = ["TorchFacts", "find_torch"]


@dataclass(frozen=True, slots=True)
class TorchFacts:
    """The facts of an installed Torch.

    Attributes:
        python: the interpreter that has it.
        root: the folder of the package.
        version: its whole version, such as `2.13.0+cpu`.
        cxx11_abi: whether it was built with the new C++ ABI of GNU.
        cmake: all facts as the CMake code that `-DKERNEL_FACTS` names a file of.
    """

    python: Path
    root: Path
    version: str
    cxx11_abi: bool
    cmake: str

    @property
    def release(self) -> MajorMinor:
        """The release, as variant names carry it."""
        return MajorMinor.parse(self.version)


def find_torch() -> TorchFacts:
    """Ask the running interpreter for its Torch; takes the time of a Python start.

    Raises:
        ToolchainError: when it has none, or one that cannot be used.
    """
    facts = ask_facts("torch", "Torch")
    found = TorchFacts(
        python=Path(sys.executable),
        root=Path(facts["framework_root"]),
        version=facts["framework_version"],
        cxx11_abi=facts["torch_cxx11_abi"] == "1",
        cmake=facts["cmake"],
    )
    try:
        found.release  # noqa: B018 - a version without a release cannot be built for
    except VariantNameError as error:
        message = f"the Torch in {found.root} has the version {found.version!r}: {error}"
        raise ToolchainError(message, hint="Install a release or a nightly build of Torch.") from None
    return found
