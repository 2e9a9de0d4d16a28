"""Which edition a file is."""

from typing import Any

import pytest

from kernel_builder.config.editions.detect import detect_edition
from kernel_builder.config.findings import Finding
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report

_NEW = {"backends": ["cpu"], "version": 1, "license": "MIT"}
_COMPONENT = {"backend": "cpu"}


def _detect(data: dict[str, Any]) -> tuple[int | None, list[Finding]]:
    report = Report(Positions())
    return detect_edition(data, report), list(report.findings())


@pytest.mark.parametrize(
    ("edition", "mark", "data"),
    [
        (1, "torch.universal", {"general": {}, "torch": {"universal": False}}),
        (1, "kernel.a.language", {"general": {}, "kernel": {"a": {"language": "cuda"}}}),
        (1, "kernel.a", {"general": {}, "kernel": {"a": {"src": []}}}),
        (1, "torch.universal", {"general": {"cuda-maxver": "12.4"}, "torch": {"universal": False}}),
        (1, "kernel.b.language", {"general": {}, "kernel": {"a": _COMPONENT, "b": {"language": "cuda"}}}),
        (2, "general.universal", {"general": {"universal": True}}),
        (2, "general.cuda-minver", {"general": {"cuda-minver": "12.4"}}),
        (2, "general.cuda-maxver", {"general": {"cuda-maxver": "12.4", "version": 1}, "torch": {}}),
        (2, "kernel.b.backend", {"general": {}, "kernel": {"a": {}, "b": _COMPONENT}}),
        (3, "general", {"general": {"backends": []}}),
        (3, "general", {"general": {"backends": [], "version": 1, "license": "MIT"}}),
        (3, "general", {"general": _NEW, "kernel": {}}),
        (3, "general", {"general": {"backends": []}, "torch": {}, "kernel": {"a": _COMPONENT}}),
        (3, "general", {"general": {"backends": []}, "kernel": {"a": _COMPONENT}}),
        (4, "general", {"general": {}}),
        (4, "general", {"general": {}, "torch": {}}),
        (4, "general", {"general": _NEW, "torch": {}}),
        (4, "general", {"general": _NEW, "kernel": {"a": _COMPONENT}}),
        (4, "general", {"general": _NEW | {"source": "x"}}),
        (4, "general", {"general": {"backends": [], "source": "x"}, "torch": {}}),
        (4, "general", {"general": {"backends": []}, "torch": {"stable-abi": "2.9"}}),
        (4, "general", {"general": {"backends": []}, "tvm-ffi": {"cxx-flags": []}}),
        (4, "general", {"general": {"backends": []}, "torch-noarch": {}}),
        (4, "general", {"general": _NEW, "torch": {}, "kernel": {"a": {"language": "cpp-cpu"}}}),
        (4, "general", {"general": {"license": "MIT"}, "torch": {}, "kernel": {"a": _COMPONENT}}),
        (4, "general", {"general": {"version": 1}, "torch": {}, "kernel": {"a": _COMPONENT}}),
        (4, "general", {"general": {}, "torch": {}, "kernel": {}}),
        (4, "general", {"general": _NEW | {"backends": 1}, "torch": {"universal": True}}),
    ],
)
def test_the_marks_tell_the_edition(edition: int, mark: str, data: dict[str, Any]) -> None:
    """A file without the key `edition` is read as the edition whose marks it has, and a note at the mark says so."""
    found, (note,) = _detect(data)
    assert (edition, "note", mark) == (found, note.severity, note.key)
    assert f"read as edition {edition} of the format; `kernel-builder update-build`" in note.message


@pytest.mark.parametrize("edition", [5, 6])
def test_a_file_that_says_its_edition_is_that(edition: int) -> None:
    """Nothing else counts, and there is nothing to say."""
    data = {"general": {"edition": edition, "universal": True}, "torch": {"universal": True}}
    assert (edition, []) == _detect(data)


