r"""Archives of object files (`ar`), read and written: GNU's variant, which all linkers on Linux read.

An archive is `!<arch>\n` and members, each behind a header of 60 characters and at an even place. The member `/` is
the index, in which linkers look for names; `//` holds the names of files that are longer than 15 characters.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from kernel_builder.binary import BinaryError

__all__ = ["Member", "read_archive", "write_archive"]

_MAGIC = b"!<arch>\n"
_HEADER = 60
_SHORT = 15


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        name: its name, without a folder.
        data: its contents.
        index: the names that a linker takes it for.
    """

    name: str
    data: bytes
    index: tuple[str, ...] = ()


def read_archive(data: bytes, path: str) -> Iterator[Member]:
    """The members of an archive in their order, without the index.

    Args:
        data: the archive.
        path: what messages call it.

    Raises:
        BinaryError: when the bytes are no such archive.
    """
    if not data.startswith(_MAGIC):
        message = f"{path}: it is not an archive of object files"
        raise BinaryError(message)
    at, long_names = len(_MAGIC), b""
    while at < len(data):
        header = data[at : at + _HEADER]
        size = header[48:58].strip()
        start = at + _HEADER
        if header[58:] != b"`\n" or not size.isdigit() or start + int(size) > len(data):
            message = f"{path}: the archive is damaged at byte {at}"
            raise BinaryError(message)
        name, content = header[:16].rstrip(), data[start : start + int(size)]
        if name == b"//":
            long_names = content
        elif name not in (b"/", b"/SYM64/"):
            yield Member(_member_name(name, long_names), content)
        at = start + int(size) + int(size) % 2


def _member_name(name: bytes, long_names: bytes) -> str:
    if name[:1] == b"/" and name[1:].isdigit():
        name = long_names[int(name[1:]) :].partition(b"\n")[0]
    return name.removesuffix(b"/").decode("utf-8", "surrogateescape")


def write_archive(members: Sequence[Member]) -> bytes:
    """An archive with its index; it says nothing of times, users or modes."""
    long_names = b"".join(_encoded(member.name) + b"\n" for member in members if len(member.name) > _SHORT)
    names = [(name, number) for number, member in enumerate(members) for name in member.index]
    strings = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name, _ in names)
    table = _packed("//", long_names) if long_names else b""
    index_size = 4 + 4 * len(names) + len(strings)
    first = len(_MAGIC) + _HEADER + index_size + index_size % 2 + len(table)
    places = list(accumulate((_HEADER + _even(len(member.data)) for member in members), initial=first))
    index = struct.pack(f">I{len(names)}I", len(names), *(places[number] for _, number in names)) + strings
    parts, long_at = [_MAGIC, _packed("/", index), table], 0
    for member in members:
        name = f"{member.name}/"
        if len(member.name) > _SHORT:
            name, long_at = f"/{long_at}", long_at + len(_encoded(member.name)) + 1
        parts.append(_packed(name, member.data))
    return b"".join(parts)


def _even(size: int) -> int:
    return size + size % 2


def _encoded(name: str) -> bytes:
    return f"{name}/".encode("utf-8", "surrogateescape")


def _packed(name: str, data: bytes) -> bytes:
    encoded = name.encode("utf-8", "surrogateescape")
    header = b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (encoded, 0, 0, 0, b"100644", len(data))
    return header + data + b"\n" * (len(data) % 2)
