"""What a Mach-O file is made of, as values: the libraries it loads, the system it is for, symbols."""

from dataclasses import dataclass

__all__ = ["MachOLibrary", "MachOSymbol", "MachOTarget"]


@dataclass(frozen=True, slots=True)
class MachOLibrary:
    """A library that the file loads.

    Attributes:
        name: the name that it is installed as, such as `@rpath/libc10.dylib`.
        kind: `load`; `weak`, which may be absent; `reexport`, `upward` or `lazy`.
        current: the version that the file was linked against.
        compatible: the oldest version that it may be loaded with.
    """

    name: str
    kind: str
    current: tuple[int, int, int]
    compatible: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MachOTarget:
    """A system that the file is for.

    Attributes:
        platform: `macos`, `ios`, `maccatalyst`, …; `platform 99` for one without a name.
        oldest: the oldest version of the system that may load it: its deployment target.
        sdk: the version of the SDK that it was built with; `(0, 0, 0)` where that is not said.
    """

    platform: str
    oldest: tuple[int, int, int]
    sdk: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MachOSymbol:
    """A symbol that the file needs or offers.

    Attributes:
        name: its name as C has it: without the underscore that compilers of this format put in front.
        defined: whether this file defines it.
        weak: undefined, it may be absent; defined, another definition may take its place.
        library: the library that an undefined symbol is looked up in; `None` where any loaded one may have it.
    """

    name: str
    defined: bool
    weak: bool
    library: str | None = None
