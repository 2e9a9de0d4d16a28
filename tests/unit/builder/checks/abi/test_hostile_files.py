"""Files made to cost a reader more than their size is worth: a report comes all the same, soon and in little memory."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from support.elf_edit import Editor
from support.elf_files import ElfParts, ElfSymbol, make_elf
from support.macho_files import (
    CHAINED_FIXUPS,
    EXPORTS_TRIE,
    MachOParts,
    build_version,
    chained_fixups,
    make_macho,
    version,
)
from support.watch import bounded_memory, bounded_work

from kernel_builder.checks.abi import AbiLimits, check_abi

_SECONDS, _MEBIBYTES = 1.0, 256

_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SYMTAB, _STRSZ, _GNU_HASH, _HASH, _RUNPATH = 1, 5, 6, 10, 0x6FFFFEF5, 4, 29
_VERNEED, _VERNEEDNUM, _VERDEF, _VERDEFNUM = 0x6FFFFFFE, 0x6FFFFFFF, 0x6FFFFFFC, 0x6FFFFFFD
_MACOS = [build_version(1, version(15), 0)]
_MILLION = 1_000_000
_LONG_NAME = b"a" * _MILLION + b"\0"


def _elf(tail: Callable[[int], bytes], entries: Callable[[int], list[tuple[int, int]]]) -> bytes:
    """A library with more bytes behind it, and a dynamic section of its own; both know where the bytes begin."""
    editor = Editor(make_elf(ElfParts(symbols=[ElfSymbol(name="PyInit_kernel", defined=True)])))
    known = {tag: editor.number("Q", at) for tag, at in editor.dynamic()}
    start = len(editor.data)
    more = tail(start)
    more += bytes(-len(more) % 8)
    replaced = entries(start)
    known = {tag: value for tag, value in known.items() if tag not in {one for one, _ in replaced}}
    dynamic = b"".join(struct.pack("<QQ", *one) for one in [*known.items(), *replaced, (0, 0)])
    at = start + len(more)
    editor.data += more + dynamic
    load, section = editor.segment(_LOAD), editor.segment(_DYNAMIC)
    for field in (32, 40):
        editor.put("Q", load + field, len(editor.data))
    for field, value in ((8, at), (16, at), (32, len(dynamic))):
        editor.put("Q", section + field, value)
    return bytes(editor.data)


def _many_names(tag: int) -> bytes:
    """So many names, all of which are one long one."""
    names = [(tag, 0)] * 100_000
    return _elf(lambda _: _LONG_NAME, lambda at: [(_STRTAB, at), (_STRSZ, len(_LONG_NAME)), *names])


def _many_symbols() -> bytes:
    """So many undefined symbols, all with one long name."""
    symbols = bytes(24) + struct.pack("<IBBHQQ", 0, 0x12, 0, 0, 0, 0) * 100_000
    hash_table = struct.pack("<III", 1, 100_001, 0)

    def entries(at: int) -> list[tuple[int, int]]:
        strings = at + len(symbols)
        after = strings + len(_LONG_NAME)
        return [(_SYMTAB, at), (_STRTAB, strings), (_STRSZ, len(_LONG_NAME)), (_HASH, after)]

    return _elf(lambda _: symbols + _LONG_NAME + hash_table, entries)


def _shared_versions() -> bytes:
    """So many libraries that share one list of versions, and so many times more."""
    count, each = 1_000, 0xFFFF
    libraries = b"".join(
        struct.pack("<HHIII", 1, each, 0, 16 * (count - number), 16 * (number + 1 < count)) for number in range(count)
    )
    versions = b"".join(struct.pack("<IHHII", 0, 0, 2, 0, 16 * (number + 1 < each)) for number in range(each))
    return _elf(lambda _: libraries + versions, lambda at: [(_VERNEED, at), (_VERNEEDNUM, count)])


def _shared_definitions() -> bytes:
    """The same with the versions that the library gives."""
    count, each = 1_000, 0xFFFF
    definitions = b"".join(
        struct.pack("<HHHHIII", 1, 0, 2, each, 0, 20 * (count - number), 20 * (number + 1 < count))
        for number in range(count)
    )
    names = b"".join(struct.pack("<II", 0, 8 * (number + 1 < each)) for number in range(each))
    return _elf(lambda _: definitions + names, lambda at: [(_VERDEF, at), (_VERDEFNUM, count)])


def _long_chain() -> bytes:
    """A chain of hash values that goes on to the end of the file, and begins behind the symbol that is looked for."""
    value = 5381
    for byte in b"PyInit_kernel":
        value = value * 33 + byte & 0xFFFFFFFF
    table = struct.pack("<IIII", 1, 2, 0, 0) + struct.pack("<I", 2)
    return _elf(lambda _: table + struct.pack("<I", value & ~1) * 4 * _MILLION, lambda at: [(_GNU_HASH, at)])


def _many_segments() -> bytes:
    """As many program headers as the header can count."""
    data = bytearray(make_elf(ElfParts()))
    headers = data[64 : 64 + 3 * 56] + struct.pack("<IIQQQQQQ", _LOAD, 4, 0, 1 << 40, 0, 0, 0, 8) * (0xFFFE - 3)
    struct.pack_into("<QQ", data, 32, len(data), 0)
    struct.pack_into("<H", data, 56, 0xFFFE)
    return bytes(data + headers)


def _one_long_binding() -> bytes:
    """A long name that is bound so many times."""
    opcodes = b"\x11\x40_" + _LONG_NAME + b"\x72\x00" + b"\x90" * _MILLION
    return make_macho(MachOParts(commands=_MACOS, info=(b"", opcodes, b"", b"", b"")))


def _overlapping_imports() -> bytes:
    """So many imports of one long name."""
    data = bytearray(chained_fixups(["a" * _MILLION]))
    imports, symbols, count = struct.unpack_from("<III", data, 8)
    entry = data[imports : imports + 4]
    struct.pack_into("<II", data, 12, imports + 4 * _MILLION, _MILLION)
    assert count == 1
    return make_macho(
        MachOParts(commands=_MACOS, data={CHAINED_FIXUPS: bytes(data[:imports] + entry * _MILLION + data[symbols:])})
    )


def _deep_trie() -> bytes:
    """A trie of exports in which each node adds a letter, so that the names grow with its square."""
    count, size = 60_000, 9
    nodes = b""
    for number in range(1, count):
        place = size * number
        # Its symbol has flags and an address; one edge leads to the next node, whose place has seven bits a byte.
        nodes += b"\2\0\0\1a\0" + bytes([place & 0x7F | 0x80, place >> 7 & 0x7F | 0x80, place >> 14])
    return make_macho(MachOParts(commands=_MACOS, data={EXPORTS_TRIE: nodes + b"\2\0\0\0"}))


_HOSTILE: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "needed": (lambda: _many_names(_NEEDED), ["unreadable"]),
    "runpath": (lambda: _many_names(_RUNPATH), ["unreadable"]),
    "symbols": (_many_symbols, ["unreadable"]),
    "versions": (_shared_versions, ["unreadable"]),
    "definitions": (_shared_definitions, ["unreadable"]),
    "hash chain": (_long_chain, ["module-init"]),
    "segments": (_many_segments, []),
    "binding": (_one_long_binding, ["unreadable"]),
    "imports": (_overlapping_imports, ["unreadable"]),
    "exports": (_deep_trie, ["unreadable"]),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_what_is_made_to_take_long(tmp_path: Path, name: str) -> None:
    """No file of a few megabytes takes more than a second of processor time, or much memory; most are refused."""
    path = tmp_path / "kernel.abi3.so"
    make, codes = _HOSTILE[name]
    path.write_bytes(make())
    limits = AbiLimits(ops_id="kernel")
    with bounded_memory(_MEBIBYTES), bounded_work(_SECONDS):
        report = check_abi(path, limits)
    assert codes == [one.code for one in report.errors]
