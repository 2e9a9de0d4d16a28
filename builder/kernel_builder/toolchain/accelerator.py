"""What compiles for an accelerator on this machine, whichever it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernels.backend import MajorMinor

__all__ = ["Accelerator", "find_accelerator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What compiles for one backend on this machine.

    Attributes:
        backend: `cuda`, `rocm`, `xpu` or `metal`.
        version: the version of CUDA, ROCm or oneAPI; `None` for Metal.
        name: the compiler and its whole version, as the metadata names it, such as `nvcc 13.0.88`.
        settings: options for CMake's command line.
        environment: variables that CMake and the compilers are run with; `None` takes one away.
        identity: what tells this toolchain from any other, also from one that replaces it in its place.
        libraries: folders with the toolkit's own libraries.
    """

    backend: str
    version: MajorMinor | None
    name: str
    settings: tuple[str, ...]
    identity: tuple[str, ...]
    environment: Mapping[str, str | None] = field(default_factory=dict)
    libraries: tuple[Path, ...] = ()


def find_accelerator(backend: str, version: MajorMinor | None, *, cache: Path) -> Accelerator:
    """Find what compiles for a backend other than the CPU.

    Args:
        backend: `cuda`, `rocm`, `xpu` or `metal`.
        version: the version that is needed, or `None` for the one that this machine has.
        cache: where parts that have to be put together are kept.

    Raises:
        ToolchainError: when there is none, or one of another version; says where was looked and what to do.
    """
    return _finder(backend)(version, cache)


def _finder(backend: str) -> Callable[[MajorMinor | None, Path], Accelerator]:
    if backend == "cuda":
        from kernel_builder.toolchain.cuda import cuda_accelerator

        return cuda_accelerator
    if backend == "rocm":
        from kernel_builder.toolchain.rocm import rocm_accelerator

        return rocm_accelerator
    if backend == "xpu":
        from kernel_builder.toolchain.oneapi import oneapi_accelerator

        return oneapi_accelerator
    from kernel_builder.toolchain.metal import metal_accelerator

    return metal_accelerator
