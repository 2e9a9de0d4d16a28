"""What a sample of the corpus is, and the few steps that most samples are made by."""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from support.elf_edit import Editor, edit
from support.elf_files import ElfParts, ElfSymbol, make_elf
from support.libraries import link, module

from kernel_builder.checks.abi import AbiLimits
from kernels.variant import Platform, parse_variant

__all__ = [
    "HOST",
    "LIBRARY",
    "Sample",
    "edited",
    "kernel",
    "linked",
    "made",
    "of_code",
    "strip",
    "stub",
    "written",
]

#: The processor of this machine, as variants spell it.
HOST = Platform.of(platform.machine(), platform.system()).cpu
LIBRARY = "kernel.abi3.so"
#: The folder, beside a sample, of the libraries that it needs.
_NEEDED = "lib"
_CXX_INIT = """
extern "C" void *PyModule_Create2(void *, int);
extern "C" __attribute__((visibility("default"))) void *PyInit_kernel() { return PyModule_Create2(nullptr, 3); }
"""
_VARIANT = "torch213-cxx11-cpu-{cpu}-linux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A library with one fault, or with none.

    Attributes:
        name: what it is.
        make: makes it in a folder.
        codes: the errors that have to be found, each once; none for a good library.
        warnings: the warnings that have to be found.
        symbol: the symbol that a finding has to name.
        variant: what it is a build of; `{cpu}` stands for the processor of this machine.
        macos: the oldest macOS that it has to load on.
        stripped: whether the stripped library has to be judged in the same way.
        tools: the programs that make it, with `ziglang` for that package.
    """

    name: str
    make: Callable[[Path], Path]
    codes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    symbol: str | None = None
    variant: str = _VARIANT
    macos: tuple[int, int] = (15, 0)
    stripped: bool = False
    tools: tuple[str, ...] = ("gcc",)

    def limits(self, folder: Path) -> AbiLimits:
        """What it is held against, when it was made in a folder."""
        return AbiLimits(
            macos=self.macos,
            variant=parse_variant(self.variant.format(cpu=HOST)),
            ops_id="kernel",
            search=(folder / _NEEDED,),
        )

    def missing_tools(self) -> list[str]:
        """The programs that this machine does not have."""
        return [tool for tool in self.tools if not _has(tool)]


@cache
def _has(tool: str) -> bool:
    if tool == "ziglang":
        return find_spec(tool) is not None
    # The compilers that go by these names on macOS make no ELF files.
    if tool in ("gcc", "g++", "m32", "relr") and sys.platform != "linux":
        return False
    if tool == "m32":
        arguments = ["gcc", "-m32", "-shared", "-nostdlib", "-x", "c", "/dev/null", "-o", "/dev/null"]
        return _has("gcc") and subprocess.run(arguments, check=False, capture_output=True).returncode == 0
    if tool == "relr":
        found = subprocess.run(["ld", "--help"], check=False, capture_output=True, text=True) if _has("ld") else None
        return found is not None and "pack-relative-relocs" in found.stdout
    return shutil.which(tool) is not None


def stub(folder: Path, library: str, *names: str, version: str = "") -> Path:
    """A library that defines some symbols, in a version or in none, where a sample finds what it needs.

    Args:
        folder: the folder of the sample.
        library: the name of the library, which may have a folder.
        names: the functions that it defines.
        version: their version.
    """
    code = "".join(f"int {name}(void) {{ return 1; }}" for name in names)
    script = f"{version} {{ global: {' '.join(f'{name};' for name in names)} local: *; }};" if version else ""
    return link(folder / _NEEDED / library, code, f"-Wl,-soname,{library}", versions=script)


def _users(names: Sequence[str]) -> str:
    """Code that needs functions, without calling them."""
    return "".join(f"extern int {name}(void); void *keep_{at} = {name};" for at, name in enumerate(names))


def kernel(
    folder: Path,
    *names: str,
    code: str = "",
    flags: Sequence[str] = (),
    needs: Sequence[Path] = (),
    library: str = LIBRARY,
) -> Path:
    """A kernel that needs functions of libraries, and the C library in a version that every policy allows.

    Args:
        folder: where it goes.
        names: the functions.
        code: more C code.
        flags: more for the compiler.
        needs: the libraries that it is linked with.
        library: what it is called.
    """
    standard = stub(folder, "libc.so.6", "memcpy", version="GLIBC_2.14" if HOST == "x86_64" else "GLIBC_2.17")
    return module(folder / library, _users(("memcpy", *names)) + code, *flags, needs=[*needs, standard])


def linked(*names: str, library: str = "", version: str = "", flags: Sequence[str] = ()) -> Callable[[Path], Path]:
    """Makes a kernel that needs functions of a library, in a version or in none.

    Args:
        names: the functions.
        library: the library that defines them; none does where it is left out.
        version: the version that it defines them in.
        flags: more for the compiler of the kernel.
    """

    def make(folder: Path) -> Path:
        # The C library has one more function here, and so takes the place of the one that every kernel needs.
        if library == "libc.so.6":
            return module(
                folder / LIBRARY, _users(names), *flags, needs=[stub(folder, library, *names, version=version)]
            )
        needs = [stub(folder, library, *names, version=version)] if library else []
        return kernel(folder, *names, flags=flags, needs=needs)

    return make


def of_code(
    compiler: str, code: str, *flags: str, stubs: Callable[[Path], Sequence[Path]] = lambda _: ()
) -> Callable[[Path], Path]:
    """Makes a kernel of C++ code, with all that the compiler links it with.

    Args:
        compiler: the compiler.
        code: the source, beside the function that Python calls.
        flags: more for the compiler.
        stubs: makes the libraries that it needs.
    """

    def make(folder: Path) -> Path:
        source, target = folder / "source.cpp", folder / LIBRARY
        source.write_text(_CXX_INIT + code, "utf-8")
        base = [compiler, "-shared", "-fPIC", "-fvisibility=hidden", "-w", "-o", str(target), str(source)]
        subprocess.run([*base, *flags, *map(str, stubs(folder))], check=True)
        return target

    return make


def made(
    *, machine: int, bits: int = 64, endian: str = "<", symbol: str = "memcpy", version: str = "GLIBC_2.28"
) -> bytes:
    """A kernel made byte by byte, which needs a function of the C library.

    Args:
        machine: the number of the processor.
        bits: 32 or 64.
        endian: the byte order, as `struct` writes it.
        symbol: the function.
        version: its version; none if empty.
    """
    symbols = [
        ElfSymbol(name="PyInit_kernel", defined=True),
        ElfSymbol(name="PyModule_Create2"),
        ElfSymbol(name=symbol, needs=("libc.so.6", version) if version else None),
    ]
    return make_elf(ElfParts(bits=bits, endian=endian, machine=machine, needed=["libc.so.6"], symbols=symbols))


def written(data: bytes, library: str = LIBRARY) -> Callable[[Path], Path]:
    """Makes a library of its bytes."""

    def make(folder: Path) -> Path:
        path = folder / library
        path.write_bytes(data)
        return path

    return make


def edited(make: Callable[[Path], Path], change: Callable[[Editor], object]) -> Callable[[Path], Path]:
    """Makes a library, and changes its bytes."""

    def make_and_edit(folder: Path) -> Path:
        path = make(folder)
        editor = edit(path)
        change(editor)
        path.write_bytes(editor.data)
        return path

    return make_and_edit


def strip(path: Path) -> None:
    """Take away what the dynamic loader does not need, of whichever processor."""
    machine = re.search(rb"\x7fELF.{14}\xb7\x00", path.read_bytes()[:20], re.DOTALL)
    program = "aarch64-linux-gnu-strip" if machine and HOST != "aarch64" else "strip"
    subprocess.run([program, str(path)], check=True)
