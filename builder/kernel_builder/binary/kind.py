"""What kind of binary a file is, by its first bytes."""

import struct
from pathlib import Path

__all__ = ["binary_kind"]

_MACHO = frozenset({0xFEEDFACE, 0xFEEDFACF, 0xCEFAEDFE, 0xCFFAEDFE, 0xCAFEBABF})
_FAT, _JAVA_FIRST = 0xCAFEBABE, 43
_HEAD = 8


def binary_kind(file: Path | bytes) -> str | None:
    """What kind of binary a file is: `elf`, `macho` (fat files too), `pe`, or `None` for another one.

    Args:
        file: the file, or its first bytes.

    Raises:
        OSError: when it cannot be read.
    """
    if isinstance(file, bytes):
        head = file[:_HEAD]
    else:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    if head[:4] == b"\x7fELF":
        return "elf"
    if head[:2] == b"MZ":
        return "pe"
    return "macho" if _is_macho(head) else None


def _is_macho(head: bytes) -> bool:
    if len(head) < _HEAD:
        return False
    magic, count = struct.unpack(">II", head)
    # The classes of Java have the magic number of fat files; a version stands where those have their few slices.
    return magic in _MACHO or (magic == _FAT and count < _JAVA_FIRST)
