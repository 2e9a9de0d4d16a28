"""What a Mach-O file says to the dynamic loader."""

import random
from pathlib import Path

import pytest
from support import macho_files as made
from support.macho_files import MachOParts, Nlist, make_fat, make_macho
from support.macho_links import link_with_lld, link_with_zig, llvm, needs_llvm, needs_zig

from kernel_builder.binary import BinaryError
from kernel_builder.binary.macho import MachOFile, MachOLibrary, MachOSymbol, MachOTarget, open_macho, read_macho

_TORCH, _SYSTEM = "@rpath/libtorch_cpu.dylib", "/usr/lib/libSystem.B.dylib"
_MUTATIONS = 3000


def _read(data: bytes) -> MachOFile:
    (file,) = read_macho(data, "file")
    return file


def _all(data: bytes) -> None:
    """Ask for everything there is to ask."""
    for file in read_macho(data, "file"):
        assert [] == [name for name in (*file.needed, *file.rpath, file.install_name or "") if "\0" in name]
        assert all(len(target.oldest) == len(target.sdk) for target in file.targets)
        assert all(symbol.library is None or symbol.library in file.needed for symbol in file.symbols())


@needs_llvm
@pytest.mark.parametrize("style", ["-fixup_chains", "-no_fixup_chains"])
@pytest.mark.parametrize(("machine", "word"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_a_linked_module(tmp_path: Path, machine: str, word: str, style: str) -> None:
    """What a real linker has written is read whole: header, libraries, system, and each symbol with its library."""
    with open_macho(link_with_lld(tmp_path, style, machine=machine)) as (file,):
        assert (64, word, "bundle", True) == (file.bits, file.machine, file.kind, file.two_level)
        assert ("@rpath/libhelper.dylib",) == file.needed
        assert ("@loader_path/lib",) == file.rpath
        assert file.install_name is None
        assert (MachOTarget("macos", (14, 2, 0), (15, 1, 0)),) == file.targets
        expected = {
            MachOSymbol("PyList_New", defined=False, weak=False),
            MachOSymbol("perhaps", defined=False, weak=True),
            MachOSymbol("helper", defined=False, weak=False, library="@rpath/libhelper.dylib"),
            MachOSymbol("PyInit_kernel", defined=True, weak=False),
            MachOSymbol("data", defined=True, weak=False),
            MachOSymbol("replaceable", defined=True, weak=True),
        }
        assert expected == {symbol for symbol in file.symbols() if symbol.name != "dyld_stub_binder"}


@needs_llvm
@pytest.mark.parametrize("flags", [["-x"], ["--strip-all"]])
@pytest.mark.parametrize("style", ["-fixup_chains", "-no_fixup_chains"])
def test_a_stripped_module(tmp_path: Path, style: str, flags: list[str]) -> None:
    """Stripping takes nothing away that the loader binds by, and so nothing that is read."""
    library = link_with_lld(tmp_path, style)
    with open_macho(library) as (file,):
        expected = set(file.symbols())
    llvm("llvm-strip", *flags, library)
    with open_macho(library) as (file,):
        assert expected == set(file.symbols())


@needs_llvm
def test_a_fat_file(tmp_path: Path) -> None:
    """Each slice of a fat file is a file of its own."""
    libraries = [link_with_lld(tmp_path, machine=machine) for machine in ("arm64", "x86_64")]
    llvm("llvm-lipo", "-create", *libraries, "-output", tmp_path / "fat.so")
    expected = set()
    for library in libraries:
        with open_macho(library) as (file,):
            expected.add((file.machine, tuple(file.symbols())))
    with open_macho(tmp_path / "fat.so") as files:
        assert expected == {(file.machine, tuple(file.symbols())) for file in files}


@needs_zig
@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
def test_it_agrees_with_lief(tmp_path: Path, machine: str) -> None:
    """Another reader says the same of a library by another linker: libraries, system, symbols and where they are."""
    lief = pytest.importorskip("lief", reason="lief is the other reader")
    library = link_with_zig(tmp_path, machine)
    other = lief.MachO.parse(str(library)).at(0)
    with open_macho(library) as (file,):
        assert machine == file.machine
        assert [one.name for one in other.libraries] == [file.install_name, *file.needed]
        target = MachOTarget("macos", tuple(other.build_version.minos), tuple(other.build_version.sdk))
        assert (target,) == file.targets
        symbols = list(file.symbols())
        undefined = {
            one.name: dict(enumerate(file.needed, 1)).get(one.library_ordinal) for one in other.imported_symbols
        }
        defined = {one.name for one in other.exported_symbols} | {"___dso_handle", "__mh_dylib_header"}
        assert {name: library for name, library in undefined.items() if name not in defined} == {
            _mangled(symbol.name): symbol.library for symbol in symbols if not symbol.defined
        }
        assert defined == {_mangled(symbol.name) for symbol in symbols if symbol.defined}
        assert 4 <= len(undefined) <= len(symbols)


def _mangled(name: str) -> str:
    return name if name == "dyld_stub_binder" else f"_{name}"


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
def test_every_class_and_byte_order(bits: int, endian: str) -> None:
    """Files of 32 and 64 bits in either byte order are read alike."""
    parts = MachOParts(
        bits=bits,
        endian=endian,
        machine=made.PPC,
        commands=[
            made.library("@rpath/libown.dylib", 0xD, endian),
            made.library(_SYSTEM, endian=endian),
            made.library(_TORCH, 0x80000018, endian),
            made.name_command("/opt/torch/lib", endian=endian),
            made.version_min(made.version(10, 15, 4), made.version(11), endian=endian),
        ],
        symbols=[
            Nlist(name="_malloc", description=0x0100),
            Nlist(name="_aoti_torch_zeros", description=0x0240),
            Nlist(name="_own", kind=0x0F, section=1, description=0x80, value=0x1000),
        ],
    )
    file = _read(make_macho(parts))
    assert (bits, "ppc", "dylib", "@rpath/libown.dylib") == (file.bits, file.machine, file.kind, file.install_name)
    assert ("/opt/torch/lib",) == file.rpath
    assert (MachOTarget("macos", (10, 15, 4), (11, 0, 0)),) == file.targets
    assert (
        MachOLibrary(_SYSTEM, "load", (2, 1, 3), (1, 0, 0)),
        MachOLibrary(_TORCH, "weak", (2, 1, 3), (1, 0, 0)),
    ) == file.libraries
    assert [
        MachOSymbol("malloc", defined=False, weak=False, library=_SYSTEM),
        MachOSymbol("aoti_torch_zeros", defined=False, weak=True, library=_TORCH),
        MachOSymbol("own", defined=True, weak=True),
    ] == list(file.symbols())


@pytest.mark.parametrize(
    ("machine", "subtype", "word"),
    [
        (made.ARM64, 0, "aarch64"),
        (made.ARM64, 0x80000002, "arm64e"),
        (made.X86_64, 3, "x86_64"),
        (made.X86_64, 8, "x86_64h"),
        (made.I386, 3, "i686"),
        (77, 0, "cputype 77"),
    ],
)
def test_processors(machine: int, subtype: int, word: str) -> None:
    """Processors have the names of systems; a subtype that not all of them load has a name of its own."""
    assert word == _read(make_macho(MachOParts(machine=machine, subtype=subtype))).machine


def test_kinds_of_libraries_count_alike() -> None:
    """Symbols number the libraries in the order of their commands, of whichever kind they are."""
    kinds = {0xC: "load", 0x80000018: "weak", 0x8000001F: "reexport", 0x20: "lazy", 0x80000023: "upward"}
    commands = [made.library(f"lib{kind}.dylib", number) for number, kind in kinds.items()]
    symbols = [Nlist(name=f"_{kind}", description=index + 1 << 8) for index, kind in enumerate(kinds.values())]
    file = _read(make_macho(MachOParts(commands=commands, symbols=symbols)))
    assert list(kinds.values()) == [one.kind for one in file.libraries]
    assert {kind: f"lib{kind}.dylib" for kind in kinds.values()} == {one.name: one.library for one in file.symbols()}


def test_symbols_of_no_library() -> None:
    """A symbol of the file itself, of the program or of anything loaded has no library, nor has one of a flat file."""
    ordinals = {"own": 0, "any": 0xFE, "program": 0xFF}
    symbols = [Nlist(name=f"_{name}", description=number << 8) for name, number in ordinals.items()]
    assert dict.fromkeys(ordinals) == {
        one.name: one.library for one in _read(make_macho(MachOParts(symbols=symbols))).symbols()
    }
    flat = MachOParts(flags=0, symbols=[Nlist(name="_flat", description=0x0700)])
    assert [None] == [one.library for one in _read(make_macho(flat)).symbols()]


def test_what_is_no_symbol_for_others() -> None:
    """Local, private and debugging symbols are left out; a common one is defined here."""
    symbols = [
        Nlist(name="_local", kind=0x0E, section=1),
        Nlist(name="_private", kind=0x1F, section=1),
        Nlist(name="_debugging", kind=0x24, section=1),
        Nlist(name="_common", value=16),
        Nlist(name="_prebound", kind=0x0D),
    ]
    found = {one.name: one.defined for one in _read(make_macho(MachOParts(symbols=symbols))).symbols()}
    assert {"common": True, "prebound": False} == found


@pytest.mark.parametrize("number", [1, 6, 99])
def test_systems(number: int) -> None:
    """A file may be for several systems; one without a name is called by its number."""
    names = {1: "macos", 6: "maccatalyst", 99: "platform 99"}
    commands = [made.build_version(platform, made.version(15), 0) for platform in (number, 2)]
    targets = _read(make_macho(MachOParts(commands=commands))).targets
    assert [names[number], "ios"] == [target.platform for target in targets]
    assert () == _read(make_macho(MachOParts())).targets


@pytest.mark.parametrize("wide", [False, True])
def test_fat_headers(wide: bool) -> None:
    """Both kinds of fat headers are read, with slices of any class."""
    slices = [make_macho(MachOParts(machine=made.I386, bits=32)), make_macho(MachOParts())]
    files = read_macho(make_fat(*slices, wide=wide), "file")
    assert ["i686", "aarch64"] == [file.machine for file in files]


_SYMBOLS = make_macho(
    MachOParts(commands=[made.library(_SYSTEM)], symbols=[Nlist(name="_malloc", description=0x0100)] * 3)
)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not a Mach-O file"),
        (b"\x7fELF" + bytes(60), "not a Mach-O file"),
        (_SYMBOLS[:20], "ends before byte"),
        (_SYMBOLS[:60], "ends within its load commands"),
        (_SYMBOLS[:-4], "ends before byte"),
        (b"\xca\xfe\xba\xbe" + bytes(4), "0 slices"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(2000), "65 slices"),
        (make_fat(_SYMBOLS)[:-1], "ends within a slice"),
        (make_fat(make_fat(_SYMBOLS)), "not a Mach-O file"),
        (make_fat(b"!<arch>\n"), "not a Mach-O file"),
        (make_macho(MachOParts(commands=[bytes(8)])), "a load command has 0 bytes"),
        (make_macho(MachOParts(commands=[made.command(0xC, bytes(8))])), "too short for what it is"),
        (make_macho(MachOParts(commands=[made.command(0xC, b"\xff" * 16)])), "outside its load command"),
        (make_macho(MachOParts(symbols=[Nlist(name="_malloc", description=0x0100)])), "and it loads 0"),
        (make_macho(MachOParts(commands=[made.command(2, bytes(16))] * 2)), "2 load commands of a kind"),
        (_SYMBOLS.replace(b"_malloc\0", b"_malloc!"), "has no end"),
    ],
)
def test_what_cannot_be_true(data: bytes, fault: str) -> None:
    """A file that is none, is cut short or contradicts itself ends in an error that says so."""
    with pytest.raises(BinaryError, match=fault):
        _all(data)


