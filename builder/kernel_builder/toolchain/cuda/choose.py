"""The toolkit that a build needs."""

import os
import shutil
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.accelerator import Accelerator
from kernel_builder.toolchain.cuda.fetch import can_fetch
from kernel_builder.toolchain.cuda.hosts import find_host_compiler
from kernel_builder.toolchain.cuda.roots import rooted
from kernel_builder.toolchain.cuda.toolkits import Toolkit, installed_toolkits
from kernels.backend import MajorMinor

__all__ = ["cuda_accelerator"]

_LOOKED = "CUDACXX, CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda, /usr/local/cuda-*, Python packages, the cache"
#: Variables that would add to what nvcc and CMake are told; flags belong into build.toml.
_QUIET = (
    "CUDAARCHS",
    "CUDAFLAGS",
    "CUDAHOSTCXX",
    "CUDA_HOME",
    "CUDA_PATH",
    "NVCC_APPEND_FLAGS",
    "NVCC_CCBIN",
    "NVCC_PREPEND_FLAGS",
)


def cuda_accelerator(version: MajorMinor | None, cache: Path) -> Accelerator:
    """The toolkit of a version of CUDA.

    Args:
        version: the version, or `None` for the toolkit that a shell here would use.
        cache: the folder for toolchains.

    Raises:
        ToolchainError: when there is none of that version, with those that there are; or when the C++ compiler is too
            new for it.
        OSError: when the cache cannot be written.
    """
    _check_named()
    toolkits = installed_toolkits(cache)
    toolkit = next((one for one in toolkits if version in (None, one.release)), None)
    if toolkit is None:
        raise _missing(version, toolkits)
    root = rooted(toolkit.root, cache)
    nvcc = root / "bin" / toolkit.nvcc.name
    if not nvcc.is_file():
        nvcc = toolkit.nvcc  # a distribution's, or a script that is called otherwise
    host = find_host_compiler(toolkit)
    return Accelerator(
        backend="cuda",
        version=toolkit.release,
        name=f"nvcc {toolkit.version}",
        settings=(
            f"-DCMAKE_CUDA_COMPILER={nvcc.as_posix()}",
            f"-DCMAKE_CUDA_HOST_COMPILER={host.as_posix()}",
        ),
        environment=dict.fromkeys(_QUIET),
        identity=(toolkit.version, str(root), _identity(nvcc)),
        libraries=tuple(folder for name in ("lib64", "lib") if (folder := root / name).is_dir()),
    )


def _check_named() -> None:
    named = os.environ.get("CUDACXX", "").strip()
    if named and shutil.which(named) is None:
        message = f"CUDACXX names the compiler {named!r}, which was not found"
        raise ToolchainError(message, hint="Mend or unset the environment variable CUDACXX.")


def _missing(version: MajorMinor | None, toolkits: tuple[Toolkit, ...]) -> ToolchainError:
    there = ", ".join(f"nvcc {one.version} ({one.nvcc})" for one in toolkits)
    found = f"found: {there}" if there else f"none was found ({_LOOKED})"
    name = f"CUDA {version}" if version else "CUDA"
    install = f"Install NVIDIA's CUDA Toolkit{f' {version}' if version else ''}"
    step = f"{install}, which can lie beside others, and set CUDA_HOME to its folder (the one that has bin/nvcc)."
    if version is not None and can_fetch(version):
        step = f"Pass --fetch-toolkit to download it into the cache of kernel-builder. Or: {step}"
    return ToolchainError(f"the compiler of {name} is needed; {found}", hint=step)


def _identity(program: Path) -> str:
    real = program.resolve()
    facts = real.stat()
    return f"{real} {facts.st_size} {facts.st_mtime_ns}"
