"""The device code in a library for CUDA, read from the library itself.

nvcc puts it into the section `.nv_fatbin` as a row of containers, each with a header of 16 bytes (magic number,
version, its own size, size of what follows). What follows are entries, each with a header: kind (2 bytes: 1 for PTX, 2
for machine code), version (2), its own size (4), size of the code (8), three numbers that do not matter here (12), the
architecture (4, at byte 28), the place and size of a name (8), and flags (8, at byte 40). NVIDIA does not document it;
what is said here agrees with the lists of cuobjdump 13.2 for libraries made by nvcc 13.0 and 13.2, but for the letter
f, which cuobjdump leaves out.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

__all__ = ["device_code"]

_MAGIC = 0xBA55ED50
_PTX, _MACHINE_CODE = 1, 2
_LETTERS = {0x100000: "a", 0x200000: "f"}


def device_code(library: Path) -> list[str]:
    """What a library has code for, as metadata names it: `["8.0", "9.0a", "12.0+PTX"]`, in ascending order."""
    with library.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".nv_fatbin")
        found = set(_entries(section.data() if section else b""))
    names = {kind: {arch for one, arch in found if one == kind} for kind in (_PTX, _MACHINE_CODE)}
    assert names[_PTX] <= names[_MACHINE_CODE]
    ordered = sorted(names[_MACHINE_CODE])
    return [
        f"{number // 10}.{number % 10}{letter}{'+PTX' if (number, letter) in names[_PTX] else ''}"
        for number, letter in ordered
    ]


def _entries(data: bytes) -> Iterator[tuple[int, tuple[int, str]]]:
    place = 0
    while place + 16 <= len(data):
        magic, _, header, size = struct.unpack_from("<IHHQ", data, place)
        if magic != _MAGIC:  # padding
            place += 8
            continue
        entry, place = place + header, place + header + size
        while entry < place:
            kind, _, own, length = struct.unpack_from("<HHIQ", data, entry)
            (arch,), (flags,) = struct.unpack_from("<I", data, entry + 28), struct.unpack_from("<Q", data, entry + 40)
            yield kind, (arch, "".join(letter for bit, letter in _LETTERS.items() if flags & bit))
            entry += own + length
