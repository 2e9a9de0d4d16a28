"""The Torch that builds are made against."""

import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.facts import ask_facts
from kernels.backend import Compute, MajorMinor
from kernels.errors import VariantNameError
from kernels.system import published_compute

__all__ = ["TorchFacts", "find_torch"]


@dataclass(frozen=True, slots=True)
class TorchFacts:
    """The facts of an installed Torch.

    Attributes:
        python: the interpreter that has it, or that it is for.
        root: the folder of the package.
        version: its whole version, such as `2.13.0+cpu`.
        compute: the backend that it was built for, and its version; `cpu` when that is none.
        cxx11_abi: whether it was built with the new C++ ABI of GNU.
        cmake: all facts as the CMake code that `-DKERNEL_FACTS` names a file of.
        place: the folder to put first on PYTHONPATH to import it, where the interpreter does not find it by itself.
    """

    python: Path
    root: Path
    version: str
    compute: Compute
    cxx11_abi: bool
    cmake: str
    place: Path | None = None

    @property
    def release(self) -> MajorMinor:
        """The release, as variant names carry it."""
        return MajorMinor.parse(self.version)


def find_torch(*, python: Path | None = None, place: Path | None = None) -> TorchFacts:
    """Ask an interpreter for its Torch.

    Args:
        python: the interpreter; by default the running one.
        place: a folder with a Torch that is not the interpreter's own.

    Raises:
        ToolchainError: when there is none, or one that cannot be used.
    """
    facts = ask_facts("torch", "Torch", python=python, place=place)
    root, version = Path(facts["framework_root"]), facts["framework_version"]
    try:
        compute = _compute(facts)
        MajorMinor.parse(version)
    except (VariantNameError, ValueError) as error:
        message = f"the Torch in {root} has the version {version!r}: {error}"
        raise ToolchainError(message, hint="Install a release or a nightly build of Torch.") from None
    return TorchFacts(
        python=python or Path(sys.executable),
        root=root,
        version=version,
        compute=compute,
        cxx11_abi=facts["torch_cxx11_abi"] == "1",
        cmake=facts["cmake"],
        place=place,
    )


def _compute(facts: dict[str, str]) -> Compute:
    versions = {name: facts[f"torch_{name}"] or None for name in ("cuda", "hip", "xpu")}
    return published_compute(versions, has_metal=facts["torch_metal"] == "1") or Compute("cpu")
