"""What an ELF file says to the dynamic loader: its dynamic section, symbols and symbol versions.

Everything is found as the loader finds it, through the program headers and the dynamic section, so that a file without
section headers or symbol table gives the same answers. Source of the format: the System V ABI and its GNU extensions
for symbol versions and hash tables.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf_values import (
    KINDS,
    MACHINES,
    Section,
    Symbol,
    VersionDefinition,
    VersionNeed,
    make_symbol,
)
from kernel_builder.binary.mapping import mapped

__all__ = ["ElfFile", "Section", "Symbol", "VersionDefinition", "VersionNeed", "open_elf"]

_IDENT_SIZE, _ELFCLASS64 = 16, 2
_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK, _PF_X = 1, 2, 0x6474E551, 1
_SHT_SYMTAB, _SHT_DYNSYM, _SHT_NOBITS = 2, 11, 8
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH = 1, 4, 5, 6, 10, 14, 15
_DT_TEXTREL, _DT_RUNPATH, _DT_FLAGS, _DT_GNU_HASH = 22, 29, 30, 0x6FFFFEF5
_DT_VERSYM, _DT_VERDEF, _DT_VERDEFNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_DF_TEXTREL = 4
#: There are numbers for 32767 versions; lists that are made to overlap would have billions of records.
_MAX_RECORDS = 1 << 17
#: Names are this much longer, taken together, than the table that they are in, only where a file is made to be so.
_MAX_OVERLAP, _MAX_NAMES = 64, 1 << 20
_VER_FLG_BASE, _VER_FLG_WEAK, _VERSYM_HIDDEN = 1, 2, 0x8000


class _Segment(NamedTuple):
    kind: int
    flags: int
    offset: int
    address: int
    file_size: int


@contextmanager
def open_elf(path: Path) -> Iterator["ElfFile"]:
    """Map a file and read it; its contents are only looked at where they are asked for.

    Raises:
        BinaryError: when it is no ELF file, or a header cannot be true.
        OSError: when it cannot be read.
    """
    with mapped(path) as data:
        yield ElfFile(data, str(path))


class ElfFile:
    """An ELF file in memory.

    Attributes:
        name: what messages call it.
        bits: 32 or 64.
        machine: the processor as in the names of systems, such as `x86_64`; `e_machine 123` for one without a name.
        kind: `shared`, `executable`, `relocatable` or `core`; `e_type 7` for one without a name.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str) -> None:
        self.data = data
        self.name = name
        self._size = len(data)
        self._records = self._name_bytes = 0
        if data[:4] != b"\x7fELF":
            self.fail("it is not an ELF file")
        if self._size < _IDENT_SIZE or data[4] not in (1, 2) or data[5] not in (1, 2):
            self.fail("its ELF header is damaged")
        self._wide = data[4] == _ELFCLASS64
        self.bits = 64 if self._wide else 32
        self._symbol_size = 24 if self._wide else 16
        self.endian = "<" if data[5] == 1 else ">"
        header = self.unpack("HHIQQQIHHHHHH" if self._wide else "HHIIIIIHHHHHH", _IDENT_SIZE)
        kind, machine, version, _, self._phoff, self._shoff, _, _, self._phsize, self._phnum, self._shsize, *rest = (
            header
        )
        self._shnum, self._shstrndx = rest
        if (data[6], version) != (1, 1):
            self.fail("its ELF header is of an unknown version")
        self.kind = KINDS.get(kind, f"e_type {kind}")
        self.machine = self._machine(machine)

    def _machine(self, number: int) -> str:
        name = MACHINES.get(number, f"e_machine {number}")
        return "ppc64le" if (name, self.endian) == ("ppc64", "<") else name

    def fail(self, what: str) -> NoReturn:
        """Say what is wrong with the file.

        Raises:
            BinaryError: always.
        """
        message = f"{self.name}: {what}"
        raise BinaryError(message)

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Numbers at a place in the file, in its byte order; `layout` is that of `struct`."""
        try:
            return struct.unpack_from(self.endian + layout, self.data, offset)
        except (struct.error, OverflowError):
            self.fail(f"it ends before byte {offset}, where its headers say that it goes on")

    def _text(self, offset: int) -> str:
        if not 0 <= offset < self._size:
            self.fail("a name lies outside the file")
        end = self.data.find(b"\0", offset)
        if end < 0:
            self.fail("a name has no end")
        return self.data[offset:end].decode("utf-8", "surrogateescape")

    @cached_property
    def _segments(self) -> tuple[_Segment, ...]:
        layout = "IIQQQQQQ" if self._wide else "IIIIIIII"
        if self._phnum and self._phsize != struct.calcsize("<" + layout):
            self.fail(f"its program headers have {self._phsize} bytes each")
        raw = self.data[self._phoff : self._phoff + self._phnum * self._phsize]
        if len(raw) < self._phnum * self._phsize:
            self.fail("it ends within its program headers")
        found = struct.iter_unpack(self.endian + layout, raw)
        if self._wide:
            return tuple(_Segment(kind, flags, offset, at, size) for kind, flags, offset, at, _, size, *_ in found)
        return tuple(_Segment(kind, flags, offset, at, size) for kind, offset, at, _, size, _, flags, _ in found)

    def offset_of(self, address: int) -> int:
        """Where in the file an address of its memory is."""
        for segment in self._segments:
            if segment.kind == _PT_LOAD and 0 <= address - segment.address < segment.file_size:
                return segment.offset + address - segment.address
        return self.fail(f"the address {address:#x} of a table lies in none of its segments")

    @cached_property
    def dynamic(self) -> dict[int, list[int]] | None:
        """The dynamic section: tag → its values in order; `None` where the file has none."""
        segment = self._last_segment(_PT_DYNAMIC)
        if segment is None:
            return None
        offset = self.offset_of(segment.address)
        if offset != segment.offset:
            self.fail("its headers name two places for its dynamic section")
        layout = self.endian + ("QQ" if self._wide else "II")
        size = segment.file_size - segment.file_size % struct.calcsize(layout)
        if offset + size > self._size:
            self.fail("it ends within its dynamic section")
        found: dict[int, list[int]] = {}
        for tag, value in struct.iter_unpack(layout, self.data[offset : offset + size]):
            if tag == 0:
                return found
            found.setdefault(tag, []).append(value)
        return self.fail("its dynamic section has no end")

    def _last_segment(self, kind: int) -> _Segment | None:
        """The loader goes by the last segment of a kind, and by the last value of a tag."""
        return next((segment for segment in reversed(self._segments) if segment.kind == kind), None)

    def value(self, tag: int) -> int | None:
        """The value of a tag of the dynamic section."""
        values = (self.dynamic or {}).get(tag)
        return values[-1] if values else None

    def strings_of(self, tag: int) -> tuple[str, ...]:
        """The strings that the values of a tag of the dynamic section stand for."""
        return tuple(self.string(offset) for offset in (self.dynamic or {}).get(tag, ()))

    @cached_property
    def string_table(self) -> tuple[int, int]:
        """The dynamic string table: its offset in the file and its size, in bytes."""
        address, size = self.value(_DT_STRTAB), self.value(_DT_STRSZ)
        if address is None or size is None:
            self.fail("its dynamic section names no strings")
        offset = self.offset_of(address)
        if offset + size > self._size:
            self.fail("it ends within its dynamic strings")
        return offset, size

    def string(self, offset: int) -> str:
        """A string of the dynamic string table."""
        end = self._dynamic_strings.find(b"\0", offset)
        if end < 0:
            self.fail("a name lies outside its dynamic strings, or has no end")
        self._name_bytes += end - offset
        if self._name_bytes > _MAX_OVERLAP * len(self._dynamic_strings) + _MAX_NAMES:
            self.fail("its names lie upon each other")
        return self._dynamic_strings[offset:end].decode("utf-8", "surrogateescape")

    @cached_property
    def _dynamic_strings(self) -> bytes:
        start, size = self.string_table
        return self.data[start : start + size]

    def symbol_names_contain(self, text: bytes) -> bool:
        """Whether some bytes occur among the names of the dynamic symbols and libraries; a quick look."""
        return self.dynamic is not None and text in self._dynamic_strings

    @property
    def needed(self) -> tuple[str, ...]:
        """The libraries that it needs (DT_NEEDED)."""
        return self.strings_of(_DT_NEEDED)

    @property
    def soname(self) -> str | None:
        """The name that it gives itself (DT_SONAME)."""
        return (self.strings_of(_DT_SONAME) or (None,))[-1]

    @property
    def rpath(self) -> tuple[str, ...]:
        """The folders of DT_RPATH."""
        return tuple(folder for text in self.strings_of(_DT_RPATH) for folder in text.split(":"))

    @property
    def runpath(self) -> tuple[str, ...]:
        """The folders of DT_RUNPATH."""
        return tuple(folder for text in self.strings_of(_DT_RUNPATH) for folder in text.split(":"))

    @property
    def executable_stack(self) -> bool:
        """Whether it asks for a stack that can be executed, as it also does by saying nothing."""
        segment = self._last_segment(_PT_GNU_STACK)
        return segment is None or bool(segment.flags & _PF_X)

    @property
    def text_relocations(self) -> bool:
        """Whether loading writes into its code."""
        return self.value(_DT_TEXTREL) is not None or bool((self.value(_DT_FLAGS) or 0) & _DF_TEXTREL)

    @cached_property
    def version_needs(self) -> tuple[VersionNeed, ...]:
        """The versions that it needs of other libraries (.gnu.version_r)."""
        address, count = self.value(_DT_VERNEED), self.value(_DT_VERNEEDNUM)
        found = []
        chain = self._chain(self.offset_of(address), count, "HHIII") if address is not None else ()
        for offset, (_, names, file, first, _) in chain:
            library = self.string(file)
            for _, (_, flags, index, name, _) in self._chain(offset + first, names, "IHHII"):
                is_weak = bool(flags & _VER_FLG_WEAK)
                found.append(VersionNeed(library, self.string(name), index & ~_VERSYM_HIDDEN, is_weak))
        return tuple(found)

    @cached_property
    def version_definitions(self) -> tuple[VersionDefinition, ...]:
        """The versions that it gives its own symbols (.gnu.version_d)."""
        address, count = self.value(_DT_VERDEF), self.value(_DT_VERDEFNUM)
        found = []
        chain = self._chain(self.offset_of(address), count, "HHHHIII") if address is not None else ()
        for offset, (_, flags, index, own, _, first, _) in chain:
            names = [self.string(name) for _, (name, _) in self._chain(offset + first, own, "II")]
            is_base = bool(flags & _VER_FLG_BASE)
            found.append(VersionDefinition(names[0], index & ~_VERSYM_HIDDEN, is_base, tuple(names[1:])))
        return tuple(found)

    def _chain(self, offset: int, count: int | None, layout: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The records of a linked list, each with its place; the last field is the distance to the next, 0 at the end.

        The loader goes by the distances and not by the count, so that one that is wrong would hide versions.
        """
        for left in range(count or 0, 0, -1):
            fields = self.unpack(layout, offset)
            self._records += 1
            if self._records > _MAX_RECORDS:
                self.fail("its lists of versions lie upon each other")
            if (fields[-1] == 0) != (left == 1):
                self.fail("a list of its versions does not end where it says")
            yield offset, fields
            offset += fields[-1]
        if not count:
            self.fail("a list of its versions is said to be empty")

    @cached_property
    def symbol_table(self) -> tuple[int, int]:
        """The dynamic symbols: their offset in the file and how many they are, with the empty first one."""
        address = self.value(_DT_SYMTAB)
        if address is None:
            return 0, 0
        offset = self.offset_of(address)
        room = min(self._bound(address), (self._size - offset) // self._symbol_size)
        return offset, min(max(self._counted(address), 1), room) if self._has_count else room

    @cached_property
    def _has_count(self) -> bool:
        return self.value(_DT_HASH) is not None or self._dynsym_section is not None

    @cached_property
    def _dynsym_section(self) -> tuple[int, int] | None:
        """What the section table says of the dynamic symbols: their address, and their size in bytes."""
        try:
            return next(((one[3], one[5]) for one in self._section_headers if one[1] == _SHT_DYNSYM), None)
        except BinaryError:  # the loader does not look at sections
            return None

    def _counted(self, address: int) -> int:
        """How many symbols the hash table and the section table count; a smaller number could hide symbols."""
        counts = [0]
        if (table := self.value(_DT_HASH)) is not None:
            # The hash table of s390x has entries of 8 bytes.
            layout = "QQ" if self.machine == "s390x" else "II"
            counts.append(self.unpack(layout, self.offset_of(table))[1])
        if self._dynsym_section is not None and self._dynsym_section[0] == address:
            counts.append(self._dynsym_section[1] // self._symbol_size)
        return max(counts)

    def _bound(self, address: int) -> int:
        """How many symbols there is room for before the next table; GNU's hash table does not count undefined ones."""
        tags = (_DT_STRTAB, _DT_HASH, _DT_GNU_HASH, _DT_VERSYM, _DT_VERDEF, _DT_VERNEED, 7, 17, 23)
        later = [value for tag in tags if (value := self.value(tag)) is not None and value > address]
        return (min(later) - address) // self._symbol_size if later else self._size

    def symbols(self) -> Iterator[Symbol]:
        """The dynamic symbols, in their order, with their versions.

        Raises:
            BinaryError: when the table cannot be read.
        """
        offset, count = self.symbol_table
        names = self.version_names
        versions = self.version_words(count)
        for index, fields in enumerate(self._raw_symbols(offset, count)):
            if index == 0:
                continue
            word = versions[index] if versions else 1
            library, version = names.get(word & ~_VERSYM_HIDDEN, (None, None))
            yield make_symbol(self.string(fields[0]), fields, version, library, is_default=not word & _VERSYM_HIDDEN)

    def symtab(self) -> Iterator[Symbol]:
        """The symbols of the whole table that stripping removes; none where it was removed."""
        table = next((section for section in self.sections if section.kind == _SHT_SYMTAB), None)
        if table is None or not table.link < len(self.sections):
            return
        strings = self.sections[table.link].offset
        count = min(table.size, self._size) // self._symbol_size
        for index, fields in enumerate(self._raw_symbols(table.offset, count)):
            if index:
                yield make_symbol(self._text(strings + fields[0]), fields, None, None, is_default=True)

    def _raw_symbols(self, offset: int, count: int) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Each symbol as name, info, other, section, value, size."""
        end = offset + count * self._symbol_size
        if end > self._size:
            self.fail("it ends within its symbols")
        if self._wide:
            yield from struct.iter_unpack(self.endian + "IBBHQQ", self.data[offset:end])
            return
        for name, value, size, info, other, section in struct.iter_unpack(
            self.endian + "IIIBBH", self.data[offset:end]
        ):
            yield name, info, other, section, value, size

    @cached_property
    def version_names(self) -> dict[int, tuple[str | None, str | None]]:
        """What `.gnu.version` says in numbers: the library that a version is needed from, and its name."""
        defined = {one.index: (None, one.version) for one in self.version_definitions if not one.base}
        return {**defined, **{need.index: (need.library, need.version) for need in self.version_needs}}

    def version_words(self, count: int) -> tuple[int, ...]:
        """`.gnu.version`: the version of each of so many symbols, as a number; none where the file has no versions."""
        address = self.value(_DT_VERSYM)
        return () if address is None or not count else self.unpack(f"{count}H", self.offset_of(address))

    @cached_property
    def _section_headers(self) -> list[tuple[int, ...]]:
        layout = self.endian + ("IIQQQQIIQQ" if self._wide else "IIIIIIIIII")
        if not self._shoff or not self._shnum:
            return []
        if self._shsize != struct.calcsize(layout):
            self.fail(f"its section headers have {self._shsize} bytes each")
        raw = self.data[self._shoff : self._shoff + self._shnum * self._shsize]
        if len(raw) < self._shnum * self._shsize:
            self.fail("it ends within its section headers")
        return list(struct.iter_unpack(layout, raw))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections; none in a file from which their table was removed."""
        raw = self._section_headers
        names = raw[self._shstrndx][4] if self._shstrndx < len(raw) else None
        return tuple(
            Section(
                "" if names is None else self._text(names + name), kind, address, offset,
                0 if kind == _SHT_NOBITS else size, link, entry_size,
            )
            for name, kind, _, address, offset, size, link, _, _, entry_size in raw
        )  # fmt: skip
