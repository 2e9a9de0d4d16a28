"""Older editions as data of the model, and what is said of it."""

import copy
from typing import Any

import pytest

from kernel_builder.config.editions.lift import UNIVERSAL_BACKENDS, lift
from kernel_builder.config.positions import KeyPath, Positions
from kernel_builder.config.reader import read_text
from kernel_builder.config.report import Report

_ALL = list(UNIVERSAL_BACKENDS)
_CPU = {"backend": "cpu", "depends": [], "src": ["a.cpp"]}


_UPDATE = "`kernel-builder update-build` brings it to edition 5"


def _lift(data: dict[str, Any], edition: int) -> tuple[dict[str, Any], Report]:
    report = Report(Positions(), edition)
    before = copy.deepcopy(data)
    lifted = lift(data, report)
    assert before == data
    return lifted, report


def _said(report: Report) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.key, finding.message) for finding in report.findings()]


@pytest.mark.parametrize("edition", [4, 5])
def test_the_editions_4_and_5_are_those_of_the_model(edition: int) -> None:
    """Nothing changes, and there is nothing to say."""
    data = {"general": {"name": "a"}, "kernel": {"a": _CPU}}
    lifted, report = _lift(data, edition)
    assert (data, []) == (lifted, _said(report))


@pytest.mark.parametrize(
    ("edition", "data", "at"),
    [
        (1, {"general": {"name": "a"}, "torch": {"universal": True, "src": [], "pyext": ["py"]}}, "torch.universal"),
        (2, {"general": {"name": "a", "universal": True}, "torch": {"pyext": ["py"]}}, "general.universal"),
    ],
)
def test_a_universal_kernel_is_python_only_for_all_backends_of_its_time(edition: int, data: Any, at: str) -> None:
    """`[torch]` becomes `[torch-noarch]` with its `pyext`; what was chosen is noted where the file says why."""
    lifted, report = _lift(data, edition)
    expected = {"general": {"name": "a", "backends": _ALL, "version": 1}, "torch-noarch": {"pyext": ["py"]}}
    notes = [
        ("note", "general", "has no version: read as version = 1"),
        ("note", at, f"read as backends = [{', '.join(_ALL)}]"),
        ("note", "torch", "read as [torch-noarch], since a universal kernel is Python only"),
    ]
    assert (expected, sorted(notes)) == (lifted, sorted(_said(report)))
    assert ("torch", "pyext", 0) == report.positions.origin(("torch-noarch", "pyext", 0))


def test_a_universal_kernel_of_edition_2_needs_no_framework() -> None:
    """There is nothing that its table would say."""
    lifted, report = _lift({"general": {"universal": True}}, 2)
    assert {} == lifted["torch-noarch"]
    assert ("note", "general.universal") in [(severity, key) for severity, key, _ in _said(report)]


def test_a_universal_kernel_that_is_python_only_already_stays_so() -> None:
    """Whatever its table is: the reader judges it, and two frameworks."""
    data = {"general": {"universal": True}, "torch": {"src": ["a.cpp"]}, "torch-noarch": 1}
    lifted, _ = _lift(data, 2)
    assert (data["torch"], data["torch-noarch"]) == (lifted["torch"], lifted["torch-noarch"])


def test_what_a_universal_kernel_cannot_have_is_doubtful() -> None:
    """Sources that were never compiled are left out, and said to be; empty lists are not worth a word."""
    torch = {"src": ["a.cpp"], "include": [], "minver": "2.9"}
    lifted, report = _lift({"general": {"universal": True}, "torch": torch}, 2)
    assert {} == lifted["torch-noarch"]
    assert ["torch.minver", "torch.src"] == [key for severity, key, _ in _said(report) if severity == "warning"]


def test_a_universal_kernel_with_components_keeps_its_framework() -> None:
    """It is compiled after all."""
    lifted, _ = _lift({"general": {"universal": True}, "torch": {"src": []}, "kernel": {"a": _CPU}}, 2)
    assert ({"src": []}, False, _ALL) == (lifted["torch"], "torch-noarch" in lifted, lifted["general"]["backends"])


def test_edition_2_takes_the_backends_from_the_components() -> None:
    """Each once and in one order; a finding on one names the component that has it."""
    kernel = {"a": {"backend": "xpu"}, "b": {"backend": "cpu"}, "c": {"backend": "cpu"}}
    lifted, report = _lift({"general": {"universal": False}, "torch": {}, "kernel": kernel}, 2)
    assert lifted["general"] == {"backends": ["cpu", "xpu"], "version": 1}
    paths: list[KeyPath] = [("general", "backends"), ("general", "backends", 0), ("general", "backends", 1)]
    expected: list[KeyPath] = [("general", "universal"), ("kernel", "b", "backend"), ("kernel", "a", "backend")]
    assert expected == [report.positions.origin(path) for path in paths]
    assert ("note", "general", "read as backends = [cpu, xpu], from the components") in _said(report)


