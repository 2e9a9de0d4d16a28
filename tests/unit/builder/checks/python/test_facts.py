"""The tables agree with the Python and the Torch that run the tests."""

import builtins
import importlib
import inspect
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from support.projects import run_python

from kernel_builder.checks.python.facts import Version, python_facts, torch_facts

#: What is only there on other systems, when Python is built with more, or from setuptools.
_ELSEWHERE = (
    "distutils",
    "idlelib",
    "msilib",
    "ossaudiodev",
    "nis",
    "spwd",
    "crypt",
    "tkinter",
    "turtle",
    "curses",
    "lib2to3",
)
#: What distributions give older releases too, because it mends a weakness, or what depends on the system's headers.
_BACKPORTED = {
    "email.policy.Policy.verify_generated_headers",
    "socket.SOL_HCI",
    ("email.utils.getaddresses", "strict"),
    ("email.utils.parseaddr", "strict"),
}
_HERE: Version = (sys.version_info[0], sys.version_info[1])
_MISSING = object()


def _find(name: str) -> Any:
    """What a dotted name stands for here."""
    parts = name.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for length in range(len(parts), 0, -1):
            found = _module(".".join(parts[:length]))
            if found is not None:
                return _attributes(found, parts[length:])
        return _attributes(builtins, parts)


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _attributes(found: Any, names: list[str]) -> Any:
    for name in names:
        found = getattr(found, name, _MISSING)
    return found


def _names(table: dict[str, Version]) -> Iterator[tuple[str, Version]]:
    yield from ((name, version) for name, version in table.items() if name.split(".")[0] not in _ELSEWHERE)


def test_newer_names_are_not_there_yet() -> None:
    """Nothing that the table dates later than this Python is in it: no name would be refused wrongly."""
    early = {name for name, since in _names({**python_facts().added}) if since > _HERE and _find(name) is not _MISSING}
    assert set() == early - _BACKPORTED


def test_removed_names() -> None:
    """What the table says was removed is there before, and gone after."""
    wrong = [
        name for name, until in _names({**python_facts().removed}) if (_find(name) is _MISSING) != (until <= _HERE)
    ]
    assert [] == wrong


def test_newer_keywords() -> None:
    """A keyword that is dated later than this Python is not taken by the function, where its signature can be read."""
    early = set()
    for function, keywords in python_facts().keywords.items():
        try:
            parameters = inspect.signature(_find(function)).parameters.values()
        except (TypeError, ValueError):
            continue
        named = [one.name for one in parameters if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
        early |= {(function, word) for word, since in keywords.items() if since > _HERE and word in named}
    assert set() == early - _BACKPORTED


def test_modules() -> None:
    """Every module of this Python's standard library is in the table."""
    assert _HERE in python_facts().versions
    assert set() == sys.stdlib_module_names - python_facts().modules


@pytest.mark.parametrize("name", ["typing.Self", "itertools.pairwise", "tomllib", "anext", "ExceptionGroup"])
def test_well_known_names(name: str) -> None:
    """The table has what people use first."""
    assert python_facts().added[name] > (3, 9)


def test_functions_of_torch_that_register() -> None:
    """Each function takes the name where the table says, and nothing public of `torch.library` is forgotten."""
    library = pytest.importorskip("torch").library
    asking = {"get_ctx", "get_kernel", "infer_schema", "wrap_triton", "fallthrough_kernel", "opcheck"}
    known = {name.rpartition(".")[2] for name in torch_facts().registrations if name.startswith("torch.library.")}
    assert set() == {*library.__all__} - asking - known
    for name, (position, keyword) in torch_facts().registrations.items():
        function = _find(name)
        if name.startswith("torch.library.") and not name.endswith("_scoped_library"):
            assert keyword == [*inspect.signature(function).parameters][position], name


def test_namespaces_of_torch() -> None:
    """Every namespace that Torch has operators in when it is imported is known as its own."""
    pytest.importorskip("torch")
    # In a process of its own: what other tests import registers more.
    names = run_python("import torch; print(*torch._C._dispatch_get_all_op_names())").split()
    assert set() == {name.partition("::")[0] for name in names} - torch_facts().namespaces
