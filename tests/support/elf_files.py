"""ELF libraries made byte by byte: of any class, byte order and processor, and without a section table."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["AARCH64", "I386", "MIPS", "PPC64", "S390X", "X86_64", "ElfParts", "ElfSymbol", "make_elf"]

I386, MIPS, PPC64, S390X, X86_64, AARCH64 = 3, 8, 21, 22, 62, 183

_NEEDED, _HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT, _SONAME, _RPATH = 1, 4, 5, 6, 10, 11, 14, 15
_TEXTREL, _RUNPATH = 22, 29
_VERSYM, _VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_LOAD, _DYNAMIC, _GNU_STACK = 1, 2, 0x6474E551
_READ_EXECUTE, _READ_WRITE = 5, 6
_WEAK = 2
_HIDDEN = 0x8000


@dataclass(frozen=True, kw_only=True)
class ElfSymbol:
    """A dynamic symbol.

    Attributes:
        name: its name.
        defined: whether the library defines it.
        needs: the library and the version that it is needed from.
        version: the version that the library gives it.
        hidden: whether a linker takes the version only where it is asked for.
        info: its binding (high) and its type (low); a global function.
        other: its visibility.
        value: its address.
        size: its size, in bytes.
    """

    name: str
    defined: bool = False
    needs: tuple[str, str] | None = None
    version: str | None = None
    hidden: bool = False
    info: int = 0x12
    other: int = 0
    value: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class ElfParts:
    """What a library is made of; as it stands, a Python module that no check of its symbols has anything to say of.

    Attributes:
        bits: 32 or 64.
        endian: the byte order, as `struct` writes it.
        machine: the number of the processor.
        soname: its own name.
        rpath: folders, with colons between them.
        runpath: as `rpath`.
        needed: the libraries that it needs.
        symbols: its symbols.
        stack: the flags of its stack; `None` where it says nothing.
        text_relocations: whether it says that loading changes its code.
    """

    bits: int = 64
    endian: str = "<"
    machine: int = X86_64
    soname: str = ""
    rpath: str = ""
    runpath: str = ""
    needed: Sequence[str] = ()
    symbols: Sequence[ElfSymbol] = (ElfSymbol(name="PyInit_kernel", defined=True),)
    stack: int | None = _READ_WRITE
    text_relocations: bool = False


def make_elf(parts: ElfParts) -> bytes:
    """The file: header, program headers, and the tables, in one segment that is mapped at 0."""
    return _Maker(parts).make()


class _Maker:
    def __init__(self, parts: ElfParts) -> None:
        self.parts = parts
        self.wide = parts.bits == 64
        self.start = 64 + 3 * 56 if self.wide else 52 + 3 * 32
        self.body = b""
        self.strings = b"\0"
        self.dynamic: list[tuple[int, int]] = []
        own = dict.fromkeys(one.version for one in parts.symbols if one.version)
        needs = dict.fromkeys(one.needs for one in parts.symbols if one.needs)
        # Number 1 is that of the library itself, and of what has no version.
        self.numbers: dict[object, int] = {key: number for number, key in enumerate([*own, *needs], 2)}
        self.own, self.needs = list(own), list(needs)

    def make(self) -> bytes:
        parts = self.parts
        self.dynamic = [(_NEEDED, self.string(name)) for name in parts.needed]
        for tag, text in ((_SONAME, parts.soname), (_RPATH, parts.rpath), (_RUNPATH, parts.runpath)):
            self.dynamic += [(tag, self.string(text))] if text else []
        self.put(_SYMTAB, bytes(24 if self.wide else 16) + b"".join(map(self.symbol, parts.symbols)))
        self.put(_HASH, self.hash_table(len(parts.symbols) + 1))
        if self.numbers:
            words = [0, *(self.version_word(one) for one in parts.symbols)]
            self.put(_VERSYM, self.pack(f"{len(words)}H", *words))
        if self.needs:
            self.put(_VERNEED, self.version_needs())
        if self.own:
            self.put(_VERDEF, self.version_definitions())
            self.dynamic.append((_VERDEFNUM, len(self.own) + 1))
        self.dynamic += [(_TEXTREL, 0)] if parts.text_relocations else []
        self.dynamic += [(_SYMENT, 24 if self.wide else 16), (_STRSZ, len(self.strings))]
        self.put(_STRTAB, self.strings)
        word = "Q" if self.wide else "I"
        table = b"".join(self.pack(f"2{word}", *one) for one in [*self.dynamic, (0, 0)])
        return self.headers(self.append(table), len(table)) + self.body

    def pack(self, layout: str, *numbers: int) -> bytes:
        return struct.pack(self.parts.endian + layout, *numbers)

    def string(self, text: str) -> int:
        place = len(self.strings)
        self.strings += text.encode("utf-8", "surrogateescape") + b"\0"
        return place

    def append(self, data: bytes) -> int:
        self.body += bytes(-(self.start + len(self.body)) % 8)
        place = self.start + len(self.body)
        self.body += data
        return place

    def put(self, tag: int, data: bytes) -> None:
        self.dynamic.append((tag, self.append(data)))

    def symbol(self, one: ElfSymbol) -> bytes:
        section = 1 if one.defined else 0
        if self.wide:
            return self.pack("IBBHQQ", self.string(one.name), one.info, one.other, section, one.value, one.size)
        return self.pack("IIIBBH", self.string(one.name), one.value, one.size, one.info, one.other, section)

    def hash_table(self, count: int) -> bytes:
        """One bucket, whose chain is all symbols in their order."""
        words = [1, count, min(1, count - 1), 0, *range(2, count), 0][: count + 3]
        return self.pack(f"{len(words)}{'Q' if self.wide and self.parts.machine == S390X else 'I'}", *words)

    def version_word(self, one: ElfSymbol) -> int:
        return self.numbers.get(one.version or one.needs, 1) | (_HIDDEN if one.hidden else 0)

    def version_needs(self) -> bytes:
        libraries = dict.fromkeys(library for library, _ in self.needs)
        self.dynamic.append((_VERNEEDNUM, len(libraries)))
        found = b""
        for left, library in enumerate(reversed(libraries)):
            versions = [need for need in self.needs if need[0] == library]
            records = b""
            for index, need in enumerate(versions, 1):
                bindings = {one.info >> 4 for one in self.parts.symbols if one.needs == need}
                flags = _WEAK if bindings == {_WEAK} else 0
                step = 16 if index < len(versions) else 0
                name = self.string(need[1])
                records += self.pack("IHHII", _hash(need[1]), flags, self.numbers[need], name, step)
            step = 16 + len(records) if left else 0
            found = self.pack("HHIII", 1, len(versions), self.string(library), 16, step) + records + found
        return found

    def version_definitions(self) -> bytes:
        names = [self.parts.soname, *self.own]
        found = b""
        for number, name in enumerate(names, 1):
            step = 28 if number < len(names) else 0
            found += self.pack("HHHHIII", 1, number == 1, number, 1, _hash(name), 20, step)
            found += self.pack("II", self.string(name), 0)
        return found

    def headers(self, dynamic: int, dynamic_size: int) -> bytes:
        parts, size = self.parts, self.start + len(self.body)
        segments = [(_LOAD, _READ_EXECUTE, 0, size), (_DYNAMIC, _READ_WRITE, dynamic, dynamic_size)]
        segments += [] if parts.stack is None else [(_GNU_STACK, parts.stack, 0, 0)]
        header, entry = (64, 56) if self.wide else (52, 32)
        found = b"\x7fELF" + bytes([2 if self.wide else 1, 1 if parts.endian == "<" else 2, 1]) + bytes(9)
        layout = "HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH"
        found += self.pack(layout, 3, parts.machine, 1, 0, header, 0, 0, header, entry, len(segments), 0, 0, 0)
        for kind, flags, offset, length in segments:
            if self.wide:
                found += self.pack("IIQQQQQQ", kind, flags, offset, offset, offset, length, length, 8)
            else:
                found += self.pack("IIIIIIII", kind, offset, offset, offset, length, length, flags, 8)
        return found.ljust(self.start, b"\0")


def _hash(name: str) -> int:
    """The hash of a name, as the System V ABI has it."""
    value = 0
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value