def test_edition_2_without_components_has_no_backends() -> None:
    """That is the one error."""
    _, report = _lift({"general": {"universal": False}, "torch": {}}, 2)
    report.error(("general", "backends"), "names no backend")
    (message,) = [message for severity, _, message in _said(report) if severity == "error"]
    assert "edition 2 takes them from the components" in message


@pytest.mark.parametrize("component", [1, {}, {"backend": "gpu"}, {"backend": ["cpu"]}])
def test_a_component_with_an_error_leaves_the_backends_alone(component: Any) -> None:
    """What is wrong there is not said again of the list that is made from it."""
    _, report = _lift({"general": {}, "torch": {}, "kernel": {"a": component}}, 2)
    report.error(("general", "backends"), "names no backend")
    assert [] == [message for severity, _, message in _said(report) if severity == "error"]


def test_the_bounds_of_edition_2_have_a_table() -> None:
    """One and two components keep their spelling, and so their meaning."""
    lifted, report = _lift({"general": {"cuda-minver": "12", "cuda-maxver": "13.0"}, "torch": {}}, 2)
    assert lifted["general"]["cuda"] == {"minver": "12", "maxver": "13.0"}
    paths: list[KeyPath] = [("general", "cuda", "minver"), ("general", "cuda", "maxver"), ("general", "cuda")]
    origins = [report.positions.origin(path)[-1] for path in paths]
    assert ["cuda-minver", "cuda-maxver", "cuda-minver"] == origins


def test_the_bounds_have_one_place() -> None:
    """Both the keys of edition 2 and the table of the later ones are too much."""
    _, report = _lift({"general": {"cuda-minver": "12", "cuda": {}}, "torch": {}, "kernel": {"a": _CPU}}, 2)
    expected = ("error", "general.cuda-minver", "is of edition 2: move it to [general.cuda], as `minver`")
    assert [expected] == [it for it in _said(report) if it[0] == "error"]


@pytest.mark.parametrize(
    ("general", "key"),
    [
        ({"universal": 1}, "general.universal"),
        ({"univrsal": True}, "general.univrsal"),
        ({"cuda-minvr": "12", "universal": True}, "general.cuda-minvr"),
    ],
)
def test_a_mistake_in_a_key_of_edition_2_is_one_error(general: dict[str, Any], key: str) -> None:
    """Whatever is made from it."""
    _, report = _lift({"general": general, "torch": {}}, 2)
    assert [key] == [found for severity, found, _ in _said(report) if severity == "error"]


_GENERAL = {"backends": ["cpu"], "version": 1}


@pytest.mark.parametrize(
    ("data", "expected", "notes"),
    [
        ({"general": {"backends": ["cpu"]}}, {"general": _GENERAL, "torch-noarch": {}}, 2),
        ({"general": _GENERAL}, {"general": _GENERAL, "torch-noarch": {}}, 1),
        ({"general": _GENERAL, "kernel": {}}, {"general": _GENERAL, "kernel": {}, "torch-noarch": {}}, 1),
        ({"general": {"backends": ["cpu"]}, "torch": {}}, {"general": _GENERAL, "torch": {}}, 1),
        ({"general": _GENERAL, "kernel": {"a": _CPU}}, {"general": _GENERAL, "kernel": {"a": _CPU}}, 0),
        ({"general": {"verison": 2}, "torhc": {}}, {"general": {"verison": 2}, "torhc": {}}, 0),
    ],
)
def test_edition_3_has_two_defaults(data: dict[str, Any], expected: dict[str, Any], notes: int) -> None:
    """Version 1, and Python only without a framework, each with a note; never where a key or a table was lost."""
    lifted, report = _lift(data, 3)
    assert (expected, ["note"] * notes) == (lifted, [severity for severity, _, _ in _said(report)])


def test_edition_1_passes_through_all_steps() -> None:
    """A whole file, from the languages to the version."""
    text = """\
[general]
name = "relu"
license = "MIT"

[torch]
src = ["a.cpp"]
universal = false

[kernel.a]
src = ["a.cu"]
depends = ["torch"]
"""
    result = read_text(text)
    assert result.config is not None
    general = result.config.general
    assert (1, ("cuda",), 1) == (result.edition, general.backends, general.version)
    expected = [
        "1:2: note: general: has no version: read as version = 1",
        "1:2: note: general: read as backends = [cuda], from the components",
        f"7:1: note: torch.universal: read as edition 1 of the format; {_UPDATE}",
        "9:9: note: kernel.a: has no language: read as cuda",
    ]
    assert expected == [str(finding).removeprefix("build.toml:") for finding in result.findings]


def test_two_universals_are_one_too_many() -> None:
    """The key of edition 2 in a file of edition 1 is an error."""
    _, report = _lift({"general": {"universal": True}, "torch": {"universal": True}}, 1)
    assert ["general.universal"] == [key for severity, key, _ in _said(report) if severity == "error"]
