"""The libraries that a library needs, looked into for the symbols that they define."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import open_elf
from kernel_builder.binary.elf_lookup import Lookup
from kernel_builder.checks.abi.libraries import is_system_library

__all__ = ["Search", "find_definitions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What came of looking for symbols.

    Attributes:
        found: symbol → the library that defines it.
        missing: the libraries that could not be looked into: any symbol may be theirs.
        reached: all libraries that were come to.
    """

    found: dict[str, str]
    missing: tuple[str, ...]
    reached: tuple[str, ...]


def find_definitions(names: Iterable[str], needed: Iterable[str], folders: Iterable[Path]) -> Search:
    """Look for symbols as the dynamic loader does: in the libraries that are needed, then in those that they need.

    Libraries of the system are not looked into, for they differ from machine to machine.

    Args:
        names: the symbols.
        needed: the names of libraries.
        folders: where libraries lie.
    """
    folders = tuple(folders)
    left = set(names)
    found: dict[str, str] = {}
    missing: list[str] = []
    queue = list(dict.fromkeys(needed))
    for library in queue:  # which grows meanwhile
        if not left:
            break
        if is_system_library(library):
            continue
        path = next((folder / library for folder in folders if (folder / library).is_file()), None)
        if path is None:
            missing.append(library)
            continue
        try:
            here, next_ones = _look(path, left)
        except (BinaryError, OSError):
            missing.append(library)
            continue
        found |= dict.fromkeys(here, library)
        left -= here
        queue += [one for one in next_ones if one not in queue]
    return Search(found=found, missing=tuple(missing), reached=tuple(queue))


def _look(path: Path, names: set[str]) -> tuple[set[str], tuple[str, ...]]:
    with open_elf(path) as elf:
        lookup = Lookup(elf)
        return {name for name in names if lookup.defines(name)}, elf.needed
