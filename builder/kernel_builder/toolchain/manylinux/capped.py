"""The names of the host's libraries as they would be on the oldest system that a policy allows.

Each name is taken at its newest version that the policy allows, also where the host's library keeps that only for old
programs and links another; a name that has no such version is newer than the policy and is left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from kernel_builder.binary.elf import Symbol, open_elf
from kernel_builder.toolchain.manylinux.locate import library_facts
from kernel_builder.toolchain.manylinux.policy import Policy

__all__ = ["CappedLibraries", "CappedSymbol", "cap_libraries"]

_LIBC = "libc.so.6"
_ABSOLUTE = 0xFFF1
_PRIVATE = "_PRIVATE"
#: What glibc leaves behind in a library whose names have all moved: it stands for their versions.
_PLACEHOLDER = "_version_placeholder"
_NAME = re.compile(r"[\w.$]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedSymbol:
    """A name that a stub gives.

    Attributes:
        name: the name.
        version: its version, such as `GLIBC_2.2.5`; `None` where the host's library gives it none.
        type: `func`, `object` or `tls`.
        size: in bytes; programs that are not position-independent copy objects by it.
        weak: whether its binding is weak.
        place: where it is in the host's library: names of one place are one object.
    """

    name: str
    version: str | None
    type: str
    size: int
    weak: bool
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedLibraries:
    """What the libraries of a system that is as old as a policy offer, as far as the host's have it too.

    Attributes:
        libraries: the name of a library → its names, sorted; libraries without any are left out.
        newer: name → the oldest version that a host's library has it in, for names that no policy-abiding one has.
    """

    libraries: Mapping[str, tuple[CappedSymbol, ...]]
    newer: dict[str, str]

    @property
    def names(self) -> frozenset[str]:
        """The names of all libraries."""
        return frozenset(symbol.name for symbols in self.libraries.values() for symbol in symbols)


def cap_libraries(shared: Mapping[str, Path], policy: Policy) -> CappedLibraries:
    """Read the names of libraries and take each at the newest version that a policy allows.

    Args:
        shared: the name of a library → its file.
        policy: what is allowed.

    Raises:
        BinaryError: when a library cannot be read.
        OSError: when a file cannot be.
    """
    chosen: dict[str, dict[str, CappedSymbol]] = defaultdict(dict)
    newer: dict[str, str] = {}
    for library, path in sorted(shared.items()):
        for name, symbols in _by_name(library, path).items():
            allowed = [one for one in symbols if _is_allowed(policy, one.version)]
            if not allowed:
                newer.setdefault(name, min((one.version or "" for one in symbols), key=_number))
                continue
            newest = max(allowed, key=lambda one: (one.is_default, _number(one.version)))
            home = _home(name) if library == _LIBC and not newest.is_default else library
            # What a library has itself counts for more than what libc keeps of it.
            if home == library or name not in chosen[home]:
                chosen[home][name] = _capped(newest)
    found = {
        library: tuple(names[name] for name in sorted(names)) for library, names in sorted(chosen.items()) if names
    }
    offered = {name for names in chosen.values() for name in names}
    return CappedLibraries(
        libraries=found, newer={name: newer[name] for name in sorted(newer) if name not in offered and newer[name]}
    )


def _by_name(library: str, path: Path) -> dict[str, list[Symbol]]:
    """The names that a library offers, each with its versions; without those that are its own affair."""
    found: dict[str, list[Symbol]] = defaultdict(list)
    with open_elf(path) as elf:
        for symbol in filter(_is_offered, elf.symbols()):
            found[symbol.name].append(symbol)
    if library in library_facts()["gcc"]:
        return {name: symbols for name, symbols in found.items() if any(one.is_default for one in symbols)}
    return found


def _is_offered(symbol: Symbol) -> bool:
    return (
        symbol.defined
        and symbol.section != _ABSOLUTE
        and symbol.binding != "local"
        and symbol.visibility in ("default", "protected")
        and symbol.type in ("notype", "object", "func", "tls", "ifunc")
        and not (symbol.version or "").endswith(_PRIVATE)
        and not symbol.name.endswith(_PLACEHOLDER)
        and _NAME.match(symbol.name) is not None
    )


def _is_allowed(policy: Policy, version: str | None) -> bool:
    return version is None or policy.allows(version) is not False


def _number(version: str | None) -> tuple[int, ...]:
    """What versions are ordered by; those that are no numbers come first."""
    words = (version or "").partition("_")[2].split(".")
    return tuple(map(int, words)) if all(word.isdecimal() for word in words) else ()


def _home(name: str) -> str:
    """The library that had a name of libc before glibc 2.34."""
    homes: Iterator[str] = (
        library
        for library, patterns in library_facts()["moved"].items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    )
    return next(homes, _LIBC)


def _capped(symbol: Symbol) -> CappedSymbol:
    return CappedSymbol(
        name=symbol.name,
        version=symbol.version,
        # Whoever links need not know that a function is chosen when it is loaded.
        type=symbol.type if symbol.type in ("object", "tls") else "func",
        size=symbol.size,
        weak=symbol.binding == "weak",
        place=symbol.value,
    )
