"""The Torch that builds are made against: found by the same script that a generated project asks."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.resources import templates_dir
from kernels.backend import MajorMinor
from kernels.errors import VariantNameError

__all__ = ["TorchFacts", "find_torch", "write_cmake_facts"]


@dataclass(frozen=True, slots=True)
class TorchFacts:
    """The facts of an installed Torch.

    Attributes:
        python: the interpreter that has it.
        root: the folder of the package.
        version: its whole version, such as `2.13.0+cpu`.
        cuda: the CUDA version that it was built for, or an empty string; likewise `hip` and `xpu`.
        cxx11_abi: whether it was built with the new C++ ABI of GNU.
    """

    python: Path
    root: Path
    version: str
    cuda: str
    hip: str
    xpu: str
    cxx11_abi: bool

    @property
    def release(self) -> MajorMinor:
        """The release, as variant names carry it."""
        return MajorMinor.parse(self.version)


def find_torch(python: Path | None = None) -> TorchFacts:
    """Ask an interpreter, by default the running one, for its Torch; takes the time of a Python start.

    Raises:
        ToolchainError: when it has none, or one that cannot be used.
    """
    interpreter = python or Path(sys.executable)
    facts = json.loads(_ask(interpreter, "json"))
    found = TorchFacts(
        python=interpreter,
        root=Path(facts["torch_root"]),
        version=facts["torch_version"],
        cuda=facts["torch_cuda"],
        hip=facts["torch_hip"],
        xpu=facts["torch_xpu"],
        cxx11_abi=facts["torch_cxx11_abi"] == "1",
    )
    try:
        found.release  # noqa: B018 - a version without a release cannot be built for
    except VariantNameError as error:
        message = f"the Torch in {found.root} has the version {found.version!r}: {error}"
        raise ToolchainError(message, hint="Install a release or a nightly build of Torch.") from None
    return found


def write_cmake_facts(facts: TorchFacts, path: Path) -> None:
    """Write the file that `-DKERNEL_TORCH_FACTS` takes; a file that would not change is left as it is."""
    text = _ask(facts.python, "cmake") + "\n"
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def _ask(python: Path, form: str) -> str:
    script = templates_dir() / "project" / "torch" / "cmake" / "torch_facts.py"
    try:
        return run([python, script, "--format", form])
    except ProcessError as error:
        raise ToolchainError(error.output.strip(), hint="Install Torch in this environment and run again.") from None
