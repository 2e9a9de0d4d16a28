"""CMake, Ninja and the C++ compiler of this machine."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from kernel_builder.errors import ToolchainError

__all__ = ["available_cores", "find_compiler", "find_tool"]


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


def find_compiler() -> str:
    """Find the C++ compiler that CMake would take: `CXX`, else c++, g++ or clang++ on PATH (cl on Windows).

    Raises:
        ToolchainError: when there is none.
    """
    named = os.environ.get("CXX", "").strip()
    candidates = [named] if named else ["c++", "g++", "clang++", "cl"]
    for candidate in candidates:
        # CXX may carry arguments or a launcher: the first word is the program.
        found = shutil.which(candidate.split()[0])
        if found:
            return found
    message = f"no C++ compiler was found (looked for {', '.join(candidates)})"
    raise ToolchainError(
        message, hint="Install one (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install)."
    )


def available_cores() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
