"""What several topics need to know of this machine, found once."""

import json
import sys
from dataclasses import dataclass
from typing import Any

from kernel_builder.doctor.ask import Answer, ask
from kernel_builder.doctor.model import Remedy
from kernel_builder.doctor.packages import pip_install
from kernel_builder.errors import ToolchainError
from kernel_builder.matrix import host_platform, load_matrix
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernels.backend import BACKENDS, Compute
from kernels.errors import VariantNameError
from kernels.variant import Platform

__all__ = ["Here", "look_around", "torch_for"]

#: Torch itself may have to be imported, which takes seconds.
_IMPORT_PATIENCE = 60.0
#: The folder that a program is run in would come first among the places of imports, before those of PYTHONPATH.
_ASK_LOADER = (
    "import runpy, sys; sys.path[0] or sys.path.pop(0); "
    "runpy.run_module('kernel_builder.doctor.loader_facts', run_name='__main__')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """This machine and the Torch of this environment.

    Attributes:
        platform: the system.
        torch: the Torch that builds are made against; `None` when there is none that can be used.
        torch_problem: why there is none; empty when there is one.
        loader: what the loader finds: `kernel_builder.doctor.loader_facts` says what is in it; empty when it failed.
        loader_answer: what came of asking the loader.
    """

    platform: Platform
    torch: TorchFacts | None
    torch_problem: str
    loader: dict[str, Any]
    loader_answer: Answer

    @property
    def compute(self) -> Compute | None:
        """What the loader computes on; `None` when it could not be asked."""
        try:
            return Compute.parse(self.loader.get("compute", ""))
        except VariantNameError:
            return None

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends that kernels are built for on this operating system, the others being those of other systems."""
        matrix = load_matrix()
        systems = {
            backend: {row.platform.os for row in matrix.rows if row.compute.backend == backend} for backend in BACKENDS
        }
        known = set().union(*systems.values())
        return tuple(
            backend
            for backend, names in systems.items()
            # On a system that the matrix does not know, everything may work but what only macOS has.
            if not names or self.platform.os in names or (self.platform.os not in known and names != {"darwin"})
        )


def look_around() -> Here:
    """Find Torch, and ask the loader in a process of its own."""
    torch, problem = None, ""
    try:
        torch = find_torch()
    except (ToolchainError, OSError, ValueError, LookupError) as error:
        problem = str(error)
    answer = ask([sys.executable, "-c", _ASK_LOADER], patience=_IMPORT_PATIENCE)
    return Here(
        platform=host_platform(),
        torch=torch,
        torch_problem=problem,
        loader=_facts(answer),
        loader_answer=answer,
    )


def torch_for(backend: str, here: Here) -> Remedy:
    """How to get a Torch that is built for a backend into this environment."""
    chooser = 'choose it on PyTorch\'s page "Get Started", which prints the command'
    if here.torch is None:
        commands = pip_install("torch")
        if backend in ("cpu", "metal") or (backend == "cuda" and here.platform.os == "linux"):
            return Remedy(commands=commands)
    elif backend == "cuda" and here.platform.os == "linux":
        release = here.torch.version.partition("+")[0]
        commands = pip_install(f"torch=={release}", options=("--force-reinstall",))
        step = (
            f"Without a package index of your own this brings the one for CUDA; for another CUDA, {chooser}. To build "
            "alone, leave it as it is: name the variant with --variant and pass --fetch-torch."
        )
        return Remedy(step=step, commands=commands)
    names = {
        "cuda": "CUDA",
        "rocm": "ROCm",
        "xpu": "XPU",
        "cann": "NPUs (torch_npu)",
        "neuron": "Neuron",
        "tpu": "TPUs",
    }
    return Remedy(step=f"Install a Torch for {names.get(backend, backend)} in this environment: {chooser}.")


def _facts(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
