"""What a library defines for others, and what of that can clash with Torch or with another version of the kernel."""

from collections.abc import Iterator
from itertools import islice

from kernel_builder.binary.elf_columns import Columns
from kernel_builder.checks.abi.libraries import GROUPS_OF_TORCH, libraries
from kernel_builder.checks.abi.providers import find_definitions
from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.findings import Finding

__all__ = ["check_exports"]

#: What a kernel is to export: its module, and with tvm-ffi its functions.
_ENTRIES = ("PyInit_", "__tvm_ffi_")
_EXAMPLES = 3
#: Among more symbols than these, the few that are to be there change nothing.
_COUNTED = 200


def check_exports(subject: ElfSubject) -> Iterator[Finding]:
    """Look at the symbols that the file defines for others; weak ones, as C++ has them for templates, may be there.

    Raises:
        BinaryError: when its symbols cannot be read.
    """
    columns = subject.columns
    for index in columns.unique:
        name = columns.name(index)
        yield subject.find("unique-symbol", f"{name} is one for the whole process", **_about(subject, name))
    count = columns.strong_count if columns.strong_count > _COUNTED else len([*_extra(columns)])
    if not count:
        return
    yield from _check_clashes(subject)
    examples = ", ".join(columns.name(index) for index in islice(_extra(columns), _EXAMPLES))
    more = ", …" if count > _EXAMPLES else ""
    message = f"it exports {count} symbols beside its module: {examples}{more}"
    yield subject.find("extra-exports", message)


def _extra(columns: Columns) -> Iterator[int]:
    """What it exports beside its module."""
    if columns.strong_count > _COUNTED:
        return columns.strong
    return (index for index in columns.strong if not columns.name(index).startswith(_ENTRIES))


def _check_clashes(subject: ElfSubject) -> Iterator[Finding]:
    of_torch = [
        library for library in subject.elf.needed if any(library in libraries(group) for group in GROUPS_OF_TORCH)
    ]
    if not of_torch or not subject.limits.search:
        return
    names = [subject.columns.name(index) for index in _extra(subject.columns)]
    search = find_definitions(names, of_torch, subject.limits.search)
    for name in names:
        if library := search.found.get(name):
            yield subject.find("torch-symbol", f"it exports {name}, which {library} has too", **_about(subject, name))


def _about(subject: ElfSubject, name: str) -> dict[str, str | None]:
    return {"symbol": name, "origin": subject.origins.of(name, defined=True)}
