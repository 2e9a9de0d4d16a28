"""Compilers for which manylinux sysroots are made, and those sysroots, made once for all tests of a run."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from kernel_builder.toolchain.manylinux.policy import Policy
from kernel_builder.toolchain.manylinux.sysroot import Sysroot, default_policy, manylinux_sysroot

__all__ = ["CLANG", "CROSS", "LINKERS", "capped_flags", "compile_text", "machine_of", "needs", "shared_sysroot"]


def _first(name: str) -> str:
    """A program of LLVM, which may be there under the name of one of its releases alone."""
    return next((one for one in (name, *(f"{name}-{n}" for n in range(30, 13, -1))) if shutil.which(one)), name)


#: A compiler for another processor than ours.
CROSS = "aarch64-linux-gnu-g++"
CLANG = _first("clang++")


def needs(*programs: str) -> pytest.MarkDecorator:
    """A mark for what is only tested on Linux, where some programs are."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(
        sys.platform != "linux" or bool(missing), reason=f"Linux with {' and '.join(missing or programs)} is needed"
    )


#: Compilers with the linkers that they use, as parameters of a test.
LINKERS = [
    pytest.param(compiler, linker, id=f"{compiler}-{linker}", marks=needs(compiler, program))
    for compiler, linker, program in (
        ("g++", "bfd", "ld.bfd"),
        ("g++", "gold", "ld.gold"),
        ("g++", "lld", "ld.lld"),
        (CLANG, "bfd", "ld.bfd"),
        (CLANG, "lld", _first("ld.lld")),
    )
]


def machine_of(compiler: str) -> str:
    """The processor that a compiler makes code for."""
    return "aarch64" if compiler == CROSS else platform.machine()


def shared_sysroot(factory: pytest.TempPathFactory, compiler: str = "g++", policy: Policy | None = None) -> Sysroot:
    """The sysroot of a compiler; the default policy where no other is given. Tests only read it."""
    base = factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    return manylinux_sysroot([compiler], policy or default_policy(machine_of(compiler)), base / "manylinux")


def capped_flags(sysroot: Sysroot, inputs: Sequence[Path | str]) -> list[str]:
    """What a compiler that links gets: the options of a sysroot, some objects, and the libraries of the sysroot."""
    return [*sysroot.link_options, *map(str, inputs), *map(str, sysroot.libraries)]


def compile_text(path: Path, text: str, *flags: str, compiler: str = "g++") -> Path:
    """Compile a source, whose language its name tells, to `path` with `.o` behind it."""
    path.write_text(text, "utf-8")
    target = path.with_name(f"{path.name}.o")
    subprocess.run([compiler, "-c", "-fPIC", "-O1", *flags, "-o", str(target), str(path)], check=True)
    return target
