"""From samples to medians, and what is to be said of them."""

import statistics
from collections.abc import Mapping, Sequence
from textwrap import shorten

from benchmarks.loading.rows import Row
from benchmarks.loading.run import Failure, Sample
from benchmarks.results import Result

__all__ = ["summarize"]


def summarize(row: Row, found: Mapping[str, Sequence[Sample | Failure]]) -> Result:
    """One line of the table.

    Args:
        row: what was measured.
        found: loader → what each run gave.
    """
    medians = {name: _median(row, samples) for name, samples in found.items()}
    notes = [f"{name} fails: {shorten(said, 100)}" for name, samples in found.items() if (said := _failure(samples))]
    asked = {name: _requests(samples) for name, samples in found.items() if not _failure(samples)}
    if any(asked.values()):
        notes.append("requests " + " : ".join(f"{count:g}" for count in asked.values()))
    return Result(
        title=row.title,
        clock=row.clock,
        ours=medians["ours"],
        peer=medians.get("peer"),
        promise=row.promise,
        note="; ".join(notes),
    )


def _failure(samples: Sequence[Sample | Failure]) -> str | None:
    return next((one.reason for one in samples if isinstance(one, Failure)), None)


def _median(row: Row, samples: Sequence[Sample | Failure]) -> float | None:
    """In seconds; `None` when one run failed."""
    if _failure(samples):
        return None
    seconds: list[float] = [getattr(one, row.clock) for one in samples]
    return statistics.median(seconds)


def _requests(samples: Sequence[Sample | Failure]) -> float:
    """How often a loader asks the Hub."""
    return statistics.median(one.requests for one in samples if isinstance(one, Sample))
