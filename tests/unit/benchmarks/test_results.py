"""The lines of the benchmarks, and the page that is made of a run."""

import json
import sys
from pathlib import Path

import pytest
from support.projects import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks.page import plot, write_page
from benchmarks.results import Result, milliseconds, shown_ratio


@pytest.mark.parametrize(
    ("ours", "peer", "promise", "limit", "missed"),
    [
        (1.0, 2.0, 1.5, None, False),
        (1.0, 1.4, 1.5, None, True),
        (1.0, 1.5, 1.5, None, False),
        (None, 2.0, 1.5, None, True),
        (1.0, None, 1.5, None, False),
        (1.0, 0.5, None, None, False),
        (0.2, None, None, 0.1, True),
        (0.1, None, None, 0.1, False),
    ],
)
def test_missed(
    ours: float | None, peer: float | None, promise: float | None, limit: float | None, *, missed: bool
) -> None:
    """A promise is missed when we are slower than it says or fail, and not where the peer fails."""
    result = Result(title="x", clock="wall", ours=ours, peer=peer, promise=promise, limit=limit)
    assert missed is result.missed
    assert missed is result.document()["missed"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "-"), (1.23456, "1235"), (0.0123456, "12.3"), (0.00123456, "1.23"), (0.000123456, "0.123"), (0.0, "0.0")],
)
def test_milliseconds(seconds: float | None, expected: str) -> None:
    """Three digits that say something."""
    assert expected == milliseconds(seconds)


@pytest.mark.parametrize(("ratio", "expected"), [(12.34, "12.3"), (1.0, "1.0"), (0.987, "0.99")])
def test_ratios(ratio: float, expected: str) -> None:
    """Two digits, also below one."""
    assert expected == shown_ratio(ratio)


def test_the_page_of_a_run(tmp_path: Path) -> None:
    """Each line of a run is a row of the page, with its ratio and promise; the plot has those with both."""
    results = [
        Result(title="build", clock="wall", ours=2.0, peer=9.0, promise=4),
        Result(title="check", clock="processor", ours=0.2, limit=0.15),
        Result(title="slow", clock="wall", ours=2.0, peer=1.0, promise=1),
        Result(title="start", clock="processor", ours=0.1, peer=0.02),
    ]
    part = {"name": "build", "title": "local builds", "results": [one.document() for one in results]}
    document = json.loads(json.dumps({"date": "2026-11-23", "machine": {"python": "3.11.7"}, "parts": [part]}))
    page = write_page(document)
    assert [] == [
        row
        for row in (
            "Measured on 2026-11-23: python 3.11.7.",
            "## Local builds",
            "| build | wall | 2000 | 9000 | 4.5 | ≥ 4 |",
            "| check | processor | 200 | - |  | ≤ 150 ms, missed |",
            "| slow | wall | 2000 | 1000 | 0.50 | ≥ 1, missed |",
            "| start | processor | 100 | 20.0 | 0.20 |  |",
        )
        if row not in page.splitlines()
    ]
    plot(document, tmp_path / "plots" / "plot.svg")
    drawn = (tmp_path / "plots" / "plot.svg").read_text("utf-8")
    assert (True, True, False) == tuple(f"<!-- {name} -->" in drawn for name in ("build", "slow", "start"))
