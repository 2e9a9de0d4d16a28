"""CMake, Ninja and the C++ compiler of this machine."""

import contextlib
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from kernel_builder.errors import ToolchainError

__all__ = [
    "QUIET_ENVIRONMENT",
    "available_cores",
    "compile_jobs",
    "compiler_command",
    "find_compiler",
    "find_launcher",
    "find_tool",
]

#: Variables that would change what compilers make without a trace in the build; flags belong into build.toml.
QUIET_ENVIRONMENT: Mapping[str, None] = dict.fromkeys(
    (
        "CFLAGS",
        "CUDAARCHS",
        "CUDAFLAGS",
        "CMAKE_BUILD_TYPE",
        "CMAKE_GENERATOR",
        "CMAKE_PREFIX_PATH",
        "CMAKE_TOOLCHAIN_FILE",
        "CPATH",
        "CPLUS_INCLUDE_PATH",
        "CPPFLAGS",
        "CXXFLAGS",
        "C_INCLUDE_PATH",
        "HIPCC_COMPILE_FLAGS_APPEND",
        "HIPCC_LINK_FLAGS_APPEND",
        "HIPFLAGS",
        "LDFLAGS",
        "LD_RUN_PATH",
        "LIBRARY_PATH",
        "NVCC_APPEND_FLAGS",
        "NVCC_PREPEND_FLAGS",
        "OBJCXXFLAGS",
    )
)

_COMPILERS = ("c++", "g++", "clang++", "cl")
_LAUNCHERS = ("ccache", "sccache")
#: Where Linux says what the container, or the group of processes, may take.
_CGROUP = Path("/sys/fs/cgroup")


def find_tool(name: str) -> Path:
    """Find `cmake` or `ninja`: the Python package of that name that came with us, else the one on PATH.

    Raises:
        ToolchainError: when there is neither.
    """
    spec = importlib.util.find_spec(name)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if folders:
        # The packages keep the program below data/bin (cmake, ninja < 1.13) or the environment's own bin.
        for folder in (Path(folders[0]) / "data" / "bin", Path(sys.prefix) / "bin", Path(sys.prefix) / "Scripts"):
            found = shutil.which(name, path=str(folder))
            if found:
                return Path(found)
    found = shutil.which(name)
    if found is None:
        message = f"{name} was not found"
        raise ToolchainError(message, hint=f"Install it with: pip install {name}")
    return Path(found)


def compiler_command() -> tuple[str, ...]:
    """The C++ compiler that CMake would take: the words of `CXX`, else c++, g++ or clang++ on PATH (cl on Windows).

    Raises:
        ToolchainError: when there is none.
    """
    named = os.environ.get("CXX", "").strip()
    if named:
        words = shlex.split(named)
        if shutil.which(words[0]) is None:
            message = f"CXX names the compiler {words[0]!r}, which was not found"
            raise ToolchainError(message, hint="Mend or unset the environment variable CXX.")
        return tuple(words)
    for candidate in _COMPILERS:
        if shutil.which(candidate):
            return (candidate,)
    message = f"no C++ compiler was found (looked for {', '.join(_COMPILERS)})"
    raise ToolchainError(
        message, hint="Install one (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install)."
    )


def find_compiler() -> tuple[str, ...]:
    """What tells the C++ compiler from any other, also from one that replaces it in its place.

    Returns:
        The words of `compiler_command()`, and the real path, size and time of each program that they name.

    Raises:
        ToolchainError: when there is none.
    """
    words = compiler_command()
    return (*words, *(_identity(found) for word in words if (found := shutil.which(word))))


def find_launcher() -> Path | None:
    """A compiler cache that is on PATH: ccache, else sccache; `None` where CMake is told of one by its own variable."""
    if os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER"):
        return None
    return next((Path(found) for name in _LAUNCHERS if (found := shutil.which(name))), None)


def _identity(program: str) -> str:
    real = Path(program).resolve()
    facts = real.stat()
    return f"{real} {facts.st_size} {facts.st_mtime_ns}"


def available_cores() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compile_jobs(memory_per_job: int) -> int:
    """How many compilers to run at once: as many as there are processors, as far as the free memory lasts.

    Args:
        memory_per_job: what one compiler takes at most, in bytes.
    """
    free = _free_memory()
    return available_cores() if free is None else max(1, min(available_cores(), free // memory_per_job))


def _free_memory() -> int | None:
    """The bytes of memory that are free, of this machine or of the container that we are in; `None`: unknown."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        sizes = [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError, IndexError):
        return None
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        limit = int((_CGROUP / "memory.max").read_text("utf-8"))
        sizes.append(max(0, limit - int((_CGROUP / "memory.current").read_text("utf-8"))))
    return min(sizes, default=None)
