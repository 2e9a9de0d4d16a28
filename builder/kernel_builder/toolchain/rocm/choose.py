"""The toolchain that a build for ROCm needs."""

import os
from pathlib import Path

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.toolchain.accelerator import Accelerator
from kernel_builder.toolchain.rocm.device import compilable_archs, complete_device_libraries
from kernel_builder.toolchain.rocm.installed import HipToolchain, installed_rocm
from kernels.backend import MajorMinor

__all__ = ["ARCHS_VARIABLE", "rocm_accelerator"]

#: The devices to compile components for that name none, such as `gfx90a,gfx942`.
ARCHS_VARIABLE = "KERNEL_BUILDER_ROCM_ARCHS"
_LOOKED = "ROCM_PATH, HIP_PATH, PATH, /opt/rocm, /opt/rocm-*, clang++-19 and later with the HIP of the distribution"
#: Variables that would add to what the compiler and CMake are told; flags belong into build.toml.
_QUIET = ("CUDA_PATH", "HIPCXX", "HIPFLAGS", "HIP_CLANG_PATH", "HIP_DEVICE_LIB_PATH", "HIP_PATH", "ROCM_PATH")


def rocm_accelerator(version: MajorMinor | None, cache: Path) -> Accelerator:
    """The toolchain of a version of ROCm.

    Args:
        version: the version, or `None` for the toolchain that a shell here would use.
        cache: the folder for toolchains.

    Raises:
        ToolchainError: when there is none of that version, with those that there are; or when a part of it lacks.
        OSError: when the cache cannot be written.
    """
    installed = installed_rocm()
    toolchain = next((one for one in installed if version in (None, one.release)), None)
    if toolchain is None:
        raise _missing(version, installed)
    wanted = _wanted()
    able = _able(toolchain)
    libraries = _device_libraries(toolchain, able, cache)
    return Accelerator(
        backend="rocm",
        version=toolchain.release,
        name=f"clang {toolchain.clang_version}, HIP {toolchain.release}",
        settings=(
            f"-DCMAKE_HIP_COMPILER={toolchain.clang.as_posix()}",
            f"-DCMAKE_HIP_COMPILER_ROCM_ROOT={toolchain.root.as_posix()}",
            f'-DCMAKE_HIP_FLAGS="--rocm-device-lib-path={libraries.as_posix()}"',
            *([f"-DKERNEL_ROCM_ARCHS={';'.join(wanted)}"] if wanted else []),
        ),
        # Where nvcc is on PATH too, HIP would be compiled for NVIDIA.
        environment={**dict.fromkeys(_QUIET), "HIP_PLATFORM": "amd"},
        identity=(_identity(toolchain.clang), _identity(toolchain.header), str(libraries)),
        libraries=toolchain.libraries,
    )


def _missing(version: MajorMinor | None, installed: tuple[HipToolchain, ...]) -> ToolchainError:
    there = ", ".join(f"HIP {one.release} ({one.root}, {one.clang} {one.clang_version})" for one in installed)
    found = f"found: {there}" if there else f"none was found ({_LOOKED})"
    name = f"ROCm {version}" if version else "ROCm"
    hint = (
        f"Install AMD's {name} (the package rocm-hip-sdk of AMD's own repository), which can lie beside others, and "
        "set ROCM_PATH to its folder."
    )
    return ToolchainError(f"the compiler of {name} is needed; {found}", hint=hint)


def _wanted() -> tuple[str, ...]:
    """The devices that the variable names."""
    named = tuple(os.environ.get(ARCHS_VARIABLE, "").replace(";", ",").replace(",", " ").split())
    if unknown := [arch for arch in named if arch not in rocm_archs().supported]:
        message = f"{ARCHS_VARIABLE} names {', '.join(unknown)}; components are compiled for "
        raise ToolchainError(message + ", ".join(rocm_archs().supported), hint="Mend or unset the variable.")
    return named


def _able(toolchain: HipToolchain) -> frozenset[str]:
    try:
        return compilable_archs(toolchain.clang)
    except ProcessError as error:
        message = f"{toolchain.clang} cannot say which devices it compiles for: {error.output.strip()}"
        raise ToolchainError(message, hint="Install a clang with the target AMDGPU, such as ROCm's own.") from None


def _device_libraries(toolchain: HipToolchain, able: frozenset[str], cache: Path) -> Path:
    folder = toolchain.device_libraries
    if folder is None:
        message = (
            f"{toolchain.clang} needs ROCm's device libraries; ocml.bc is neither beside it nor below {toolchain.root}"
        )
        hint = (
            "Install them (Debian, Ubuntu: apt-get install rocm-device-libs), or name their folder in "
            "HIP_DEVICE_LIB_PATH."
        )
        raise ToolchainError(message, hint=hint)
    return complete_device_libraries(folder, toolchain.clang, able & frozenset(rocm_archs().supported), cache)


def _identity(program: Path) -> str:
    real = program.resolve()
    facts = real.stat()
    return f"{real} {facts.st_size} {facts.st_mtime_ns}"
