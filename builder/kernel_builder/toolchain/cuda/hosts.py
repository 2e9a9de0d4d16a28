"""The C++ compiler that nvcc compiles host code with."""

import os
import re
import shutil
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain.cuda.toolkits import Toolkit
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT, compiler_command

__all__ = ["find_host_compiler"]

#: Programs that may stand before the compiler in CXX.
_LAUNCHERS = ("ccache", "sccache", "distcc")
#: How the header of every toolkit refuses a compiler that is too new: gcc by the last version, clang by the next one.
_LIMITS = {
    "gcc": (re.compile(r"^#if __GNUC__ > (\d+)$", re.MULTILINE), 0),
    "clang": (re.compile(r"^#if \(__clang_major__ >= (\d+)\)", re.MULTILINE), -1),
}


def find_host_compiler(toolkit: Toolkit) -> Path:
    """The C++ compiler of `compiler_command()`, once the toolkit's own header does not refuse its version.

    Raises:
        ToolchainError: when there is none, or it is too new for the toolkit; says which versions will do.
    """
    words = [word for word in compiler_command() if Path(word).stem not in _LAUNCHERS]
    found = shutil.which(words[0]) if words else None
    if found is None:
        message = "CXX names no compiler"
        raise ToolchainError(message, hint="Mend or unset the environment variable CXX.")
    kind, version = _ask(words)
    newest = _newest(toolkit.root, kind)
    if newest is not None and version > newest:
        message = (
            f"nvcc {toolkit.version} takes {kind} up to version {newest} as its host compiler; {found} is {version}"
        )
        name = "g++" if kind == "gcc" else "clang++"
        hint = f"Install {name}-{newest} or an older one and set CXX to it, or take a newer CUDA."
        raise ToolchainError(message, hint=hint)
    return Path(found)


def _ask(words: list[str]) -> tuple[str, int]:
    """The kind of a compiler and its major version; of one that cannot say it, nothing."""
    try:
        macros = run([*words, "-dM", "-E", "-x", "c++", os.devnull], env=QUIET_ENVIRONMENT)
    except (OSError, ProcessError):
        return "", 0
    for kind, name in (("clang", "__clang_major__"), ("gcc", "__GNUC__")):
        if match := re.search(rf"^#define {name} (\d+)$", macros, re.MULTILINE):
            return kind, int(match[1])
    return "", 0


def _newest(root: Path, kind: str) -> int | None:
    """The newest version of a compiler that a toolkit takes; `None` where it does not say."""
    if kind not in _LIMITS:
        return None
    pattern, step = _LIMITS[kind]
    for folder in (root, *root.glob("targets/*")):
        header = folder / "include" / "crt" / "host_config.h"
        if header.is_file() and (match := pattern.search(header.read_text("utf-8", errors="replace"))):
            return int(match[1]) + step
    return None
