"""The dynamic symbols of an ELF file by column: a quick look at tens of thousands, of which few are of interest.

What is asked of all symbols is a mask, a number with a byte for each of them that is 1 where the answer is yes; so that
it takes a few operations on long numbers and none on single symbols.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import compress
from typing import Literal

from kernel_builder.binary.elf import ElfFile

__all__ = ["Columns"]

_DT_VERSYM = 0x6FFFFFF0
_LOCAL, _GLOBAL, _WEAK, _UNIQUE = 0, 1, 2, 10
_SECTION, _FILE = 3, 4
_DEFAULT, _PROTECTED = 0, 3
_NUMBER = 0x7FFF
_BYTES = range(256)

# Tables for `bytes.translate`: 1 for a byte of which something holds.
_ZERO = bytes(one == 0 for one in _BYTES)
_LOW_OF_ABSOLUTE, _HIGH_OF_ABSOLUTE = (bytes(one == part for one in _BYTES) for part in (0xF1, 0xFF))
_NO_VERSION_LOW = bytes(one <= 1 for one in _BYTES)
_NO_VERSION_HIGH = bytes(one & 0x7F == 0 for one in _BYTES)
_NOT_LOCAL = bytes(one >> 4 != _LOCAL for one in _BYTES)
_OF_BINDING = {
    binding: bytes(one >> 4 == binding and one & 15 not in (_SECTION, _FILE) for one in _BYTES)
    for binding in (_GLOBAL, _UNIQUE)
}
_UNTYPED = bytes(one == _GLOBAL << 4 for one in _BYTES)
_VISIBLE = bytes(one & 3 in (_DEFAULT, _PROTECTED) for one in _BYTES)
#: What linkers define in every library to mark its parts.
_MARKS = frozenset({"_end", "_edata", "_etext", "__bss_start", "_init", "_fini", "__bss_start__", "__end__"})


class Columns:
    """The table of dynamic symbols; a symbol is its index.

    Args:
        elf: the file, which stays open meanwhile.

    Raises:
        BinaryError: when the table cannot be read.
    """

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._wide = elf.bits == 64  # noqa: PLR2004 - the two classes of the format
        self._size = 24 if self._wide else 16
        self._start, self._length = elf.symbol_table
        self._symbols = self._bytes(self._start, self._length * self._size)
        self._order: Literal["little", "big"] = "little" if elf.endian == "<" else "big"

    def _bytes(self, start: int, size: int) -> bytes:
        found: bytes = self._elf.data[start : start + size]
        if len(found) < size:
            self._elf.fail("it ends within its symbols")
        return found

    def _column(self, offset: int) -> bytes:
        return self._symbols[offset :: self._size]

    @cached_property
    def _info(self) -> bytes:
        return self._column(4 if self._wide else 12)

    @cached_property
    def _undefined(self) -> int:
        offset = 6 if self._wide else 14
        return _mask(self._column(offset), _ZERO) & _mask(self._column(offset + 1), _ZERO)

    @property
    def _absolute(self) -> int:
        offset = 6 if self._wide else 14
        low, high = (0, 1) if self._order == "little" else (1, 0)
        return _mask(self._column(offset + low), _LOW_OF_ABSOLUTE) & _mask(
            self._column(offset + high), _HIGH_OF_ABSOLUTE
        )

    @cached_property
    def _versions(self) -> bytes:
        address = self._elf.value(_DT_VERSYM)
        return b"" if address is None else self._bytes(self._elf.offset_of(address), 2 * self._length)

    def _indices(self, mask: int) -> list[int]:
        return list(compress(range(self._length), mask.to_bytes(self._length, "little"))) if mask else []

    def name(self, index: int) -> str:
        """The name of a symbol.

        Raises:
            BinaryError: when it lies outside the file's strings.
        """
        at = index * self._size
        return self._elf.string(int.from_bytes(self._symbols[at : at + 4], self._order))

    def is_weak(self, index: int) -> bool:
        """Whether a symbol may stay undefined, or be defined more than once."""
        return self._info[index] >> 4 == _WEAK

    @cached_property
    def undefined(self) -> list[int]:
        """The symbols that others are to define."""
        return self._indices(self._undefined & _mask(self._info, _NOT_LOCAL))

    @cached_property
    def unversioned(self) -> list[int]:
        """The undefined symbols that any library may define, in whichever version."""
        if not self._versions:
            return self.undefined
        self._check_numbers()
        low = 0 if self._order == "little" else 1
        versions = _mask(self._versions[low::2], _NO_VERSION_LOW) & _mask(
            self._versions[1 - low :: 2], _NO_VERSION_HIGH
        )
        return self._indices(self._undefined & _mask(self._info, _NOT_LOCAL) & versions)

    def _check_numbers(self) -> None:
        """A symbol of a version that there is not would pass for one that has a version."""
        elf = self._elf
        known = {0, 1, *(one.index for one in elf.version_needs), *(one.index for one in elf.version_definitions)}
        if {word & _NUMBER for word in set(elf.version_words(self._length))} - known:
            elf.fail("a symbol has a version that is not listed")

    def of_version(self, number: int) -> list[int]:
        """The undefined symbols of a version, which is called as in `.gnu.version`."""
        return self._by_version.get(number, [])

    @cached_property
    def _by_version(self) -> dict[int, list[int]]:
        words = self._elf.version_words(self._length)
        found: dict[int, list[int]] = {}
        for index in self.undefined if words else ():
            found.setdefault(words[index] & _NUMBER, []).append(index)
        return found

    @cached_property
    def unique(self) -> list[int]:
        """The symbols of which a process has one, whichever library they are in (STB_GNU_UNIQUE)."""
        return self._indices(self._exported(_UNIQUE))

    @property
    def strong(self) -> Iterator[int]:
        """The global symbols that the file defines for others, without those that linkers define."""
        return compress(range(self._length), self._strong)

    @property
    def strong_count(self) -> int:
        """How many they are."""
        return self._strong.count(1)

    @cached_property
    def _strong(self) -> bytearray:
        """A byte for each symbol, which is 1 for these."""
        found = bytearray(self._exported(_GLOBAL).to_bytes(self._length, "little"))
        marks = [index for index in self._indices(_mask(self._info, _UNTYPED)) if self.name(index) in _MARKS]
        if versions := {one.version for one in self._elf.version_definitions}:
            # Linkers define a symbol of no place for each version.
            marks += [index for index in self._indices(self._absolute) if self.name(index) in versions]
        for index in marks:
            found[index] = 0
        return found

    def _exported(self, binding: int) -> int:
        bound = _mask(self._info, _OF_BINDING[binding])
        visible = _mask(self._column(5 if self._wide else 13), _VISIBLE)
        return bound & visible & ~self._undefined


def _mask(column: bytes, table: bytes) -> int:
    return int.from_bytes(column.translate(table), "little")
