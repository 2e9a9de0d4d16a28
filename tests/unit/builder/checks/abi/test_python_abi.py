"""The table of Python's stable ABI."""

import ctypes
import sys

import pytest

from kernel_builder.checks.abi.python_abi import python_abi


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("PyList_New", (3, 2)),
        ("PyExc_ValueError", (3, 2)),
        ("_Py_NoneStruct", (3, 2)),
        ("PyModule_AddType", (3, 10)),
        ("PyType_GetName", (3, 11)),
        ("PyBuffer_Release", (3, 11)),
        ("_Py_IncRef", (3, 10)),
        ("PyUnicode_AsUTF8", None),
        ("PyThreadState_GetUnchecked", None),
    ],
)
def test_some_names(name: str, since: tuple[int, int] | None) -> None:
    """Functions and objects are there with their Python, those behind macros too; others are not there."""
    assert since == python_abi().get(name)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the stable ABI is CPython's")
def test_this_python_has_them() -> None:
    """This Python exports what came with its release or before, but for what only some systems and builds have."""
    here = ctypes.pythonapi
    names = [name for name, since in python_abi().items() if since <= sys.version_info[:2]]
    absent = [name for name in names if not _has(here, name)]
    assert len(absent) < len(names) // 20
    expected = "PyErr_SetExcFromWindowsErr"
    assert (expected in absent) == (sys.platform != "win32")


def _has(library: ctypes.PyDLL, name: str) -> bool:
    try:
        ctypes.c_char.in_dll(library, name)
    except ValueError:
        return False
    return True
