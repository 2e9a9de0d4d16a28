"""Examples built for CUDA, on a machine that has CUDA's compiler and no GPU."""

from pathlib import Path

import pytest
from support.projects import copy_example, kernel_builder
from support.torches import cuda_torch

from kernel_builder.errors import ToolchainError
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.accelerator import Accelerator, find_accelerator
from kernels.backend import MajorMinor

__all__ = ["build_for_cuda", "find_compiler"]


def find_compiler(backend: str, version: MajorMinor | None, cache: Path) -> Accelerator:
    """What compiles for a backend on this machine, of one version or any; skips the test where there is nothing."""
    try:
        return find_accelerator(backend, version, cache=cache)
    except ToolchainError as error:
        pytest.skip(str(error))


def build_for_cuda(example: Path, folder: Path, prefix: str) -> tuple[Path, str]:
    """Build an example for CUDA 13.0 and GPUs of one kind, which takes a fraction of the time that all kinds take.

    Args:
        example: its folder, which is copied.
        folder: where a Torch for CUDA comes to lie as `torch-site`, and the project as `kernel`.
        prefix: what the name of the variant starts with, up to the backend: `tvm-ffi01`.

    Returns:
        The project and the name of the variant.
    """
    version = MajorMinor(13, 0)
    find_compiler("cuda", version, folder / "cache")
    torch = cuda_torch(folder / "torch-site", str(version))
    project = copy_example(example, folder / "kernel")
    build_toml = project / "build.toml"
    text = build_toml.read_text("utf-8").replace(
        'backend = "cuda"\n', 'backend = "cuda"\ncuda-capabilities = ["9.0"]\n'
    )
    build_toml.write_text(text, "utf-8")
    variant = f"{prefix}-cu{version.digits}-{host_platform()}"
    options = ["--driver", "local", "--variant", variant]
    result = kernel_builder("build", project, *options, env={"PYTHONPATH": str(torch)})
    assert 0 == result.returncode, result.stderr
    return project, variant
