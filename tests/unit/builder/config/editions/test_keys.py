"""Keys that are found also where they are misspelled."""

from typing import Any

import pytest

from kernel_builder.config.editions.keys import GENERAL, meant, take
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"name": 1, "universal": 2}, {"name": "name", "universal": "universal"}),
        ({"univrsal": 1, "zzz": 2}, {"universal": "univrsal"}),
        ({"univrsal": 1, "universal": 2}, {"universal": "universal"}),
        ([], {}),
        (3, {}),
    ],
)
def test_a_key_is_what_it_was_meant_to_be(table: Any, expected: dict[str, str]) -> None:
    """The right spelling goes first, and what is like nothing is nothing."""
    assert expected == meant(table, GENERAL)


@pytest.mark.parametrize(
    ("table", "expected", "findings"),
    [
        ({"universal": True, "name": "a"}, (("general", "universal"), True), []),
        ({"univrsal": True, "name": "a"}, (("general", "univrsal"), True), [("general.univrsal", "universal")]),
        ({"name": "a"}, ((), None), []),
    ],
)
def test_a_key_is_taken_out_of_its_table(table: dict[str, Any], expected: Any, findings: list[Any]) -> None:
    """With its path as it was spelled; a misspelling is noted."""
    report = Report(Positions())
    assert expected == take(table, "universal", ("general",), GENERAL, report)
    assert ({"name": "a"}, findings) == (table, [(it.key, it.suggestion) for it in report.findings()])
