"""A library under check: the file, its limits, and what several checks ask of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from kernel_builder.binary.elf import ElfFile
from kernel_builder.binary.elf_columns import Columns
from kernel_builder.binary.elf_lookup import Lookup
from kernel_builder.checks.abi.finding import found
from kernel_builder.checks.abi.model import AbiLimits
from kernel_builder.checks.abi.origin import Origins
from kernel_builder.checks.findings import Finding

__all__ = ["ElfSubject", "Subject"]

_PYTHON = ("Py", "_Py")


class Subject:
    """A library under check, of any format.

    Attributes:
        limits: what it may ask for.
        file: what findings call it.
        name: its last part: the name of the file.
        notes: what could not be looked at; the checks add to it.
    """

    def __init__(self, limits: AbiLimits, file: str) -> None:
        self.limits = limits
        self.file = file
        self.name = file.rpartition("/")[2]
        self.notes: list[str] = []

    def find(self, code: str, message: str, **fields: Any) -> Finding:
        """A finding about this file."""
        return found(code, message, file=self.file, **fields)

    @cached_property
    def origins(self) -> Origins:
        """Which object files its undefined symbols come from."""
        return Origins(self.limits.objects)

    @cached_property
    def python_names(self) -> tuple[str, ...]:
        """The undefined symbols that the interpreter defines."""
        return tuple(name for name in self.undefined if name.startswith(_PYTHON))

    @cached_property
    def open_names(self) -> tuple[str, ...]:
        """The other undefined symbols that may not stay so."""
        return tuple(name for name, weak in self.undefined.items() if not weak and not name.startswith(_PYTHON))

    @cached_property
    def undefined(self) -> Mapping[str, bool]:
        """The symbols that any library may define, in whichever version, and whether they may stay undefined.

        Raises:
            BinaryError: when the table of symbols cannot be read.
        """
        raise NotImplementedError

    def defines(self, name: str) -> bool:
        """Whether others can find a symbol in the library.

        Raises:
            BinaryError: when the table of symbols cannot be read.
        """
        raise NotImplementedError


class ElfSubject(Subject):
    """A library for Linux.

    Attributes:
        elf: the file, open.
    """

    def __init__(self, elf: ElfFile, limits: AbiLimits, file: str) -> None:
        super().__init__(limits, file)
        self.elf = elf

    @cached_property
    def columns(self) -> Columns:
        """Its dynamic symbols."""
        return Columns(self.elf)

    @cached_property
    def undefined(self) -> Mapping[str, bool]:
        """The undefined symbols that have no version."""
        columns = self.columns
        return {columns.name(index): columns.is_weak(index) for index in columns.unversioned}

    def defines(self, name: str) -> bool:
        """Whether the hash table has a symbol."""
        return Lookup(self.elf).defines(name)
