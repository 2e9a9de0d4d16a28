"""Which object file a symbol of a library comes from."""

from functools import cached_property
from pathlib import Path

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import open_elf

__all__ = ["Origins"]


class Origins:
    """Which of the object files that a library was linked from need or define a symbol.

    Args:
        objects: the object files; those that cannot be read are passed over, for they decide nothing.
    """

    def __init__(self, objects: tuple[Path, ...]) -> None:
        self._objects = objects

    def of(self, symbol: str, *, defined: bool = False) -> str | None:
        """The names of the object files that need a symbol, with commas between them; `None` where none is known.

        Args:
            symbol: its name.
            defined: name those that define it.
        """
        return ", ".join(self._found.get((symbol, defined), ())) or None

    @cached_property
    def _found(self) -> dict[tuple[str, bool], list[str]]:
        found: dict[tuple[str, bool], list[str]] = {}
        for path in self._objects:
            for key in _symbols(path):
                found.setdefault(key, []).append(path.name)
        return found


def _symbols(path: Path) -> set[tuple[str, bool]]:
    try:
        with open_elf(path) as elf:
            return {(symbol.name, symbol.defined) for symbol in elf.symtab() if symbol.binding != "local"}
    except (BinaryError, OSError):
        return set()
