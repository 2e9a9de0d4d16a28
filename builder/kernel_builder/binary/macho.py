"""What a Mach-O file says to the dynamic loader: the libraries and symbols it needs, what it exports, what it is for.

Source of the format: Apple's headers `mach-o/loader.h`, `fat.h` and `nlist.h`.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path

from kernel_builder.binary.macho_binding import bound_symbols
from kernel_builder.binary.macho_parts import FilePart, Names
from kernel_builder.binary.macho_values import MachOLibrary, MachOSymbol, MachOTarget
from kernel_builder.binary.mapping import mapped

__all__ = ["MachOFile", "MachOLibrary", "MachOSymbol", "MachOTarget", "open_macho", "read_macho"]

_MAGICS = {b"\xfe\xed\xfa\xce": (">", 32), b"\xfe\xed\xfa\xcf": (">", 64)}
_MAGICS |= {magic[::-1]: ("<", bits) for magic, (_, bits) in _MAGICS.items()}
#: A fat file: how its header describes a slice (type and subtype of the processor, offset and size of the slice, …).
_FAT = {b"\xca\xfe\xba\xbe": ">IIIII", b"\xca\xfe\xba\xbf": ">IIQQII"}
#: As many slices as a fat file may have; more is a class of Java, whose version stands where the count does.
_MAX_SLICES = 42

_MACHINES = {7: "i686", 12: "armv7l", 18: "ppc", 0x01000007: "x86_64", 0x0100000C: "aarch64", 0x01000012: "ppc64"}
#: Subtypes that an ordinary processor or process of their type does not load.
_SUBTYPES = {(0x01000007, 8): "x86_64h", (0x0100000C, 2): "arm64e"}
_SUBTYPE = 0x00FFFFFF
_KINDS = {1: "object", 2: "executable", 4: "core", 6: "dylib", 7: "dylinker", 8: "bundle", 10: "dsym", 11: "kext"}
_TWO_LEVEL = 0x80

_SYMTAB, _ID_DYLIB, _RPATH, _BUILD_VERSION = 0x2, 0xD, 0x8000001C, 0x32
_LIBRARIES = {0xC: "load", 0x80000018: "weak", 0x8000001F: "reexport", 0x20: "lazy", 0x80000023: "upward"}
_VERSION_MIN = {0x24: "macos", 0x25: "ios", 0x2F: "tvos", 0x30: "watchos"}
_PLATFORMS = {
    1: "macos",
    2: "ios",
    3: "tvos",
    4: "watchos",
    5: "bridgeos",
    6: "maccatalyst",
    7: "iossimulator",
    8: "tvossimulator",
    9: "watchossimulator",
    10: "driverkit",
    11: "visionos",
    12: "visionossimulator",
}

_N_STAB, _N_PRIVATE, _N_TYPE, _N_EXTERNAL = 0xE0, 0x10, 0x0E, 0x01
_N_UNDEFINED, _N_PREBOUND = 0x0, 0xC
_N_WEAK_REFERENCE, _N_WEAK_DEFINITION = 0x40, 0x80


@contextmanager
def open_macho(path: Path) -> Iterator[tuple["MachOFile", ...]]:
    """Map a file and read it; its contents are only looked at where they are asked for.

    Yields:
        The file, or each slice of a fat one.

    Raises:
        BinaryError: when it is no Mach-O file, or a header cannot be true.
        OSError: when it cannot be read.
    """
    with mapped(path) as data:
        yield read_macho(data, str(path))


def read_macho(data: bytes | mmap.mmap, name: str) -> tuple["MachOFile", ...]:
    """The file that some bytes are, or each slice of a fat one.

    Args:
        data: the bytes.
        name: what messages call them.

    Raises:
        BinaryError: when they are no Mach-O file, or a header cannot be true.
    """
    layout = _FAT.get(bytes(data[:4]))
    if layout is None:
        return (MachOFile(data, name, 0, len(data)),)
    whole = FilePart(data, name, 0, len(data))
    (count,) = whole.unpack(">I", 4)
    if not 0 < count <= _MAX_SLICES:
        whole.fail(f"its header speaks of {count} slices")
    slices = []
    for index in range(count):
        _, _, offset, size, *_ = whole.unpack(layout, 8 + index * struct.calcsize(layout))
        if offset + size > len(data):
            whole.fail("it ends within a slice")
        slices.append(MachOFile(data, name, offset, size))
    return tuple(slices)


class MachOFile(FilePart):
    """A Mach-O file, or a slice of a fat one.

    Attributes:
        bits: 32 or 64.
        machine: the processor as in the names of systems, such as `aarch64` (Apple's arm64) or `x86_64`. `arm64e` and
            `x86_64h` are apart, which not every process or processor loads; `cputype 99` for one without a name.
        kind: `bundle`, `dylib`, `executable`, `object`, …; `filetype 99` for one without a name.
        two_level: whether undefined symbols name the library that they are looked up in.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str, start: int, size: int) -> None:
        super().__init__(data, name, start, size)
        found = _MAGICS.get(bytes(data[start : start + min(4, size)]))
        if found is None:
            self.fail("it is not a Mach-O file")
        self.endian, self.bits = found
        header = self.unpack(self.endian + "IIIIII", 4)
        machine, subtype, kind, self._command_count, self._commands_size, flags = header
        self.machine = _SUBTYPES.get((machine, subtype & _SUBTYPE)) or _MACHINES.get(machine, f"cputype {machine}")
        self.kind = _KINDS.get(kind, f"filetype {kind}")
        self.two_level = bool(flags & _TWO_LEVEL)

    @cached_property
    def commands(self) -> tuple[tuple[int, bytes], ...]:
        """The load commands: the number of each, and its bytes with their header of eight."""
        at = 32 if self.bits == 64 else 28  # noqa: PLR2004 - the two classes of the format
        end = at + self._commands_size
        if end > self.size:
            self.fail("it ends within its load commands")
        found = []
        for _ in range(self._command_count):
            if at + 8 > end:
                self.fail("its load commands go on behind their end")
            number, size = self.unpack(self.endian + "II", at)
            if size < 8 or at + size > end:  # noqa: PLR2004 - the size of the header of a command
                self.fail(f"a load command has {size} bytes")
            found.append((number, self.part(at, size)))
            at += size
        return tuple(found)

    def fields(self, command: bytes, layout: str) -> tuple[int, ...]:
        """The fields of a load command, behind its header."""
        try:
            return struct.unpack_from(self.endian + layout, command, 8)
        except struct.error:
            self.fail("a load command is too short for what it is")

    def _text(self, command: bytes, offset: int) -> str:
        if offset >= len(command):
            self.fail("a name lies outside its load command")
        return command[offset:].partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def only(self, *numbers: int) -> bytes | None:
        """The load command of some kinds of which a file has one at most.

        Raises:
            BinaryError: when there are more, of which loaders and tools might each believe another.
        """
        found = [command for number, command in self.commands if number in numbers]
        if len(found) > 1:
            self.fail(f"it has {len(found)} load commands of a kind of which there is one")
        return found[0] if found else None

    def command_data(self, number: int) -> bytes:
        """What a load command says where to find at the end of the file; empty where there is no such command."""
        command = self.only(number)
        return b"" if command is None else self.part(*self.fields(command, "II"))

    @cached_property
    def libraries(self) -> tuple[MachOLibrary, ...]:
        """The libraries that it loads, in the order in which symbols number them, from 1."""
        found = []
        for number, command in self.commands:
            if number in _LIBRARIES:
                name, _, current, compatible = self.fields(command, "IIII")
                text = self._text(command, name)
                found.append(MachOLibrary(text, _LIBRARIES[number], _version(current), _version(compatible)))
        return tuple(found)

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of the libraries that it loads."""
        return tuple(library.name for library in self.libraries)

    @cached_property
    def install_name(self) -> str | None:
        """The name that a library gives itself (LC_ID_DYLIB)."""
        return next(iter(self._names(_ID_DYLIB)), None)

    @cached_property
    def rpath(self) -> tuple[str, ...]:
        """The folders that `@rpath` stands for (LC_RPATH)."""
        return tuple(self._names(_RPATH))

    def _names(self, wanted: int) -> Iterator[str]:
        for number, command in self.commands:
            if number == wanted:
                yield self._text(command, *self.fields(command, "I"))

    @cached_property
    def targets(self) -> tuple[MachOTarget, ...]:
        """The systems that it says it is for; none where it does not say."""
        found = []
        for number, command in self.commands:
            if number == _BUILD_VERSION:
                platform, oldest, sdk = self.fields(command, "III")
                found.append(MachOTarget(_platform(platform), _version(oldest), _version(sdk)))
            elif number in _VERSION_MIN:
                oldest, sdk = self.fields(command, "II")
                found.append(MachOTarget(_VERSION_MIN[number], _version(oldest), _version(sdk)))
        return tuple(found)

    def symbols(self) -> Iterator[MachOSymbol]:
        """The symbols that it needs of other libraries and those that it offers them; each once.

        They are those of the tables that the loader binds by, and of the symbol table, which may have been stripped.
        What it defines is not among what it needs, though another definition may take its place.

        Raises:
            BinaryError: when a table cannot be read.
        """
        found: dict[tuple[str, bool], MachOSymbol] = {}
        for symbol in chain(bound_symbols(self), self._listed()):
            found.setdefault((symbol.name, symbol.defined), symbol)
        for symbol in found.values():
            if symbol.defined or (symbol.name, True) not in found:
                yield symbol

    def _listed(self) -> Iterator[MachOSymbol]:
        """The external symbols of the symbol table."""
        command = self.only(_SYMTAB)
        if command is None:
            return
        offset, count, strings_offset, strings_size = self.fields(command, "IIII")
        layout = self.endian + ("IBBHQ" if self.bits == 64 else "IBBHI")  # noqa: PLR2004 - as above
        table = self.part(offset, count * struct.calcsize(layout))
        strings = Names(self, self.part(strings_offset, strings_size))
        for name, kind, _, description, value in struct.iter_unpack(layout, table):
            if not kind & _N_EXTERNAL or kind & (_N_STAB | _N_PRIVATE):
                continue
            # An undefined symbol with a value is a common one, which this file defines if no other does.
            defined = kind & _N_TYPE not in (_N_UNDEFINED, _N_PREBOUND) or bool(value)
            library = None if defined or not self.two_level else self.library_of(_signed(description >> 8))
            weak = bool(description & (_N_WEAK_DEFINITION if defined else _N_WEAK_REFERENCE))
            yield MachOSymbol(strings.at(name), defined, weak, library)

    def library_of(self, ordinal: int) -> str | None:
        """The library of a number; `None` for 0 and below, which are this file, the program and all that is loaded.

        Raises:
            BinaryError: when it loads no such library.
        """
        if ordinal <= 0:
            return None
        if ordinal > len(self.libraries):
            self.fail(f"a symbol is of library {ordinal}, and it loads {len(self.libraries)}")
        return self.libraries[ordinal - 1].name


def _signed(byte: int) -> int:
    """The number of a library in one byte; the highest ones stand for special places."""
    return byte - 256 if byte > 253 else byte  # noqa: PLR2004 - MAX_LIBRARY_ORDINAL


def _version(number: int) -> tuple[int, int, int]:
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


def _platform(number: int) -> str:
    return _PLATFORMS.get(number, f"platform {number}")
