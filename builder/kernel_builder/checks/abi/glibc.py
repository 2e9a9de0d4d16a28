"""The names of glibc's symbols that are newer than the oldest system that matters. Data, read once.

The source of the data are the lists of glibc's symbols that ziglang carries; `scripts/update_abi.py` refreshes
`glibc.json`. A name is as old as the first version that any library of glibc had it in: that it has since moved to
another library, or has a newer default version, makes it no newer.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["first_version"]


def first_version(name: str, machine: str) -> str | None:
    """The first version of glibc that has a symbol, in any of its libraries.

    Args:
        name: the name of the symbol, without a version.
        machine: the processor, as in the names of systems: `x86_64`.

    Returns:
        Such as `2.34`; `None` for a name that is not glibc's, that is as old as 2.17 or as glibc on that processor, and
        for a processor that the data do not have.
    """
    return _newer_names(machine).get(name)


@cache
def _newer_names(machine: str) -> Mapping[str, str]:
    document = json.loads(Path(__file__).with_name("glibc.json").read_text("utf-8"))
    found: dict[str, str] = {}
    for version, groups in document["since"].items():
        for machines, names in groups.items():
            if machine in machines.split():
                found.update(dict.fromkeys(names, version))
    return found
