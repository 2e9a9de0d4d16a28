"""Which of the system's libraries a compiler links with, and where they are: the compiler itself is asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kernel_builder.binary.elf import open_elf
from kernel_builder.errors import ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT

__all__ = ["HostLibraries", "library_facts", "locate_libraries"]

_LIBC = "libc.so.6"
_LIBSTDCXX = "libstdc++.so.6"
_OFF = "or build with --manylinux off, for machines like this one"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLibraries:
    """The libraries of one compiler.

    Attributes:
        machine: the processor that they are for, as in the names of systems.
        shared: the name of a shared library → its file; the dynamic loader is one of them.
        loader: the name of the dynamic loader.
        libstdcxx: the static C++ library.
        libc_nonshared: what glibc links statically into everything; `None` where the compiler has none.
    """

    machine: str
    shared: dict[str, Path]
    loader: str
    libstdcxx: Path
    libc_nonshared: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, in a settled order."""
        archives = filter(None, (self.libstdcxx, self.libc_nonshared))
        return (*(self.shared[name] for name in sorted(self.shared)), *archives)


@cache
def library_facts() -> dict[str, Any]:
    """`libraries.json`, which says itself what it means."""
    facts: dict[str, Any] = json.loads(Path(__file__).with_name("libraries.json").read_text("utf-8"))
    return facts


def locate_libraries(compiler: Sequence[str]) -> HostLibraries:
    """Ask a C++ compiler, which may be a cross compiler, for its libraries.

    Raises:
        ToolchainError: when they are not glibc and libstdc++ for a processor that we know, or one is missing.
        ProcessError: when the compiler does not answer.
        BinaryError: when its libc cannot be read.
    """
    target = _ask(compiler, "-dumpmachine")
    _check_target(target, compiler)
    facts = library_facts()
    shared = {name: path for name in (*facts["needed"], *facts["optional"]) if (path := _file(compiler, name))}
    for name in facts["needed"]:
        if name not in shared:
            raise _missing(name, target, compiler)
    machine, loader = _read_libc(shared[_LIBC])
    if (path := _file(compiler, loader)) is None:
        raise _missing(loader, target, compiler)
    shared[loader] = path
    if (libstdcxx := _file(compiler, "libstdc++.a")) is None:
        message = f"{compiler[0]} has no libstdc++.a, which what is newer than a manylinux policy is linked from"
        raise ToolchainError(message, hint=_static_hint())
    return HostLibraries(
        machine=machine,
        shared=shared,
        loader=loader,
        libstdcxx=libstdcxx,
        libc_nonshared=_file(compiler, "libc_nonshared.a"),
    )


def _static_hint() -> str:
    return (
        "Install the static C++ library (Debian, Ubuntu: libstdc++-12-dev, with the number of your gcc; Fedora: "
        f"libstdc++-static; RHEL: gcc-toolset-12-libstdc++-devel), {_OFF}."
    )


def _check_target(target: str, compiler: Sequence[str]) -> None:
    words = target.split("-")
    if "linux" not in words:
        message = f"{compiler[0]} makes code for {target}, and manylinux policies are for Linux"
        raise ToolchainError(message, hint="Build with --manylinux off.")
    if words[-1].startswith("musl"):
        message = f"{compiler[0]} makes code for musl ({target}), and manylinux policies are for glibc"
        raise ToolchainError(message, hint=f"Use a compiler for glibc, {_OFF}.")
    if "-stdlib=libc++" in compiler:
        message = f"{compiler[0]} is told to use libc++, with which nothing of Torch can be linked"
        raise ToolchainError(message, hint="Take -stdlib=libc++ out of CXX.")


def _missing(name: str, target: str, compiler: Sequence[str]) -> ToolchainError:
    message = f"{compiler[0]} has no {name} for {target}"
    if name == _LIBSTDCXX:
        return ToolchainError(message, hint=f"Install libstdc++ for it (Debian, Ubuntu: libstdc++6), {_OFF}.")
    return ToolchainError(message, hint=f"Install glibc and its headers for it (Debian, Ubuntu: libc6-dev), {_OFF}.")


def _read_libc(path: Path) -> tuple[str, str]:
    """The processor that a libc is for, and the dynamic loader that it needs."""
    with open_elf(path) as elf:
        machine, needed = elf.machine, elf.needed
        is_glibc = any(one.version.startswith("GLIBC_2.") for one in elf.version_definitions)
    known = library_facts()["machines"]
    if machine not in known:
        message = (
            f"{path} is for {machine}; libraries that keep to a manylinux policy are linked for {' and '.join(known)}"
        )
        raise ToolchainError(message, hint="Build with --manylinux off.")
    loader = next((name for name in needed if name.startswith("ld")), None)
    if not is_glibc or loader is None:
        message = f"{path} is not glibc, which manylinux policies are for"
        raise ToolchainError(message, hint=f"Use a compiler for glibc, {_OFF}.")
    return machine, loader


def _file(compiler: Sequence[str], name: str) -> Path | None:
    """A file of the compiler's folders of libraries; compilers answer with the bare name where they have none."""
    path = Path(_ask(compiler, f"-print-file-name={name}"))
    return path if len(path.parts) > 1 and path.is_file() else None


def _ask(compiler: Sequence[str], question: str) -> str:
    return run([*compiler, question], env=QUIET_ENVIRONMENT).strip()
