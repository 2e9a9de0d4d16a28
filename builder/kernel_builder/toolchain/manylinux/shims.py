"""Newer functions of glibc over older ones, for names that compilers and headers bring in by themselves."""

import re
from collections.abc import Container, Sequence
from pathlib import Path

from kernel_builder.process import run
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.manylinux.archive import Member
from kernel_builder.toolchain.manylinux.subtract import defined_names
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT

__all__ = ["make_shims", "shim_names"]

_PART = re.compile(r"^#ifdef SHIM_(\w+)$", re.MULTILINE)
_FLAGS = (
    "-c", "-x", "c", "-std=gnu11", "-O2", "-fPIC", "-g0", "-ffreestanding", "-fno-stack-protector", "-fno-lto", "-w",
)  # fmt: skip


def shim_names() -> tuple[str, ...]:
    """The names that there are shims for, in the order of `templates/manylinux/shims.c`."""
    return tuple(_PART.findall(_source().read_text("utf-8")))


def make_shims(compiler: Sequence[str], folder: Path, there: Container[str]) -> list[Member]:
    """Compile each shim whose name is not there yet, each as a file of its own: what is not needed is not linked.

    Args:
        compiler: the words of a compiler of C or C++.
        folder: a folder for files that are removed again.
        there: the names that need no shim.

    Raises:
        ProcessError: when the compiler refuses.
    """
    found = []
    output = folder / "shim.o"
    for name in shim_names():
        if name in there:
            continue
        command: list[str | Path] = [*compiler, *_FLAGS, f"-DSHIM_{name}", "-o", output.name, _source()]
        run(command, cwd=folder, env=QUIET_ENVIRONMENT)
        data = output.read_bytes()
        found.append(Member(f"{name}.o", data, defined_names(data, output.name)))
        output.unlink()
    return found


def _source() -> Path:
    return templates_dir() / "manylinux" / "shims.c"
