"""Damaged and hostile files: a report comes of each, soon, and no error but our own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.elf_edit import Editor, Place
from support.elf_files import AARCH64, I386, S390X, X86_64, ElfParts, ElfSymbol, make_elf
from support.library_corpus.macho import macho_bytes
from support.library_corpus.sample import Sample, linked, strip
from support.macho_files import X86_64 as X86_64_MAC
from support.macho_files import MachOParts, library, make_fat, make_macho
from support.mutation import Seed, mutations
from support.watch import bounded_memory, bounded_work

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import ElfFile
from kernel_builder.binary.elf_lookup import Lookup
from kernel_builder.binary.macho import read_macho
from kernel_builder.checks.abi import AbiLimits, check_abi
from kernels.variant import parse_variant

#: Processor time and memory that one file may take.
_SECONDS, _MEBIBYTES = 1.0, 256
_ELF_FILES, _MACHO_FILES, _PARTS = 20_000, 2_000, 4

_LIMITS = AbiLimits(torch_stable_abi=(2, 11), variant=parse_variant("torch213-cxx11-cpu-x86_64-linux"), ops_id="kernel")
_MACOS = AbiLimits(torch_stable_abi=(2, 11), variant=parse_variant("torch213-cpu-aarch64-darwin"), ops_id="kernel")


def _parts(machine: int, bits: int = 64, endian: str = "<") -> ElfParts:
    """A library with each table that a reader goes by."""
    symbols = [
        ElfSymbol(name="PyInit_kernel", defined=True, version="KERNEL_1"),
        ElfSymbol(name="PyModule_Create2"),
        ElfSymbol(name="close_range", info=0x22),
        ElfSymbol(name="fresh", needs=("libc.so.6", "GLIBC_2.34")),
        ElfSymbol(name="memcpy", needs=("libc.so.6", "GLIBC_2.14")),
        ElfSymbol(name="exp", needs=("libm.so.6", "GLIBC_2.29")),
        ElfSymbol(name="aoti_torch_get_dim"),
        ElfSymbol(name="_ZN3c105ErrorD1Ev"),
        ElfSymbol(name="unique", defined=True, info=0xA1),
    ]
    needed = ["libc.so.6", "libm.so.6", "libtorch_cpu.so"]
    return ElfParts(
        bits=bits, endian=endian, machine=machine, soname="kernel", runpath="/a:/b", needed=needed, symbols=symbols
    )


@contextmanager
def _noted(name: str) -> Iterator[None]:
    """Whatever ends the work, also memory or time that ran out, names the file."""
    try:
        yield
    except BaseException as error:
        message = f"{name} ended in {error!r}"
        raise AssertionError(message) from error


def _seed(name: str, data: bytes) -> Seed:
    return Seed(name=name, data=data, places=Editor(data).places())


@pytest.fixture(scope="module")
def elf_seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    """Libraries made byte by byte, of each class and byte order, and those of compilers that are there."""
    parts = {
        "x86_64": _parts(X86_64),
        "aarch64": _parts(AARCH64),
        "i386": _parts(I386, bits=32),
        "s390x": _parts(S390X, endian=">"),
        "powerpc": _parts(20, bits=32, endian=">"),
    }
    seeds = [_seed(name, make_elf(one)) for name, one in parts.items()]
    from_compilers = {
        "whole": ("-Wl,--hash-style=both",),
        "stripped": ("-Wl,--hash-style=gnu", "-Wl,-z,noseparate-code"),
        "old": ("-Wl,--hash-style=sysv", "-Wl,-z,noseparate-code", "-Wl,-rpath,/opt"),
    }
    if not Sample(name="", make=Path).missing_tools():
        for name, flags in from_compilers.items():
            make = linked("fresh", library="libm.so.6", version="GLIBC_2.29", flags=flags)
            path = make(tmp_path_factory.mktemp(name))
            if name != "whole":
                strip(path)
            seeds.append(_seed(name, path.read_bytes()))
    return seeds


def _read_elf(data: bytes) -> None:
    """All that the reader offers, also what the check does not ask for."""
    with suppress(BinaryError):
        elf = ElfFile(data, "file")
        for look in (
            lambda: list(elf.symbols()),
            lambda: list(elf.symtab()),
            lambda: (elf.sections, elf.soname, elf.rpath, elf.needed, elf.executable_stack, elf.text_relocations),
            lambda: (elf.version_definitions, elf.version_needs, elf.symbol_names_contain(b"PyInit")),
            lambda: [Lookup(elf).defines(name) for name in ("PyInit_kernel", "fresh", "nowhere")],
        ):
            with suppress(BinaryError):
                look()


def _read_macho(data: bytes) -> None:
    with suppress(BinaryError):
        for one in read_macho(data, "file"):
            with suppress(BinaryError):
                list(one.symbols())
            with suppress(BinaryError):
                assert all(isinstance(name, str) for name in (*one.rpath, *one.needed, one.install_name or ""))


@pytest.mark.parametrize("part", range(_PARTS))
def test_damaged_elf_files(elf_seeds: list[Seed], tmp_path: Path, part: int) -> None:
    """Of 20,000 damaged ELF files each gives a report or a `BinaryError`, within a second and little memory."""
    path = tmp_path / "kernel.abi3.so"
    outcomes = set()
    with bounded_memory(_MEBIBYTES):
        for name, data in mutations(elf_seeds, _ELF_FILES // _PARTS, part):
            path.write_bytes(data)
            with _noted(name), bounded_work(_SECONDS):
                report = check_abi(path, _LIMITS)
                outcomes |= {one.code for one in report.findings}
                _read_elf(data)
    # The damage goes deep: what is sound is still judged, and each kind of table is hit.
    assert {"unreadable", "manylinux-version", "torch-not-stable", "rpath", "not-shared", "32-bit"} <= outcomes


def _macho_seeds() -> list[Seed]:
    thin = macho_bytes("_PyType_Lookup", "aoti_torch_get_dim", needed=["/usr/lib/libSystem.B.dylib", "@rpath/x.dylib"])
    stripped = macho_bytes("_PyType_Lookup", stripped=True)
    binding = bytes([0x11, 0x40]) + b"_PyType_Lookup\0" + bytes([0x72, 0x10, 0x90, 0xA0, 8, 0])
    old = make_macho(
        MachOParts(commands=[library("/usr/lib/libSystem.B.dylib")], info=(b"", binding, b"", binding, b""))
    )
    files = {"thin": thin, "stripped": stripped, "old": old}
    files["fat"] = make_fat(macho_bytes(machine=X86_64_MAC), thin)
    files["wide fat"] = make_fat(macho_bytes(machine=X86_64_MAC), stripped, wide=True)
    return [
        Seed(
            name=name,
            data=data,
            places={"header": Place(0, 48), "commands": Place(32, 400), "file": Place(0, len(data))},
        )
        for name, data in files.items()
    ]


def test_damaged_macho_files(tmp_path: Path) -> None:
    """Of 2,000 damaged Mach-O files each gives a report or a `BinaryError`, within a second and little memory."""
    path = tmp_path / "kernel.abi3.so"
    outcomes = set()
    with bounded_memory(_MEBIBYTES):
        for name, data in mutations(_macho_seeds(), _MACHO_FILES, 1):
            path.write_bytes(data)
            with _noted(name), bounded_work(_SECONDS):
                outcomes |= {one.code for one in check_abi(path, _MACOS).findings}
                _read_macho(data)
    assert {"unreadable", "python-not-limited", "wrong-machine", "not-shared", "macos-version-missing"} <= outcomes
