"""Findings as text."""

import pytest

from kernel_builder.config.findings import Finding


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            Finding(line=3, column=7, severity="error", key="a.b[0]", message="is wrong", suggestion="c"),
            "build.toml:3:7: error: a.b[0]: is wrong (did you mean 'c'?)",
        ),
        (Finding(line=1, column=1, severity="warning", key="", message="is odd"), "build.toml:1:1: warning: is odd"),
    ],
)
def test_a_finding_is_one_line(finding: Finding, expected: str) -> None:
    """File, place, severity, key, message and suggestion, as editors and people read them."""
    assert expected == str(finding)
