"""The versions from which on something is so."""

import json
import re
from pathlib import Path

import kernels.minimums
from kernels.backend import MajorMinor
from kernels.minimums import minimum


def test_the_table_is_explained() -> None:
    """The file has the names that the module explains, each with a version of two numbers."""
    table = json.loads(Path(kernels.minimums.__file__).with_suffix(".json").read_bytes())

    assert re.findall(r"^``(\w+)``", kernels.minimums.__doc__ or "", re.MULTILINE) == list(table)
    assert table == {name: str(minimum(name)) for name in table}
    assert sorted(table) == list(table)


def test_a_minimum_is_a_version() -> None:
    """Versions compare by number."""
    assert MajorMinor(3, 9) < minimum("free_threaded_python")
