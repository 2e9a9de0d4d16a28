"""Parts of a Mach-O file, and the names in it."""

import mmap
import struct
from typing import NoReturn

from kernel_builder.binary import BinaryError

__all__ = ["MAX_NAME", "FilePart", "Names", "c_name"]

#: Names are this much longer, taken together, than the table that they are in, only where a file is made to be so.
_MAX_OVERLAP = 16
#: No name of a symbol is longer, in bytes.
MAX_NAME = 1 << 16


class FilePart:
    """A part of a file.

    Attributes:
        data: the file's bytes.
        name: what messages call the file.
        size: the size of the part, in bytes.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str, start: int, size: int) -> None:
        self.data = data
        self.name = name
        self.size = size
        self._start = start

    def fail(self, what: str) -> NoReturn:
        """Say what is wrong with the file.

        Raises:
            BinaryError: always.
        """
        message = f"{self.name}: {what}"
        raise BinaryError(message)

    def part(self, offset: int, size: int) -> bytes:
        """Some bytes of the part.

        Raises:
            BinaryError: when they lie outside it.
        """
        if offset + size > self.size:
            self.fail(f"it ends before byte {offset + size}, where its headers say that it goes on")
        return self.data[self._start + offset : self._start + offset + size]

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Numbers at a place in the part; `layout` is that of `struct`."""
        return struct.unpack(layout, self.part(offset, struct.calcsize(layout)))


class Names:
    """A table of names, each with a zero byte behind it.

    Args:
        file: the file, for messages.
        table: the bytes.
    """

    def __init__(self, file: FilePart, table: bytes) -> None:
        self._file = file
        self._table = table
        self._left = max(_MAX_OVERLAP * len(table), MAX_NAME)

    def at(self, offset: int) -> str:
        """The name at an offset, as C has it.

        Raises:
            BinaryError: when it lies outside the table or has no end.
        """
        end = self._table.find(b"\0", offset, offset + MAX_NAME)
        if end < 0:
            self._file.fail("a name lies outside the table of names, or has no end")
        self._left -= end - offset
        if self._left < 0:
            self._file.fail("its names lie upon each other")
        return c_name(self._table[offset:end])


def c_name(name: bytes) -> str:
    """A name of a symbol as C has it: without the underscore in front."""
    return name.removeprefix(b"_").decode("utf-8", "surrogateescape")
