"""Where the parts of an ELF file are, and edits of single numbers in them: faults that no linker makes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Editor", "Place", "edit"]

_TABLES = {
    4: "hash", 5: "strings", 6: "symbols", 0x6FFFFEF5: "gnu hash", 0x6FFFFFF0: "versions",
    0x6FFFFFFC: "version definitions", 0x6FFFFFFE: "version needs",
}  # fmt: skip
_LOAD, _DYNAMIC, _STRINGS_SIZE = 1, 2, 10


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the file: where it begins, and how many bytes it has."""

    start: int
    size: int

    @property
    def middle(self) -> int:
        """A byte within it."""
        return self.start + self.size // 2


class Editor:
    """An ELF file under edit; the file itself has to be sound.

    Attributes:
        data: its bytes.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.wide = data[4] == 2
        self.endian = "<" if data[5] == 1 else ">"
        self._word = "Q" if self.wide else "I"

    def number(self, layout: str, at: int) -> int:
        """A number of the file; `layout` is one letter of `struct`."""
        found: int = struct.unpack_from(self.endian + layout, self.data, at)[0]
        return found

    def put(self, layout: str, at: int, value: int) -> None:
        """Write a number; its upper bits are left out where there is no room for them."""
        bits = 8 * struct.calcsize("<" + layout)
        struct.pack_into(self.endian + layout, self.data, at, value & ((1 << bits) - 1))

    @property
    def header(self) -> Place:
        """The header of the file."""
        return Place(0, 64 if self.wide else 52)

    def segments(self) -> Iterator[tuple[int, int]]:
        """The program headers: the type of each, and where it is."""
        start, size = self.number(self._word, 32 if self.wide else 28), 56 if self.wide else 32
        for index in range(self.number("H", 56 if self.wide else 44)):
            yield self.number("I", start + index * size), start + index * size

    def segment(self, kind: int) -> int:
        """Where the first program header of a type is."""
        return next(at for found, at in self.segments() if found == kind)

    def _extent(self, at: int) -> tuple[int, int, int]:
        """Offset, address and size of a segment."""
        offset, address, size = (8, 16, 32) if self.wide else (4, 8, 16)
        return tuple(self.number(self._word, at + one) for one in (offset, address, size))  # type: ignore[return-value]

    def offset_of(self, address: int) -> int:
        """Where in the file an address of its memory is."""
        for kind, at in self.segments():
            offset, start, size = self._extent(at)
            if kind == _LOAD and start <= address < start + size:
                return offset + address - start
        message = f"no segment holds {address:#x}"
        raise ValueError(message)

    def dynamic(self) -> Iterator[tuple[int, int]]:
        """The entries of the dynamic section before its end: the tag of each, and where its value is."""
        offset, _, size = self._extent(self.segment(_DYNAMIC))
        word = 8 if self.wide else 4
        for at in range(offset, offset + size, 2 * word):
            if (tag := self.number(self._word, at)) == 0:
                return
            yield tag, at + word

    def set_dynamic(self, tag: int, value: int) -> None:
        """Give the first entry of a tag another value."""
        self.put(self._word, next(at for found, at in self.dynamic() if found == tag), value)

    def places(self) -> dict[str, Place]:
        """The parts that the dynamic loader reads; a table ends where the next part begins."""
        first = self.segment(next(kind for kind, _ in self.segments()))
        count, entry = sum(1 for _ in self.segments()), 56 if self.wide else 32
        offset, _, size = self._extent(self.segment(_DYNAMIC))
        found = {"header": self.header, "segments": Place(first, count * entry), "dynamic": Place(offset, size)}
        starts = {
            name: self.offset_of(self.number(self._word, at))
            for tag, at in self.dynamic()
            if (name := _TABLES.get(tag)) is not None
        }
        ends = sorted([*starts.values(), offset, len(self.data)])
        for name, start in starts.items():
            found[name] = Place(start, next(end for end in ends if end > start) - start)
        if "strings" in found:
            strings = next(self.number(self._word, at) for tag, at in self.dynamic() if tag == _STRINGS_SIZE)
            found["strings"] = Place(starts["strings"], strings)
        if sections := self.number(self._word, 40 if self.wide else 32):
            found["sections"] = Place(sections, len(self.data) - sections)
        return found

    def remove_sections(self) -> None:
        """Take the table of sections away, as the dynamic loader never looks at it."""
        self.put(self._word, 40 if self.wide else 32, 0)
        for at in (58, 60, 62) if self.wide else (46, 48, 50):
            self.put("H", at, 0)


def edit(path: Path) -> Editor:
    """The editor of a file; `path.write_bytes(editor.data)` writes it back."""
    return Editor(path.read_bytes())
