"""Which edition a file is."""

from typing import Any

import pytest

from kernel_builder.config.editions import check_edition, detect_edition
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report


def _detect(data: dict[str, Any]) -> tuple[int | None, list[tuple[str, str]]]:
    report = Report(Positions())
    return detect_edition(data, report), [(finding.key, finding.message) for finding in report.findings()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, 4),
        ({"general": 3}, 4),
        ({"general": {"backends": []}, "torch": {"universal": True}}, 4),
        ({"general": {"edition": 5}}, 5),
        ({"general": {"edition": 5}, "torch": {"universal": True}}, 5),
        ({"general": {}, "kernel": {"a": {"language": "cuda", "backend": "cuda"}}}, 4),
        ({"general": {}, "torch": 1, "kernel": [1]}, 4),
    ],
)
def test_the_marks_tell_the_edition(data: dict[str, Any], expected: int) -> None:
    """`edition = 5` is edition 5; a file without the key is 4, whatever is wrong in its tables."""
    assert (expected, []) == _detect(data)


@pytest.mark.parametrize(
    ("data", "key", "edition"),
    [
        ({"general": {}, "torch": {"universal": False}}, "torch.universal", 1),
        ({"general": {}, "kernel": {"a": {"language": "cuda-hipify"}}}, "kernel.a.language", 1),
        ({"general": {"universal": True}}, "general.universal", 2),
        ({"general": {"cuda-minver": "12.4"}}, "general.cuda-minver", 2),
        ({"general": {"cuda-maxver": "12.4"}, "torch": {"universal": False}}, "torch.universal", 1),
    ],
)
def test_old_editions_are_named(data: dict[str, Any], key: str, edition: int) -> None:
    """The mark of an old edition is shown, and the file is not read as anything else."""
    found, ((found_key, message),) = _detect(data)
    assert (None, key, True) == (found, found_key, f"edition {edition} " in message)


@pytest.mark.parametrize(
    ("edition", "expected", "says"),
    [
        (6, None, "newer than this version"),
        (4, None, "leave it out"),
        (7, None, "does not know such an edition"),
        (0, None, "does not know such an edition"),
        (2**80, None, "does not know such an edition"),
        ("5", 5, "expected the integer 5"),
        (True, 5, "expected the integer 5"),
        (5.0, 5, "expected the integer 5"),
    ],
)
def test_other_values_of_edition_are_errors(edition: Any, expected: int | None, says: str) -> None:
    """Unknown numbers end the reading; a wrong type is an error, and the file is read on."""
    found, ((key, message),) = _detect({"general": {"edition": edition}})
    assert (expected, "general.edition", True) == (found, key, says in message)


@pytest.mark.parametrize(
    ("general", "edition", "expected"),
    [
        ({}, 4, ["warning"]),
        ({}, 5, ["error"]),
        ({"license": "MIT"}, 5, []),
        ({"licence": "MIT"}, 4, []),
        (1, 5, []),
    ],
)
def test_a_license_is_asked_for(general: Any, edition: int, expected: list[str]) -> None:
    """Edition 5 requires it, a file without `edition` is warned; a misspelled one is not reported twice."""
    report = Report(Positions(), edition)
    check_edition({"general": general}, report)
    assert expected == [finding.severity for finding in report.findings()]
