"""What an ELF file is made of, as values: versions, symbols, sections."""

from dataclasses import dataclass

__all__ = ["KINDS", "MACHINES", "Section", "Symbol", "VersionDefinition", "VersionNeed", "make_symbol"]

#: Numbers of the header: the processor as in the names of systems, and the kind of file.
MACHINES = {
    3: "i686",
    8: "mips",
    21: "ppc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
KINDS = {1: "relocatable", 2: "executable", 3: "shared", 4: "core"}

_BINDINGS = {0: "local", 1: "global", 2: "weak", 10: "unique"}
_TYPES = {0: "notype", 1: "object", 2: "func", 3: "section", 4: "file", 5: "common", 6: "tls", 10: "ifunc"}
_VISIBILITIES = ("default", "internal", "hidden", "protected")


@dataclass(frozen=True, slots=True)
class VersionNeed:
    """A version of a library's symbols that the file needs.

    Attributes:
        library: the name of the library.
        version: the version, such as `GLIBC_2.28`.
        index: what `.gnu.version` calls it.
        weak: whether only weak symbols need it.
    """

    library: str
    version: str
    index: int
    weak: bool


@dataclass(frozen=True, slots=True)
class VersionDefinition:
    """A version that the file gives its own symbols.

    Attributes:
        version: the version.
        index: what `.gnu.version` calls it.
        base: whether it is the name of the file itself.
        parents: the versions that it takes in.
    """

    version: str
    index: int
    base: bool
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol.

    Attributes:
        name: its name, without a version.
        defined: whether this file defines it.
        binding: `local`, `global`, `weak` or `unique`.
        type: `notype`, `object`, `func`, `tls`, `ifunc`, ….
        visibility: `default`, `internal`, `hidden` or `protected`.
        size: in bytes.
        section: the index of its section; 0 where it is not defined, 0xfff1 where it is absolute.
        value: its address.
        version: its version, where it has one.
        library: the library that an undefined symbol's version is needed from.
        is_default: whether it is what a linker takes when no version is asked for (`name@@version`).
    """

    name: str
    defined: bool
    binding: str
    type: str
    visibility: str
    size: int
    section: int
    value: int
    version: str | None = None
    library: str | None = None
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """A section's header: its name, type, place in memory and in the file (bytes), and the section it refers to."""

    name: str
    kind: int
    address: int
    offset: int
    size: int
    link: int
    entry_size: int


def make_symbol(
    name: str,
    fields: tuple[int, int, int, int, int, int],
    version: str | None,
    library: str | None,
    *,
    is_default: bool,
) -> Symbol:
    """A symbol from its raw fields: name, info, other, section, value, size."""
    _, info, other, section, value, size = fields
    return Symbol(
        name=name,
        defined=section != 0,
        binding=_BINDINGS.get(info >> 4, f"binding {info >> 4}"),
        type=_TYPES.get(info & 15, f"type {info & 15}"),
        visibility=_VISIBILITIES[other & 3],
        size=size,
        section=section,
        value=value,
        version=version,
        library=library,
        is_default=is_default,
    )
