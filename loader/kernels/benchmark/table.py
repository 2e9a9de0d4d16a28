"""The report for people: facts, a table and conclusions, as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kernels.benchmark.machine import Machine
from kernels.benchmark.report import Report, Result
from kernels.benchmark.statistics import Statistics

__all__ = ["Table", "conclusions", "facts", "footer", "make_table"]

_SHORT_SHA = 7
_NOTHING = "-"
_MATCH = {True: "✓", False: "✗", None: _NOTHING}


class _Column(NamedTuple):
    """A heading, how to align what is below it, and its rank: where there is no room, high ranks go first."""

    title: str
    justify: str
    rank: int


_COLUMNS = (
    _Column("Benchmark", "left", 5),
    _Column("Workload", "left", 0),
    _Column("N", "right", 8),
    _Column("Speedup", "right", 2),
    _Column("Mean(ms)", "right", 1),
    _Column("Std(ms)", "right", 6),
    _Column("Min(ms)", "right", 9),
    _Column("Max(ms)", "right", 10),
    _Column("IQR(ms)", "right", 7),
    _Column("Outliers", "right", 11),
    _Column("Ref(ms)", "right", 4),
    _Column("Match", "center", 3),
)

#: The columns that stay however narrow the terminal is.
_FEWEST = 2


def facts(machine: Machine) -> list[str]:
    """One line for each fact about the machine."""
    lines = {
        "GPU": machine.gpu or "none",
        "CPU": machine.cpu,
        "OS": machine.os,
        "PyTorch": machine.torch,
        "Python": machine.python,
    }
    return [f"  {name:<8} {value}" for name, value in lines.items()]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts.

    Attributes:
        columns: heading, and `left`, `right` or `center` for what is below it.
        rows: a text for each column.
        left_out: the headings of the columns for which there was no room.
    """

    columns: list[tuple[str, str]]
    rows: list[list[str]]
    left_out: list[str]


def make_table(report: Report, width: int | None = None) -> Table:
    """One row for each workload.

    Args:
        report: what to show.
        width: how many characters there are in a line, of which the table with its borders takes no more: the least
            important columns are left out. By default there is room for all.
    """
    rows = list(map(_cells, report.results))
    widths = [max(map(len, cells)) for cells in zip([column.title for column in _COLUMNS], *rows, strict=True)]
    shown = range(len(_COLUMNS)) if width is None else _fitting(widths, width)
    return Table(
        columns=[(_COLUMNS[index].title, _COLUMNS[index].justify) for index in shown],
        rows=[[row[index] for index in shown] for row in rows],
        left_out=[column.title for index, column in enumerate(_COLUMNS) if index not in shown],
    )


def conclusions(report: Report) -> list[str]:
    """One line for each workload that has a reference: which of the two is faster, and whether that is certain."""
    lines = []
    for result in report.results:
        if result.timing and result.reference and result.speedup:
            low, high = result.timing.confidence
            ratio = f"{result.speedup:.2f}x faster" if result.speedup >= 1 else f"{1 / result.speedup:.2f}x slower"
            verdict = "✓ significant" if result.significant else "not significant"
            interval = f"95% CI: {low:.4f}-{high:.4f}ms vs ref {result.reference.mean:.4f}ms"
            lines.append(f"  {report.label(result)}: {ratio} ({interval}) {verdict}")
    return lines


def footer(report: Report) -> str:
    """Which kernel was timed by which scripts."""
    several = len(report.scripts) > 1
    scripts = [
        script.sha[:_SHORT_SHA] + (f" ({script.path.rpartition('/')[2]})" if several else "")
        for script in report.scripts
    ]
    dirty = " (dirty)" if report.kernel.dirty else ""
    return f"Kernel: {report.kernel.commit}{dirty}  Benchmark: {', '.join(scripts)}"


def _cells(result: Result) -> list[str]:
    return [
        result.benchmark,
        result.workload,
        *_timing_cells(result.timing, result.speedup),
        f"{result.reference.mean:.4f}" if result.reference else _NOTHING,
        _MATCH[result.verified],
    ]


def _timing_cells(timing: Statistics | None, speedup: float | None) -> list[str]:
    if timing is None:
        return [_NOTHING] * 8
    return [
        str(timing.iterations),
        _NOTHING if speedup is None else f"{speedup:.2f}x",
        *(f"{time:.4f}" for time in (timing.mean, timing.std, timing.min, timing.max, timing.iqr)),
        str(timing.outliers),
    ]


def _fitting(widths: Sequence[int], available: int) -> list[int]:
    """The columns to show: as many, from the lowest rank on, as fit with their borders."""
    by_rank = sorted(range(len(widths)), key=lambda index: _COLUMNS[index].rank)
    while len(by_rank) > _FEWEST and sum(widths[index] + 3 for index in by_rank) + 1 > available:
        by_rank.pop()
    return sorted(by_rank)
