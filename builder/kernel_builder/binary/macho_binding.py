"""The symbols that the loader of macOS binds a library by: what it imports and exports, whatever its symbol table says.

Source of the format: Apple's headers `mach-o/loader.h` (LC_DYLD_INFO, the opcodes of binding, the trie of exports) and
`mach-o/fixup-chains.h` (LC_DYLD_CHAINED_FIXUPS).
"""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kernel_builder.binary.macho_parts import MAX_NAME, Names, c_name
from kernel_builder.binary.macho_values import MachOSymbol

if TYPE_CHECKING:  # which asks for these symbols
    from kernel_builder.binary.macho import MachOFile

__all__ = ["bound_symbols"]

_DYLD_INFO = (0x22, 0x80000022)
_EXPORTS_TRIE, _CHAINED_FIXUPS = 0x80000033, 0x80000034

#: Formats of the imports of chained fixups: how an entry is laid out, and the bits of the number of its library.
_IMPORTS = {1: ("<I", 8), 2: ("<Ii", 8), 3: ("<QQ", 16)}
_SPECIAL = 3  # how many of the highest numbers of libraries are places: the program, all that is loaded, …

_SET_LIBRARY, _SET_LIBRARY_LONG, _SET_LIBRARY_SPECIAL, _SET_SYMBOL = 0x10, 0x20, 0x30, 0x40
#: The opcodes that have numbers behind them, and how many.
_NUMBERS = {0x60: 1, 0x70: 1, 0x80: 1, 0xA0: 1, 0xC0: 2}
_BIND = frozenset({0x90, 0xA0, 0xB0, 0xC0})
_THREADED = 0xD0
_WEAK_IMPORT = 1

_WEAK_EXPORT = 4
#: No library's exported names are longer, taken together.
_MAX_NAMES = 1 << 26


def bound_symbols(file: "MachOFile") -> Iterator[MachOSymbol]:
    """The symbols that a file imports and exports.

    Raises:
        BinaryError: when a table cannot be read.
    """
    if chained := file.command_data(_CHAINED_FIXUPS):
        yield from _chained(file, chained)
    yield from _exports(file, file.command_data(_EXPORTS_TRIE))
    command = file.only(*_DYLD_INFO)
    if command is None:
        return
    _, _, *places = file.fields(command, "10I")
    # What is bound at the start and at the first call; and what is bound to the first of several definitions.
    for start in (0, 4, 2):
        yield from _imports(file, file.part(*places[start : start + 2]))
    yield from _exports(file, file.part(*places[6:]))


def _chained(file: "MachOFile", data: bytes) -> Iterator[MachOSymbol]:
    try:
        _, _, imports, symbols, count, layout, compression = struct.unpack_from(file.endian + "7I", data)
    except struct.error:
        file.fail("its chained fixups are too short")
    if compression or layout not in _IMPORTS:
        file.fail("its chained fixups are in a format that is not known")
    entry, bits = _IMPORTS[layout]
    size = struct.calcsize(entry)
    if imports + count * size > len(data) or symbols > len(data):
        file.fail("its chained fixups end early")
    names = Names(file, data[symbols:])
    for first, *_ in struct.iter_unpack(entry.replace("<", file.endian), data[imports : imports + count * size]):
        ordinal = first & (1 << bits) - 1
        if ordinal >= (1 << bits) - _SPECIAL:
            ordinal -= 1 << bits
        weak = bool(first >> bits & 1)
        name = first >> (9 if bits == 8 else 32)  # noqa: PLR2004 - as the two kinds of entries lay it out
        yield MachOSymbol(names.at(name), defined=False, weak=weak, library=file.library_of(ordinal))


class _Cursor:
    """Reads a stream of opcodes or a node of the trie."""

    def __init__(self, file: "MachOFile", data: bytes, at: int = 0) -> None:
        self._file = file
        self._data = data
        self.at = at

    def byte(self) -> int:
        if self.at >= len(self._data):
            self._file.fail("a table of its symbols ends early")
        self.at += 1
        return self._data[self.at - 1]

    def number(self) -> int:
        """A number in seven bits a byte, the low ones first (ULEB128); its sign, where it has one, is not looked at."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value
            if shift > 63:  # noqa: PLR2004 - no number has more bits
                self._file.fail("a number in a table of its symbols has no end")

    def name(self) -> bytes:
        end = self._data.find(b"\0", self.at, self.at + MAX_NAME)
        if end < 0:
            self._file.fail("a name in a table of its symbols has no end")
        found = self._data[self.at : end]
        self.at = end + 1
        return found


def _imports(file: "MachOFile", opcodes: bytes) -> Iterator[MachOSymbol]:
    """What a stream of binding opcodes binds; the places that are bound do not matter here."""
    cursor = _Cursor(file, opcodes)
    name, weak, ordinal, is_told = "", False, 0, False
    while cursor.at < len(opcodes):
        byte = cursor.byte()
        opcode, immediate = byte & 0xF0, byte & 0x0F
        is_told &= not _SET_LIBRARY <= opcode <= _SET_SYMBOL
        if opcode == _SET_LIBRARY:
            ordinal = immediate
        elif opcode == _SET_LIBRARY_LONG:
            ordinal = cursor.number()
        elif opcode == _SET_LIBRARY_SPECIAL:
            ordinal = 0
        elif opcode == _SET_SYMBOL:
            name, weak = c_name(cursor.name()), bool(immediate & _WEAK_IMPORT)
        else:
            # Of the threaded opcodes the first has the size of a table behind it.
            numbers = not immediate if opcode == _THREADED else _NUMBERS.get(opcode, 0)
            for _ in range(numbers):
                cursor.number()
        if opcode in _BIND and not is_told:
            is_told = True
            yield MachOSymbol(name, defined=False, weak=weak, library=file.library_of(ordinal))


def _exports(file: "MachOFile", trie: bytes) -> Iterator[MachOSymbol]:
    """The names of the trie of exports, whose edges are parts of them."""
    waiting = [(0, b"")] if trie else []
    seen, left = set(), _MAX_NAMES
    while waiting:
        at, prefix = waiting.pop()
        if at in seen:
            file.fail("its exports lead to one place twice")
        seen.add(at)
        cursor = _Cursor(file, trie, at)
        size = cursor.number()
        children = cursor.at + size
        if size:
            flags = cursor.number()
            yield MachOSymbol(c_name(prefix), defined=True, weak=bool(flags & _WEAK_EXPORT))
        cursor.at = children
        for _ in range(cursor.byte()):
            name = prefix + cursor.name()
            left -= len(name)
            if left < 0:
                file.fail("the names of its exports have no end")
            waiting.append((cursor.number(), name))
