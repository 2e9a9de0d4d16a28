"""Symbols of Python, held against its limited API."""

from pathlib import Path

import pytest
from support.libraries import module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernel_builder.checks.findings import Finding

pytestmark = needs_gcc


def _found(tmp_path: Path, name: str, python: tuple[int, int] | None = (3, 9)) -> list[Finding]:
    code = f"extern int {name}(void); void *keep = {name};"
    path = module(tmp_path / "kernel.abi3.so", code)
    return list(check_abi(path, AbiLimits(python=python)).findings)


@pytest.mark.parametrize("name", ["PyObject_Call", "PyList_Type", "_Py_Dealloc", "PyGILState_Ensure"])
def test_the_limited_api(tmp_path: Path, name: str) -> None:
    """Functions and data of the limited API are no finding."""
    assert [] == _found(tmp_path, name)


@pytest.mark.parametrize("name", ["PyUnicode_AsUTF8Unknown", "_PyObject_GetDictPtr", "PyFrame_New"])
def test_what_is_not_of_it(tmp_path: Path, name: str) -> None:
    """Another symbol of Python is told by name, with what to define."""
    [finding] = _found(tmp_path, name)
    assert ("python-not-limited", name, "3.9") == (finding.code, finding.symbol, finding.allowed)
    assert "Py_LIMITED_API" in (finding.remedy or "")


@pytest.mark.parametrize(("name", "since"), [("PyModule_AddObjectRef", "3.10"), ("PyBuffer_Release", "3.11")])
def test_what_came_later(tmp_path: Path, name: str, since: str) -> None:
    """A symbol that came after the oldest Python is told with both versions; with a newer oldest Python it passes."""
    [finding] = _found(tmp_path, name)
    assert ("python-too-new", name, since, "3.9") == (finding.code, finding.symbol, finding.needed, finding.allowed)
    assert [] == _found(tmp_path, name, (3, int(since.partition(".")[2])))


def test_no_limit(tmp_path: Path) -> None:
    """Without an oldest Python nothing is said of its symbols."""
    assert [] == _found(tmp_path, "_PyObject_GetDictPtr", None)