@pytest.mark.parametrize(
    ("edition", "data"),
    [
        (1, {"general": {}, "torch": {"univrsal": True}}),
        (1, {"general": {}, "torhc": {"universal": True}}),
        (1, {"genral": {}, "torch": {"universal": True}}),
        (1, {"general": {}, "kernel": {"a": {"languag": "cuda"}}}),
        (1, {"general": {}, "kernels": {"a": {"language": "cuda"}}}),
        (2, {"general": {"univrsal": True}}),
        (2, {"general": {"cuda_minvers": "12"}}),
        (2, {"general": {}, "kernel": {"a": {"bakend": "cuda"}}}),
        (3, {"general": {"backendz": []}}),
        (4, {"general": _NEW, "torhc": {}}),
        (4, {"general": {"backendz": [], "verison": 1}, "torch": {}}),
        (4, {"general": {"backends": [], "verison": 1}, "torch": {}}),
        (4, {"general": {"backends": [], "suorce": "x"}, "torch": {}}),
        (4, {"general": {"backends": []}, "torch": {"stabel-abi": "2.9"}}),
        (4, {"general": {"backends": []}, "torch_noarch": {}}),
    ],
)
def test_a_misspelled_mark_is_a_mark(edition: int, data: dict[str, Any]) -> None:
    """A letter too few or too many never makes a file one of another edition."""
    assert edition == _detect(data)[0]


@pytest.mark.parametrize(
    ("general", "expected", "messages"),
    [
        ({"edition": 4}, None, ["files of edition 4 have no key `edition`: leave it out"]),
        ({"edition": 1}, None, ["files of edition 1 have no key `edition`: leave it out"]),
        ({"edition": 7}, None, ["edition 7 is newer than this version of kernel-builder"]),
        ({"edition": 2**80}, None, ["is newer than this version"]),
        ({"edition": 0}, None, ["there is no such edition: use 5"]),
        ({"edition": -1}, None, ["there is no such edition: use 5"]),
        ({"edition": "5"}, 5, ["expected an integer, such as 5"]),
        ({"edition": " 6"}, 6, ["expected an integer, such as 5"]),
        ({"edition": 6.0}, 6, ["expected an integer, such as 5"]),
        ({"edition": True}, 5, ["expected an integer, such as 5"]),
        ({"edition": [], "upstream": []}, 6, ["expected an integer, such as 5"]),
        ({"editon": 5}, 5, ["unknown key"]),
        ({"editon": 6}, 6, ["unknown key"]),
        ({"editon": "6"}, 6, ["expected an integer, such as 5", "unknown key"]),
    ],
)
def test_other_values_of_edition_are_errors(general: dict[str, Any], expected: int | None, messages: list[str]) -> None:
    """Numbers that are not read end the reading; after a wrong type or key, the file is read as what it looks like."""
    edition, findings = _detect({"general": general})
    assert (expected, {next(iter(general))}) == (edition, {it.key.removeprefix("general.") for it in findings})
    assert [True] * len(messages) == [text in it.message for text, it in zip(messages, findings, strict=True)]


def test_an_edition_of_the_wrong_type_is_told_by_the_components() -> None:
    """Only edition 6 has `language` beside `edition`."""
    data = {"general": {"edition": None}, "kernel": {"a": {"language": "cpp-cpu"}}}
    assert _detect(data)[0] == 6


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "general"),
        ({"torch": {"universal": True}}, "general"),
        ({"general": 3, "torch": {"universal": True}}, "general"),
        ({"general": {}, "torch": 1}, "torch"),
        ({"general": {}, "torch": {}, "kernel": [1]}, "kernel"),
        ({"general": {}, "torch": {}, "kernel": {"a": 1}}, "kernel.a"),
    ],
)
def test_a_file_without_the_tables_that_have_the_marks_is_of_no_edition(data: dict[str, Any], key: str) -> None:
    """The one error is at the table."""
    edition, (finding,) = _detect(data)
    assert (None, "error", key) == (edition, finding.severity, finding.key)
