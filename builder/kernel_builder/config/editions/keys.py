"""The keys of all editions, and which of them a table has: also those that are misspelled.

A misspelled key is an error, but it tells the edition of a file, and what its value is for, as well as the right one.
"""

from typing import Any

from kernel_builder.config.model import FRAMEWORKS, General, KernelComponent, TorchExtension
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, closest
from kernel_builder.config.structure import field_specs

__all__ = ["COMPONENT", "GENERAL", "TABLES", "TORCH", "meant", "take"]


def _keys(cls: type[Any]) -> tuple[str, ...]:
    return tuple(spec.key for spec in field_specs(cls))


#: The tables of a file.
TABLES = ("general", *FRAMEWORKS, "kernel")
#: The keys of `[general]` in any edition.
GENERAL = (*_keys(General), "edition", "universal", "cuda-minver", "cuda-maxver")
#: The keys of `[torch]` in any edition.
TORCH = (*_keys(TorchExtension), "universal")
#: The keys of `[kernel.<id>]` in any edition.
COMPONENT = (*_keys(KernelComponent), "language")


def meant(table: Any, known: tuple[str, ...]) -> dict[str, str]:
    """Known key → the key of the table that is it, or was probably meant to be it; no key for what is no table."""
    keys = list(table) if isinstance(table, dict) else []
    found = {key: key for key in keys if key in known}
    for key in keys:
        if key not in known and (name := closest(key, known)):
            found.setdefault(name, key)
    return found


def take(table: dict[str, Any], key: str, path: KeyPath, known: tuple[str, ...], report: Report) -> tuple[KeyPath, Any]:
    """Take a key of an edition out of a table, also a misspelled one, which is noted.

    Returns:
        The path of the key as it was spelled, and its value; the empty path and `None` where there is no such key.
    """
    spelled = meant(table, known).get(key)
    if spelled is None:
        return (), None
    at = (*path, spelled)
    if spelled != key:
        report.error(at, "unknown key", suggestion=key, at_key=True)
    return at, table.pop(spelled)
