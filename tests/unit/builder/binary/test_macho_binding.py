"""The tables that the loader of macOS binds a library by."""

import pytest
from support import macho_files as made
from support.macho_files import MachOParts, make_macho

from kernel_builder.binary import BinaryError
from kernel_builder.binary.macho import MachOSymbol, read_macho

_LIBRARY = "libother.dylib"


def _symbols(parts: MachOParts) -> list[MachOSymbol]:
    (file,) = read_macho(make_macho(parts), "file")
    return list(file.symbols())


def _bound(opcodes: bytes, *, lazy: bytes = b"", weak: bytes = b"") -> list[MachOSymbol]:
    return _symbols(MachOParts(commands=[made.library(_LIBRARY)], info=(b"", opcodes, weak, lazy, b"")))


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("layout", [1, 2, 3])
def test_imports_of_chained_fixups(layout: int, endian: str) -> None:
    """The imports of a file are found in each of the three formats, in either byte order."""
    data = made.chained_fixups(["_first", "_second"], 1, layout, endian)
    parts = MachOParts(
        endian=endian, commands=[made.library(_LIBRARY, endian=endian)], data={made.CHAINED_FIXUPS: data}
    )
    assert [
        MachOSymbol("first", defined=False, weak=False, library=_LIBRARY),
        MachOSymbol("second", defined=False, weak=False, library=_LIBRARY),
    ] == _symbols(parts)


@pytest.mark.parametrize("layout", [1, 3])
@pytest.mark.parametrize("ordinal", [0, -1, -2, -3])
def test_imports_from_anywhere(ordinal: int, layout: int) -> None:
    """The highest numbers of libraries are no libraries."""
    data = made.chained_fixups(["_any"], ordinal, layout)
    assert [None] == [one.library for one in _symbols(MachOParts(data={made.CHAINED_FIXUPS: data}))]


@pytest.mark.parametrize(
    ("opcodes", "library", "weak"),
    [
        (b"\x11\x40_f\0\x90\x00", _LIBRARY, False),
        (b"\x20\x01\x40_f\0\x90", _LIBRARY, False),
        (b"\x40_f\0\x11\xa0\x80\x01", _LIBRARY, False),
        (b"\x11\x41_f\0\x51\x60\x7f\x72\x80\x80\x04\xb3", _LIBRARY, True),
        (b"\x3e\x40_f\0\x80\x08\xc0\x02\x08", None, False),
        (b"\xd0\x05\x11\x40_f\0\x90\x72\x10\xd1", _LIBRARY, False),
    ],
)
def test_opcodes(opcodes: bytes, library: str | None, weak: bool) -> None:
    """Each way of setting a library and of binding a symbol is understood."""
    assert [MachOSymbol("f", defined=False, weak=weak, library=library)] == _bound(opcodes)


def test_the_streams_are_read_together() -> None:
    """A symbol that several streams bind is one; what names its library counts more than what does not."""
    found = _bound(b"\x11\x40_a\0\x90", lazy=b"\x11\x40_b\0\x90\x00\x11\x40_c\0\x90\x00", weak=b"\x40_b\0\x90")
    assert [("a", _LIBRARY), ("b", _LIBRARY), ("c", _LIBRARY)] == [(one.name, one.library) for one in found]


def test_a_symbol_that_is_set_and_not_bound() -> None:
    """Only what is bound is needed: a strong definition stands among the weak ones without being bound."""
    assert [] == _bound(b"", weak=b"\x48_strong\0")


def test_the_trie_of_exports() -> None:
    """The names are put together from their parts; a weak definition is told from the others."""
    expected = [("f", False), ("foo", False), ("w", True)]
    for parts in (MachOParts(data={made.EXPORTS_TRIE: made.TRIE}), MachOParts(info=(b"", b"", b"", b"", made.TRIE))):
        found = _symbols(parts)
        assert expected == sorted((one.name, one.weak) for one in found)
        assert [True] * 3 == [one.defined for one in found]


@pytest.mark.parametrize(
    ("opcodes", "fault"),
    [
        (b"\x13\x40_f\0\x90", "of library 3, and it loads 1"),
        (b"\x40_f", "has no end"),
        (b"\x20\xff", "ends early"),
        (b"\x20" + b"\xff" * 12, "has no end"),
    ],
)
def test_opcodes_that_cannot_be_true(opcodes: bytes, fault: str) -> None:
    """Opcodes that are cut short, or that name a library that is not loaded, are an error."""
    with pytest.raises(BinaryError, match=fault):
        _bound(opcodes)


@pytest.mark.parametrize(
    ("trie", "fault"),
    [
        (b"\x00\x01a\x00\x00", "to one place twice"),
        (b"\x00\x02a\x00\x08b\x00\x08\x00\x00", "to one place twice"),
        (b"\x00\x01a\x00\x70", "ends early"),
        (b"\x00\x01aaaa", "has no end"),
        (b"\x7f\x00", "ends early"),
        (b"\x00", "ends early"),
    ],
)
def test_exports_that_cannot_be_true(trie: bytes, fault: str) -> None:
    """A trie with a circle, or one that is cut short, is an error."""
    with pytest.raises(BinaryError, match=fault):
        _symbols(MachOParts(data={made.EXPORTS_TRIE: trie}))


def test_exports_whose_names_grow() -> None:
    """A small trie cannot spell names without end."""
    links = 20000
    nodes = b"".join(b"\x00\x01" + b"a" * 20 + b"\x00" + _three((index + 1) * 26) for index in range(links))
    with pytest.raises(BinaryError, match="the names of its exports have no end"):
        _symbols(MachOParts(data={made.EXPORTS_TRIE: nodes + bytes(2)}))


def _three(number: int) -> bytes:
    """A number as ULEB128 in three bytes."""
    return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\0" * 8, "are too short"),
        (made.chained_fixups(["_f"])[:-5], "end early"),
        (made.chained_fixups(["_f"])[:-1], "has no end"),
        (made.chained_fixups(["_f"], layout=1).replace(b"\x01", b"\x09", 2), "format that is not known"),
    ],
)
def test_chained_fixups_that_cannot_be_true(data: bytes, fault: str) -> None:
    """Chained fixups that are cut short, or in an unknown format, are an error."""
    with pytest.raises(BinaryError, match=fault):
        _symbols(MachOParts(data={made.CHAINED_FIXUPS: data}))
