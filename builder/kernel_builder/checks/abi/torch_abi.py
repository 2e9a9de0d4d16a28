"""The C functions of Torch's stable ABI: since which Torch they may be needed. Data, read once.

The source of the data are the headers of several releases of Torch; `scripts/update_abi.py` adds those of the Torch
that is installed to `torch_abi.json`. Headers guard functions with the release that they came with, but not all: of one
without a guard it is the first of those releases that has it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["torch_shims"]


@cache
def torch_shims() -> Mapping[str, tuple[int, int] | None]:
    """The functions, and the Torch that each came with, such as `(2, 11)`.

    Returns:
        `None` for those that the oldest of the releases already has, without a guard.
    """
    document = json.loads(Path(__file__).with_name("torch_abi.json").read_text("utf-8"))
    oldest = document["releases"][0]
    found: dict[str, tuple[int, int] | None] = {}
    for table in (document["guarded"], document["unguarded"]):
        for release, names in table.items():
            major, _, minor = release.partition(".")
            is_older = table is document["unguarded"] and release == oldest
            found.update(dict.fromkeys(names, None if is_older else (int(major), int(minor))))
    return found
