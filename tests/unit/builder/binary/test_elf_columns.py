"""The dynamic symbols of an ELF file, by column."""

from pathlib import Path

import pytest
from support.libraries import link, needs_gcc

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import ElfFile, open_elf
from kernel_builder.binary.elf_columns import Columns

pytestmark = needs_gcc

_CODE = """
extern int plain(void), named(void);
extern int maybe(void) __attribute__((weak));
static int inner(void) { return 1; }
__attribute__((visibility("hidden"))) int hidden(void) { return inner(); }
__attribute__((visibility("protected"))) int shielded(void) { return 1; }
__attribute__((weak)) int soft(void) { return 1; }
int data = 1;
int all(void) { return plain() + named() + (maybe ? maybe() : 0) + hidden() + soft(); }
__asm__(".type single, @gnu_unique_object\\n.globl single\\n.data\\nsingle: .long 1\\n.size single, 4\\n.text");
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with a symbol of each kind; it needs one with a version and two without."""
    needed = link(tmp_path / "libneeded.so", "int named(void) { return 1; }", versions="V_2 { named; };")
    return link(tmp_path / "libkinds.so", _CODE, needs=[needed])


def test_symbols_by_kind(library: Path) -> None:
    """Undefined, unversioned, strong and unique symbols are found, and what is local or a linker's own is left out."""
    with open_elf(library) as elf:
        columns = Columns(elf)
        assert {"plain", "named", "maybe"} == {columns.name(index) for index in columns.undefined}
        assert {"plain": False, "maybe": True} == {
            columns.name(index): columns.is_weak(index) for index in columns.unversioned
        }
        assert {"shielded", "data", "all"} == {columns.name(index) for index in columns.strong}
        assert ["single"] == [columns.name(index) for index in columns.unique]


def test_the_symbols_of_a_version(library: Path) -> None:
    """The undefined symbols of a version are found by its number."""
    with open_elf(library) as elf:
        columns = Columns(elf)
        numbers = {need.version: need.index for need in elf.version_needs}
        assert ["named"] == [columns.name(index) for index in columns.of_version(numbers["V_2"])]
        assert [] == columns.of_version(numbers["V_2"] + 1)


def test_they_are_those_of_the_slow_reader(library: Path) -> None:
    """The columns say the same as reading symbol by symbol."""
    with open_elf(library) as elf:
        columns = Columns(elf)
        symbols = list(elf.symbols())
        undefined = [symbol.name for symbol in symbols if not symbol.defined and symbol.binding != "local"]
        assert undefined == [columns.name(index) for index in columns.undefined]
        unversioned = [symbol.name for symbol in symbols if not symbol.defined and symbol.version is None]
        assert unversioned == [columns.name(index) for index in columns.unversioned]


def test_names_of_versions_are_no_exports(tmp_path: Path) -> None:
    """The symbols that linkers define for a library's own versions are not counted among what it exports."""
    library = link(tmp_path / "libown.so", "int own(void) { return 1; }", versions="OWN_1 { own; };")
    with open_elf(library) as elf:
        assert "OWN_1" in {symbol.name for symbol in elf.symbols()}
        columns = Columns(elf)
        assert ["own"] == [columns.name(index) for index in columns.strong]


def test_a_version_that_is_not_listed(library: Path) -> None:
    """A symbol whose version is in no list could pass for one that has a version: it is an error."""
    data = bytearray(library.read_bytes())
    with open_elf(library) as elf:
        [at] = [elf.offset_of(elf.value(0x6FFFFFF0) or 0)]
        index = Columns(elf).unversioned[0]
    data[at + 2 * index : at + 2 * index + 2] = (77).to_bytes(2, "little")
    with pytest.raises(BinaryError, match="a version that is not listed"):
        Columns(ElfFile(bytes(data), "odd")).unversioned  # noqa: B018 - reading is what is tested


def test_without_versions(tmp_path: Path) -> None:
    """A library that needs no version at all has unversioned symbols only."""
    library = link(tmp_path / "libplain.so", "extern int plain(void); int all(void) { return plain(); }")
    with open_elf(library) as elf:
        columns = Columns(elf)
        assert ["plain"] == [columns.name(index) for index in columns.unversioned]
        assert [] == columns.of_version(2)


def test_big_endian(tmp_path: Path) -> None:
    """The table of versions and the names are read in the byte order of the file."""
    library = link(tmp_path / "libplain.so", "extern int plain(void); int all(void) { return plain(); }")
    with open_elf(library) as elf:
        offset, length = elf.symbol_table
        swapped = bytearray(library.read_bytes())
        for at in range(offset, offset + length * 24, 24):
            swapped[at : at + 4] = swapped[at : at + 4][::-1]
            swapped[at + 6 : at + 8] = swapped[at + 6 : at + 8][::-1]
        columns = Columns(elf)
        columns._order = "big"  # noqa: SLF001 - no tools for such a system are at hand
        columns._symbols = bytes(swapped[offset : offset + length * 24])  # noqa: SLF001
        assert ["plain"] == [columns.name(index) for index in columns.unversioned]
        assert ["all"] == [columns.name(index) for index in columns.strong]


def test_a_file_that_ends_early(library: Path) -> None:
    """A table that goes beyond the end of the file is an error of ours."""
    with open_elf(library) as elf:
        offset, _ = elf.symbol_table
    with pytest.raises(BinaryError, match=r"ends within|lies outside"):
        Columns(ElfFile(library.read_bytes()[: offset + 30], "cut")).name(1)
