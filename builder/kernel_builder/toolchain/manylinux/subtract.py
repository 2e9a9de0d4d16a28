"""Takes names away from object files: what a shared library offers is not to be defined in an archive as well.

A name is made undefined where it stands in the symbol table, with its code left behind (`--gc-sections` removes that).
Whoever needs the name, also within the same file, then gets it from the shared library.
"""

import struct
from collections.abc import Callable, Container
from dataclasses import dataclass

from kernel_builder.binary import BinaryError
from kernel_builder.toolchain.manylinux.archive import Member, read_archive

__all__ = ["defined_names", "subtract"]

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little endian: all that manylinux kernels are linked for
_RELOCATABLE = 1
_SYMTAB, _TLS = 2, 6
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_DEFAULT, _PROTECTED = 0, 3
_SYMBOL = struct.Struct("<IBBHQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
#: References to personality routines, a copy in every file that needs one: nobody takes a file for their sake.
_REFERENCE = "DW.ref."


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a name is defined that other files can see: the offset of its symbol, and what that says."""

    offset: int
    name: str
    info: int
    visibility: int


def subtract(archive: bytes, names: Container[str], path: str) -> list[Member]:
    """The members of an archive without some names; those that define nothing else are left out.

    Args:
        archive: an archive of object files for 64-bit, little-endian processors.
        names: the names to take away.
        path: what messages call the archive.

    Raises:
        BinaryError: when the archive or a member cannot be read.
    """
    found = []
    for member in read_archive(archive, path):
        data = bytearray(member.data)
        left = []
        for place in _definitions(member.data, f"{path}({member.name})"):
            if place.name in names and place.visibility in (_DEFAULT, _PROTECTED):
                _undefine(data, place)
            else:
                left.append(place.name)
        if index := tuple(name for name in left if not name.startswith(_REFERENCE)):
            found.append(Member(member.name, bytes(data), index))
    return found


def defined_names(data: bytes, path: str) -> tuple[str, ...]:
    """The names that an object file defines for others.

    Raises:
        BinaryError: when it cannot be read.
    """
    return tuple(place.name for place in _definitions(data, path))


def _undefine(data: bytearray, place: _Place) -> None:
    """Make a symbol undefined; linkers still want to know whether it is thread-local."""
    type_ = place.info & 15 if place.info & 15 == _TLS else 0
    struct.pack_into("<BBHQQ", data, place.offset + 4, _GLOBAL << 4 | type_, 0, 0, 0, 0)


def _definitions(data: bytes, path: str) -> list[_Place]:
    if data[:6] != _MAGIC or struct.unpack_from("<H", data, 16)[0] != _RELOCATABLE:
        message = f"{path}: it is not an object file for a 64-bit, little-endian processor"
        raise BinaryError(message)
    try:
        return _read_definitions(data)
    except (struct.error, ValueError, IndexError):
        message = f"{path}: the object file is damaged"
        raise BinaryError(message) from None


def _read_definitions(data: bytes) -> list[_Place]:
    start, count = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<H", data, 60)[0]
    # Where there are too many sections for the header, the first one says how many they are.
    count = count or _SECTION.unpack_from(data, start)[5]
    sections = [_SECTION.unpack_from(data, start + number * _SECTION.size) for number in range(count)]
    found = []
    for _, kind, _, _, offset, size, link, first, _, _ in sections:
        if kind != _SYMTAB:
            continue
        text = _texts(data, sections[link][4])
        for place in range(offset + first * _SYMBOL.size, offset + size, _SYMBOL.size):
            name, info, other, section, _, _ = _SYMBOL.unpack_from(data, place)
            if section and info >> 4 in (_GLOBAL, _WEAK, _UNIQUE):
                found.append(_Place(place, text(name), info, other & 3))
    return found


def _texts(data: bytes, start: int) -> Callable[[int], str]:
    return lambda offset: data[start + offset : data.index(b"\0", start + offset)].decode("utf-8", "surrogateescape")
