"""Mach-O files made byte by byte: every kind of file and header that no linker at hand writes."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "ARM64",
    "CHAINED_FIXUPS",
    "EXPORTS_TRIE",
    "I386",
    "PPC",
    "TRIE",
    "X86_64",
    "MachOParts",
    "Nlist",
    "build_version",
    "chained_fixups",
    "command",
    "library",
    "make_fat",
    "make_macho",
    "name_command",
    "version",
    "version_min",
]

ARM64, I386, PPC, X86_64 = 0x0100000C, 7, 18, 0x01000007
LOAD_DYLIB, ID_DYLIB, RPATH, BUILD_VERSION, VERSION_MIN_MACOS = 0xC, 0xD, 0x8000001C, 0x32, 0x24
SYMTAB, DYLD_INFO, EXPORTS_TRIE, CHAINED_FIXUPS = 0x2, 0x80000022, 0x80000033, 0x80000034
EXTERNAL, UNDEFINED, IN_SECTION = 0x01, 0x00, 0x0E


@dataclass(frozen=True, kw_only=True)
class Nlist:
    """An entry of the symbol table; `name` with its underscore."""

    name: str
    kind: int = UNDEFINED | EXTERNAL
    section: int = 0
    description: int = 0
    value: int = 0


@dataclass(frozen=True, kw_only=True)
class MachOParts:
    """What a file is made of: numbers of its header, load commands, symbols, and what other commands point to.

    `data` are the bytes that a load command of its number finds at the end of the file; those of LC_DYLD_INFO are its
    five parts: rebasing, binding, weak binding, lazy binding, exports.
    """

    bits: int = 64
    endian: str = "<"
    machine: int = ARM64
    subtype: int = 0
    kind: int = 6
    flags: int = 0x85
    commands: Sequence[bytes] = ()
    symbols: Sequence[Nlist] = ()
    data: dict[int, bytes] = field(default_factory=dict)
    info: tuple[bytes, bytes, bytes, bytes, bytes] | None = None


def command(number: int, body: bytes, endian: str = "<") -> bytes:
    """A load command, filled up to a multiple of eight bytes."""
    body += bytes(-len(body) % 8)
    return struct.pack(endian + "II", number, len(body) + 8) + body


def version(major: int, minor: int = 0, patch: int = 0) -> int:
    """A version as the format packs it."""
    return major << 16 | minor << 8 | patch


def library(name: str, number: int = LOAD_DYLIB, endian: str = "<") -> bytes:
    """A load command that names a library, in version 2.1.3, which 1.0.0 is compatible with."""
    return command(number, struct.pack(endian + "IIII", 24, 0, version(2, 1, 3), version(1)) + _text(name), endian)


def name_command(name: str, number: int = RPATH, endian: str = "<") -> bytes:
    """A load command that is a name."""
    return command(number, struct.pack(endian + "I", 12) + _text(name), endian)


def build_version(platform: int, oldest: int, sdk: int, endian: str = "<") -> bytes:
    """The load command that says which system a file is for."""
    return command(BUILD_VERSION, struct.pack(endian + "IIII", platform, oldest, sdk, 0), endian)


def version_min(oldest: int, sdk: int, number: int = VERSION_MIN_MACOS, endian: str = "<") -> bytes:
    """The load command that said it before there was the other."""
    return command(number, struct.pack(endian + "II", oldest, sdk), endian)


def make_macho(parts: MachOParts) -> bytes:
    """A file of its parts: the header, the load commands, and what they point to behind them."""
    wide = parts.bits == 64
    entry = parts.endian + ("IBBHQ" if wide else "IBBHI")
    names, entries = b"\0", b""
    for one in parts.symbols:
        entries += struct.pack(entry, len(names), one.kind, one.section, one.description, one.value)
        names += _text(one.name)
    count = len(parts.commands) + bool(parts.symbols) + len(parts.data) + (parts.info is not None)
    header = 32 if wide else 28
    size = sum(map(len, parts.commands)) + 24 * bool(parts.symbols) + 16 * len(parts.data) + 48 * bool(parts.info)
    tail = b""

    def put(data: bytes) -> tuple[int, int]:
        nonlocal tail
        place = header + size + len(tail)
        tail += data
        return place, len(data)

    commands = b"".join(parts.commands)
    if parts.symbols:
        (at, _), (names_at, names_size) = put(entries), put(names)
        body = struct.pack(parts.endian + "IIII", at, len(parts.symbols), names_at, names_size)
        commands += command(SYMTAB, body, parts.endian)
    for number, data in parts.data.items():
        commands += command(number, struct.pack(parts.endian + "II", *put(data)), parts.endian)
    if parts.info:
        places = [number for data in parts.info for number in put(data)]
        commands += command(DYLD_INFO, struct.pack(parts.endian + "10I", *places), parts.endian)
    magic = struct.pack(parts.endian + "I", 0xFEEDFACF if wide else 0xFEEDFACE)
    numbers = (parts.machine, parts.subtype, parts.kind, count, size, parts.flags, *([0] if wide else []))
    return magic + struct.pack(f"{parts.endian}{len(numbers)}I", *numbers) + commands + tail


def make_fat(*slices: bytes, wide: bool = False) -> bytes:
    """A fat file of slices, whose processors it does not repeat; `wide` with sizes of 64 bits."""
    layout = ">IIQQII" if wide else ">IIIII"
    header = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices))
    at = 8 + struct.calcsize(layout) * len(slices)
    rest = b""
    for one in slices:
        header += struct.pack(layout, 0, 0, at + len(rest), len(one), 0, *([0] if wide else []))
        rest += one
    return header + rest


def _text(name: str) -> bytes:
    return name.encode("utf-8") + b"\0"


#: A trie of exports: `_f`, `_foo`, and `_w`, which is weak.
TRIE = bytes.fromhex("00 01 5f00 05  00 02 6600 0d 7700 15  02 00 10 01 6f6f00 19  02 04 20 00  02 00 30 00")


def chained_fixups(names: Sequence[str], ordinal: int = 0, layout: int = 1, endian: str = "<") -> bytes:
    """Chained fixups that import names from a library, in one of the three formats of imports."""
    text, imports = b"", b""
    for name in names:
        if layout == 3:
            imports += struct.pack(endian + "QQ", ordinal & 0xFFFF | len(text) << 32, 0)
        else:
            imports += struct.pack(endian + "I", ordinal & 0xFF | len(text) << 9) + bytes(4 * (layout == 2))
        text += _text(name)
    return struct.pack(endian + "7I", 0, 28, 28, 28 + len(imports), len(names), layout, 0) + imports + text
