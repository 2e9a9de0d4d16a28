"""The stable ABI of Python: since which Python its symbols may be needed. Data, read once.

The source of the data is abi3info, which has it from CPython's own `stable_abi.toml`; `scripts/update_abi.py` refreshes
`python_abi.json`. Names that are of the ABI and not of the limited API are in it too: macros of the API expand to them.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["python_abi"]


@cache
def python_abi() -> Mapping[str, tuple[int, int]]:
    """The functions and objects of the stable ABI, and the Python that each came with, such as `(3, 9)`."""
    since = json.loads(Path(__file__).with_name("python_abi.json").read_text("utf-8"))["since"]
    found: dict[str, tuple[int, int]] = {}
    for version, names in since.items():
        major, _, minor = version.partition(".")
        found.update(dict.fromkeys(names, (int(major), int(minor))))
    return found
