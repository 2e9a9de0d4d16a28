"""From samples to medians, ratios and what became of the promises; as lines of a table and as documents."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from benchmarks.loading.rows import Row
from benchmarks.loading.run import Failure, Sample

__all__ = ["Line", "print_heading", "print_line"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table.

    Attributes:
        row: what was measured.
        found: loader → what each run gave.
    """

    row: Row
    found: Mapping[str, Sequence[Sample | Failure]]

    def failure(self, name: str) -> str | None:
        """Why a loader cannot do it; `None` when it can."""
        return next((one.reason for one in self.found[name] if isinstance(one, Failure)), None)

    def median(self, name: str) -> float | None:
        """The median of a loader in seconds; `None` when it was not measured, or fails."""
        if name not in self.found or self.failure(name):
            return None
        return statistics.median(self._seconds(name))

    def requests(self, name: str) -> float:
        """How often a loader asks the Hub."""
        return statistics.median(one.requests for one in self.found[name] if isinstance(one, Sample))

    @property
    def ratio(self) -> float | None:
        """The peer's median over ours; `None` when there are not both."""
        mine, other = self.median("ours"), self.median("peer")
        return None if mine is None or other is None else other / mine

    @property
    def missed(self) -> bool:
        """Whether we fail, or are slower than promised; where the peer fails there is nothing to compare with."""
        slow = self.ratio is not None and self.row.promise is not None and self.ratio < self.row.promise
        return slow or self.failure("ours") is not None

    def document(self) -> dict[str, Any]:
        """The line as JSON, times in seconds."""
        loaders = {name: self._side(name) for name in self.found}
        promise = {"ratio": self.ratio, "promise": self.row.promise, "missed": self.missed}
        return {"title": self.row.title, "clock": self.row.clock, **promise, **loaders}

    def _seconds(self, name: str) -> list[float]:
        return [getattr(one, self.row.clock) for one in self.found[name] if isinstance(one, Sample)]

    def _side(self, name: str) -> dict[str, Any]:
        failure = self.failure(name)
        if failure:
            return {"failure": failure}
        return {"median": self.median(name), "requests": self.requests(name), "samples": self._seconds(name)}


def print_heading() -> None:
    """Name the columns."""
    print(f"\n{'':48} {'clock':9} {'ours ms':>9} {'peer ms':>9} {'peer/ours':>9} {'promise':>8}  requests")


def print_line(line: Line) -> None:
    """Show medians in milliseconds, their ratio beside what is promised of it, the requests, and what fails."""
    mine, other = (_milliseconds(line.median(name)) for name in ("ours", "peer"))
    ratio = "" if line.ratio is None else f"{line.ratio:.1f}" if line.ratio >= 1 else f"{line.ratio:.2f}"
    promise = "" if line.row.promise is None else f"≥ {line.row.promise:g}"
    failures = {name: line.failure(name) for name in line.found}
    counts = ["-" if failures[name] else f"{line.requests(name):g}" for name in line.found]
    asked = "" if set(counts) <= {"0", "-"} else " : ".join(counts)
    numbers = f"{mine:>9} {other:>9} {ratio:>9} {promise:>8}  {asked:8}{'  MISSED' if line.missed else ''}"
    print(f"{line.row.title:48} {line.row.clock:9} {numbers}".rstrip(), flush=True)
    for name, failure in failures.items():
        if failure:
            print(f"    {name} fails: {shorten(failure, 100)}")


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds:.{1 if seconds >= 1e-3 else 3}f}"  # noqa: PLR2004 - a thousandth of a second
