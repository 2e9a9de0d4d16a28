"""The shells of the project's flake: one to develop in and one to test in, for each variant."""

import ctypes.util
import sys
from pathlib import Path
from typing import Literal, TypeAlias

from kernel_builder.config.model import KernelConfig
from kernel_builder.drivers.nix.client import NixClient
from kernel_builder.errors import TargetError
from kernel_builder.matrix import load_matrix, select
from kernels.variant import Platform

__all__ = ["Shell", "choose_variant", "shell_command"]

Shell: TypeAlias = Literal["devShells", "testShells"]

#: Where one of several backends is to be chosen, the first of these.
_ORDER = ("cuda", "rocm", "xpu", "metal", "cpu")
#: Backend → what is there where its driver runs: a device of Linux, or a library.
_DEVICES = {"cuda": Path("/dev/nvidiactl"), "rocm": Path("/dev/kfd")}
_LIBRARIES = {"cuda": "cuda", "xpu": "ze_loader"}


def choose_variant(config: KernelConfig, system: str) -> str:
    """The variant whose shell is entered where none is named: for what this machine has, with the newest Torch.

    Of several compute versions it is the oldest, which most drivers run. A kernel that has nothing for this machine
    gets the first of its backends in the order CUDA, ROCm, XPU, Metal, CPU.

    Raises:
        TargetError: when the kernel has no variant on the system.
    """
    targets = select(config, load_matrix(), Platform(*system.split("-")))
    if not targets:
        message = f"{config.general.name} has no variant for {system}"
        raise TargetError(message)
    backends = sorted({target.row.compute.backend for target in targets}, key=_rank)
    backend = next((one for one in backends if _is_here(one)), backends[0])
    fit = [target for target in targets if target.row.compute.backend == backend]
    newest = max(target.row.torch for target in fit)
    # The matrix has the versions of what a release of Torch computes on from the oldest on.
    return next(target.name for target in fit if target.row.torch == newest)


def shell_command(nix: NixClient, shell: Shell, variant: str, command: tuple[str, ...], *more: str) -> list[str]:
    """How a shell is entered in the folder of the project.

    Args:
        nix: the Nix to ask.
        shell: which of the two.
        variant: the variant that it is for.
        command: what to run in it, or nothing for a shell to type in.
        more: more arguments for Nix.
    """
    words = nix.command("develop", f".#legacyPackages.{nix.system}.{shell}.{variant}", *more)
    return [*words, "--command", *command] if command else words


def _rank(backend: str) -> tuple[int, str]:
    return _ORDER.index(backend) if backend in _ORDER else len(_ORDER), backend


def _is_here(backend: str) -> bool:
    if backend in ("cpu", "metal"):
        return backend == "cpu" or sys.platform == "darwin"
    device, library = _DEVICES.get(backend), _LIBRARIES.get(backend)
    return (device is not None and device.exists()) or (library is not None and bool(ctypes.util.find_library(library)))
