"""The device code in a library for ROCm, read from the library itself.

clang puts it into the section `.hip_fatbin`: for each source a bundle of the magic text, the number of its entries
(8 bytes), and for each its place and size (8 each) and the length of its name (8) with the name, such as
`hipv4-amdgcn-amd-amdhsa--gfx942`. Source of the format: LLVM's documentation of clang-offload-bundler.
"""

import re
import struct
from pathlib import Path

from elftools.elf.elffile import ELFFile

__all__ = ["device_archs"]

_MAGIC = b"__CLANG_OFFLOAD_BUNDLE__"


def device_archs(library: Path) -> list[set[str]]:
    """For each source of a library, the devices that it has code for, which is not empty."""
    with library.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".hip_fatbin")
        data: bytes = section.data() if section else b""
    return [_archs(data, match.end()) for match in re.finditer(re.escape(_MAGIC), data)]


def _archs(data: bytes, place: int) -> set[str]:
    (count,) = struct.unpack_from("<Q", data, place)
    place += 8
    found = set()
    for _ in range(count):
        _, size, length = struct.unpack_from("<QQQ", data, place)
        name = data[place + 24 : place + 24 + length].decode("ascii")
        place += 24 + length
        if "amdgcn" in name and size:
            found.add(name.rpartition("-")[2])
    return found