def test_names_that_lie_upon_each_other() -> None:
    """Symbols whose names overlap cannot make a small file into a big answer."""
    count = 1000
    data = bytearray(make_macho(MachOParts(symbols=[Nlist(name="_" + "x" * 20000)] + [Nlist(name="")] * count)))
    for index in range(count):  # each entry gets the long name, from another place in it
        at = 32 + 24 + (index + 1) * 16
        data[at : at + 4] = (1 + index).to_bytes(4, "little")
    with pytest.raises(BinaryError, match="lie upon each other"):
        _all(bytes(data))


def test_an_empty_file(tmp_path: Path) -> None:
    """An empty file is named in the error."""
    (tmp_path / "empty").touch()
    with pytest.raises(BinaryError, match=r"empty: the file is empty"), open_macho(tmp_path / "empty"):
        pass


def _whole() -> bytes:
    """A file with everything in it that is read."""
    chained = MachOParts(data={made.CHAINED_FIXUPS: made.chained_fixups(["_a", "_b"]), made.EXPORTS_TRIE: made.TRIE})
    opcodes = b"\x11\x40_malloc\0\x51\x72\x00\x90\x00"
    full = MachOParts(
        commands=[
            made.library("@rpath/libown.dylib", 0xD),
            made.library(_SYSTEM),
            made.library(_TORCH),
            made.name_command("@loader_path"),
            made.build_version(1, made.version(15), made.version(15)),
        ],
        symbols=[Nlist(name="_malloc", description=0x0100), Nlist(name="_f", kind=0x0F, section=1)],
        info=(b"", opcodes, opcodes, opcodes, made.TRIE),
    )
    return make_fat(make_macho(chained), make_macho(full))


@pytest.mark.parametrize("seed", range(4))
def test_changed_at_random(seed: int) -> None:
    """A file with bytes changed, cut off or moved is read or ends in our own error, and nothing else happens."""
    source = random.Random(seed)  # noqa: S311 - the same changes each time
    whole = _whole()
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
