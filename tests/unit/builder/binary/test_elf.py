"""What an ELF file says to the dynamic loader."""

import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from support.elf_files import I386, MIPS, PPC64, S390X, X86_64, ElfParts, ElfSymbol, make_elf
from support.libraries import link, needs_gcc

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import ElfFile, Symbol, VersionDefinition, VersionNeed, open_elf

_MUTATIONS = 3000
_VERDEF, _VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_SYSTEM = [
    path
    for folder in ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64")
    for name in ("libc.so.6", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libresolv.so.2", "libcrypto.so.3")
    if (path := Path(folder, name)).is_file()
]
_CLANG, _LLD = shutil.which("clang-19"), shutil.which("ld.lld-19")
_TARGETS = {
    "aarch64-linux-gnu": "aarch64",
    "armv7-linux-gnueabihf": "armv7l",
    "i686-linux-gnu": "i686",
    "loongarch64-linux-gnu": "loongarch64",
    "mips-linux-gnu": "mips",
    "powerpc64-linux-gnu": "ppc64",
    "powerpc64le-linux-gnu": "ppc64le",
    "riscv64-linux-gnu": "riscv64",
    "s390x-linux-gnu": "s390x",
    "x86_64-linux-gnu": "x86_64",
}
_BINDINGS = {"STB_LOCAL": "local", "STB_GLOBAL": "global", "STB_WEAK": "weak", "STB_LOOS": "unique"}
_TYPES = {
    "STT_NOTYPE": "notype",
    "STT_OBJECT": "object",
    "STT_FUNC": "func",
    "STT_SECTION": "section",
    "STT_TLS": "tls",
    "STT_LOOS": "ifunc",
}
_CODE = """
extern int plain(void), other(void), third(void);
extern int maybe(void) __attribute__((weak));
__thread int thread_local_data = 1;
int data = 2;
__attribute__((visibility("protected"))) int shielded(void) { return 1; }
__attribute__((weak)) int soft(void) { return 1; }
int exported(void) { return plain() + other() + third() + (maybe ? maybe() : 0) + thread_local_data; }
"""


def _same_as_elftools(path: Path) -> int:
    """Compare all that is read with what pyelftools reads, and count the symbols."""
    with path.open("rb") as file, open_elf(path) as elf:
        other = ELFFile(file)
        assert other.elfclass == elf.bits
        tags: dict[str, list[Any]] = {}
        for tag in other.get_section_by_name(".dynamic").iter_tags():
            tags.setdefault(tag.entry.d_tag, []).append(tag)
        assert [tag.needed for tag in tags.get("DT_NEEDED", [])] == list(elf.needed)
        assert [tag.soname for tag in tags.get("DT_SONAME", [])] == [name for name in [elf.soname] if name is not None]
        assert [tag.runpath for tag in tags.get("DT_RUNPATH", [])] == [":".join(elf.runpath)][: bool(elf.runpath)]
        assert [tag.rpath for tag in tags.get("DT_RPATH", [])] == [":".join(elf.rpath)][: bool(elf.rpath)]
        stack = [one.header.p_flags for one in other.iter_segments() if one.header.p_type == "PT_GNU_STACK"]
        assert (stack[0] & 1 if stack else True) == elf.executable_stack
        assert ("DT_TEXTREL" in tags) == elf.text_relocations
        assert list(_needs(other)) == list(elf.version_needs)
        assert list(_definitions(other)) == list(elf.version_definitions)
        symbols = list(elf.symbols())
        assert list(_symbols(other)) == symbols
        assert [section.name for section in other.iter_sections()] == [section.name for section in elf.sections]
        table = other.get_section_by_name(".symtab")
        whole = [one.name for one in table.iter_symbols()][1:] if table and not table.is_null() else []
        assert [name for name in whole if name] == [
            one.name for one in elf.symtab() if one.name and one.type != "section"
        ]
        return len(symbols)


def _needs(other: ELFFile) -> Iterator[VersionNeed]:
    section = other.get_section_by_name(".gnu.version_r")
    for need, versions in section.iter_versions() if section else ():
        for one in versions:
            yield VersionNeed(need.name, one.name, one.entry.vna_other & 0x7FFF, bool(one.entry.vna_flags & 2))


def _definitions(other: ELFFile) -> Iterator[VersionDefinition]:
    section = other.get_section_by_name(".gnu.version_d")
    for definition, names in section.iter_versions() if section else ():
        first, *parents = [one.name for one in names]
        base = bool(definition.entry.vd_flags & 1)
        yield VersionDefinition(first, definition.entry.vd_ndx & 0x7FFF, base, tuple(parents))


def _symbols(other: ELFFile) -> Iterator[Symbol]:
    versions = {need.index: (need.library, need.version) for need in _needs(other)}
    defined = {one.index: (None, one.version) for one in _definitions(other) if not one.base}
    words = other.get_section_by_name(".gnu.version")
    for index, one in enumerate(other.get_section_by_name(".dynsym").iter_symbols()):
        if not index:
            continue
        number = words.get_symbol(index).entry.ndx if words else 1
        number = number if isinstance(number, int) else 1
        library, version = {**defined, **versions}.get(number & 0x7FFF, (None, None))
        place = one.entry.st_shndx
        yield Symbol(
            name=one.name,
            defined=place != "SHN_UNDEF",
            binding=_BINDINGS[one.entry.st_info.bind],
            type=_TYPES[one.entry.st_info.type],
            visibility=one.entry.st_other.visibility.removeprefix("STV_").lower(),
            size=one.entry.st_size,
            section=place if isinstance(place, int) else {"SHN_UNDEF": 0, "SHN_ABS": 0xFFF1}[place],
            value=one.entry.st_value,
            version=version,
            library=library,
            is_default=not number & 0x8000,
        )


@pytest.mark.parametrize("path", _SYSTEM, ids=lambda path: path.name)
def test_libraries_of_this_system(path: Path) -> None:
    """Libraries of the system are read as pyelftools reads them: every symbol, version and library."""
    assert _same_as_elftools(path) > 10


@needs_gcc
@pytest.mark.parametrize("flags", [[], ["-s"], ["-Wl,--hash-style=sysv"], ["-Wl,-z,execstack", "-Wl,-rpath,/a:/b"]])
def test_a_library_of_this_compiler(tmp_path: Path, flags: list[str]) -> None:
    """A library with versions of its own and of another is read as pyelftools reads it."""
    needed = link(tmp_path / "libneeded.so", "int other(void) { return 1; }", versions="V_1 {}; V_2 { other; } V_1;")
    library = link(tmp_path / "libown.so", _CODE, *flags, needs=[needed], versions="O_1 { soft; }; O_2 { exported; };")
    assert 8 < _same_as_elftools(library)


@pytest.mark.skipif(_CLANG is None or _LLD is None, reason="clang 19 and its linker make libraries for other systems")
@pytest.mark.parametrize("target", _TARGETS)
def test_libraries_of_other_systems(tmp_path: Path, target: str) -> None:
    """Libraries of 32 and 64 bits and of either byte order are read as pyelftools reads them."""
    needed = _cross(tmp_path / "libneeded.so", "int other(void) { return 1; }", "V_1 { other; };", target)
    library = _cross(tmp_path / "libown.so", _CODE, "O_1 { soft; exported; data; };", target, needed)
    assert 6 < _same_as_elftools(library)
    with open_elf(library) as elf:
        assert _TARGETS[target] == elf.machine


def _cross(path: Path, code: str, versions: str, target: str, *needs: Path) -> Path:
    source, script = path.with_suffix(".c"), path.with_suffix(".map")
    source.write_text(code, "utf-8")
    script.write_text(versions, "utf-8")
    made = path.with_suffix(".o")
    subprocess.run([str(_CLANG), "-target", target, "-fPIC", "-c", "-o", made, source], check=True)
    flags = ["-shared", f"--version-script={script}", f"-soname={path.name}", "-z", "notext"]
    subprocess.run([str(_LLD), *flags, "-o", path, made, *needs], check=True)
    return path


def _parts(bits: int = 64, endian: str = "<", machine: int = X86_64) -> ElfParts:
    return ElfParts(
        bits=bits,
        endian=endian,
        machine=machine,
        soname="libown.so.1",
        rpath="/old",
        runpath="$ORIGIN:/lib",
        needed=["libc.so.6", "libplain.so", "libm.so.6"],
        symbols=[
            ElfSymbol(name="malloc", needs=("libc.so.6", "GLIBC_2.2.5")),
            ElfSymbol(name="close_range", info=0x22, needs=("libc.so.6", "GLIBC_2.34")),
            ElfSymbol(name="pow", needs=("libm.so.6", "GLIBC_2.29"), hidden=True),
            ElfSymbol(name="PyList_New"),
            ElfSymbol(name="own", defined=True, version="OWN_2", value=0x10, size=32),
            ElfSymbol(name="own_old", info=0x11, other=3, defined=True, version="OWN_1", hidden=True),
            ElfSymbol(name="single", info=0xA1, defined=True),
        ],
    )


@pytest.mark.parametrize(
    ("bits", "endian", "machine", "word"),
    [
        (64, "<", X86_64, "x86_64"),
        (64, ">", S390X, "s390x"),
        (64, ">", PPC64, "ppc64"),
        (64, "<", PPC64, "ppc64le"),
        (32, "<", I386, "i686"),
        (32, ">", MIPS, "mips"),
        (32, "<", 999, "e_machine 999"),
    ],
)
def test_files_without_sections(bits: int, endian: str, machine: int, word: str) -> None:
    """Everything is found through the program headers, in every class and byte order."""
    elf = ElfFile(make_elf(_parts(bits, endian, machine)), "file")
    assert (bits, word, "shared", ()) == (elf.bits, elf.machine, elf.kind, elf.sections)
    assert ("libc.so.6", "libplain.so", "libm.so.6") == elf.needed
    assert ("libown.so.1", ("/old",), ("$ORIGIN", "/lib")) == (elf.soname, elf.rpath, elf.runpath)
    assert (False, False) == (elf.executable_stack, elf.text_relocations)
    assert (
        VersionNeed("libc.so.6", "GLIBC_2.2.5", 4, weak=False),
        VersionNeed("libc.so.6", "GLIBC_2.34", 5, weak=True),
        VersionNeed("libm.so.6", "GLIBC_2.29", 6, weak=False),
    ) == elf.version_needs
    assert (
        VersionDefinition("libown.so.1", 1, base=True, parents=()),
        VersionDefinition("OWN_2", 2, base=False, parents=()),
        VersionDefinition("OWN_1", 3, base=False, parents=()),
    ) == elf.version_definitions
    assert [
        ("malloc", False, "global", "func", "GLIBC_2.2.5", "libc.so.6", True),
        ("close_range", False, "weak", "func", "GLIBC_2.34", "libc.so.6", True),
        ("pow", False, "global", "func", "GLIBC_2.29", "libm.so.6", False),
        ("PyList_New", False, "global", "func", None, None, True),
        ("own", True, "global", "func", "OWN_2", None, True),
        ("own_old", True, "global", "object", "OWN_1", None, False),
        ("single", True, "unique", "object", None, None, True),
    ] == [
        (one.name, one.defined, one.binding, one.type, one.version, one.library, one.is_default)
        for one in elf.symbols()
    ]
    own = next(one for one in elf.symbols() if one.name == "own")
    assert (0x10, 32, 1, "default") == (own.value, own.size, own.section, own.visibility)


@pytest.mark.parametrize(("stack", "executable"), [(6, False), (7, True), (None, True)])
def test_the_stack(stack: int | None, executable: bool) -> None:
    """A stack is executable when the file says so, and when it says nothing."""
    assert executable is ElfFile(make_elf(ElfParts(stack=stack)), "file").executable_stack


def test_text_relocations() -> None:
    """A file that says that its code is changed at loading is believed."""
    assert ElfFile(make_elf(ElfParts(text_relocations=True)), "file").text_relocations is True


def test_names_are_looked_for_quickly() -> None:
    """What occurs among the names of symbols, libraries and versions is found, and nothing else."""
    elf = ElfFile(make_elf(_parts()), "file")
    found = {text: elf.symbol_names_contain(text) for text in (b"\0PyList", b"GLIBC_2.34\0", b"\0Tensor", b"\x7fELF")}
    assert {b"\0PyList": True, b"GLIBC_2.34\0": True, b"\0Tensor": False, b"\x7fELF": False} == found


def test_an_empty_file(tmp_path: Path) -> None:
    """An empty file is named in the error."""
    (tmp_path / "empty").touch()
    with pytest.raises(BinaryError, match=r"empty: the file is empty"), open_elf(tmp_path / "empty"):
        pass


@pytest.mark.parametrize("size", [4, 16, 40, 64, 100, 200, 400])
@pytest.mark.parametrize("bits", [32, 64])
def test_what_is_cut(bits: int, size: int) -> None:
    """A file that ends within its headers or tables is an error that names it."""
    with pytest.raises(BinaryError, match="cut: "):
        list(ElfFile(make_elf(_parts(bits))[:size], "cut").symbols())


@pytest.mark.parametrize(("tag", "step"), [(_VERNEED, 12), (_VERDEF, 16)])
@pytest.mark.parametrize("distance", [0, 1])
def test_lists_that_lie_upon_each_other(tag: int, step: int, distance: int) -> None:
    """A list of versions that stops early, or that crawls on byte by byte, is an error and no endless work."""
    data = bytearray(make_elf(_parts()))
    place = ElfFile(bytes(data), "file").value(tag)
    assert place is not None
    data[place + step : place + step + 4] = struct.pack("<I", distance)
    elf = ElfFile(bytes(data), "file")
    with pytest.raises(BinaryError):
        _ = elf.version_needs, elf.version_definitions


def test_names_that_lie_upon_each_other() -> None:
    """Symbols whose names overlap cannot make a small file into a big answer."""
    count = 5000
    data = bytearray(make_elf(ElfParts(symbols=[ElfSymbol(name="x" * 50000), *[ElfSymbol(name="")] * count])))
    start, _ = ElfFile(bytes(data), "file").symbol_table
    for index in range(count):  # each gets the long name, from another place in it
        data[start + 24 * (index + 2) : start + 24 * (index + 2) + 4] = struct.pack("<I", index + 2)
    with pytest.raises(BinaryError, match="lie upon each other"):
        list(ElfFile(bytes(data), "file").symbols())


def _all(data: bytes) -> None:
    """Ask for everything there is to ask."""
    elf = ElfFile(data, "file")
    assert elf.bits in (32, 64)
    assert isinstance(elf.soname, str | None)
    _ = elf.needed, elf.rpath, elf.runpath, elf.executable_stack, elf.text_relocations, elf.version_definitions
    _ = elf.symbol_names_contain(b"Py"), elf.sections, list(elf.symtab())
    numbers = {need.index for need in elf.version_needs}
    assert {one.library for one in elf.symbols()} <= {need.library for need in elf.version_needs} | {None}
    assert all(0 <= number < 0x8000 for number in numbers)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("endian", ["<", ">"])
def test_changed_at_random(bits: int, endian: str) -> None:
    """A file with bytes changed or cut off is read or ends in our own error, and nothing else happens."""
    source = random.Random(f"{bits}{endian}")  # noqa: S311 - the same changes each time
    whole = make_elf(_parts(bits, endian))
    refused = 0
    for _ in range(_MUTATIONS):
        data = bytearray(whole)
        for _ in range(source.choice((1, 1, 2, 8))):
            data[source.randrange(len(data))] = source.choice((0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)))
        if source.random() < 0.1:
            del data[source.randrange(len(data)) :]
        try:
            _all(bytes(data))
        except BinaryError:
            refused += 1
    assert 0 < refused < _MUTATIONS
