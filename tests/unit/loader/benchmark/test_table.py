"""The report as text."""

import dataclasses

import pytest

from kernels.benchmark.report import KernelBuild, Report, Script
from kernels.benchmark.statistics import summarize
from kernels.benchmark.table import conclusions, facts, footer, make_table

TITLES = "Benchmark Workload N Speedup Mean(ms) Std(ms) Min(ms) Max(ms) IQR(ms) Outliers Ref(ms) Match"


def test_the_table(report: Report) -> None:
    """There is a row for each workload; what is not known is a dash, and what is wrong is marked."""
    table = make_table(report)

    assert (TITLES.split(), []) == ([title for title, _ in table.columns], table.left_out)
    assert [
        "Silu fast 3 2.50x 2.0000 1.0000 1.0000 3.0000 1.0000 0 5.0000 ✓",
        "Silu plain 1 - 0.5000 0.0000 0.5000 0.5000 0.0000 0 - -",
        "Silu wrong - - - - - - - - - ✗",
    ] == [" ".join(row) for row in table.rows]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (118, TITLES),
        (117, "Benchmark Workload N Speedup Mean(ms) Std(ms) Min(ms) Max(ms) IQR(ms) Ref(ms) Match"),
        (80, "Benchmark Workload Speedup Mean(ms) Std(ms) Ref(ms) Match"),
        (63, "Benchmark Workload Speedup Mean(ms) Ref(ms) Match"),
        (5, "Workload Mean(ms)"),
    ],
)
def test_a_narrow_table(report: Report, width: int, columns: str) -> None:
    """Where there is no room for all columns the least important ones go, and the table says which."""
    table = make_table(report, width)

    titles = [title for title, _ in table.columns]
    assert columns.split() == titles
    assert [title for title in TITLES.split() if title not in titles] == table.left_out
    assert {len(titles)} == {len(row) for row in table.rows}
    assert ["fast", "plain", "wrong"] == [row[titles.index("Workload")] for row in table.rows]


def test_conclusions(report: Report) -> None:
    """A workload with a reference gets a sentence: how much faster or slower, and whether that is certain."""
    assert ["  fast: 2.50x faster (95% CI: 0.8684-3.1316ms vs ref 5.0000ms) ✓ significant"] == conclusions(report)

    fast = report.results[0]
    slow = dataclasses.replace(fast, timing=summarize([2.0, 4.0, 6.0]), reference=summarize([1.0, 3.0, 5.0]))
    found = conclusions(dataclasses.replace(report, results=(slow,)))
    assert ["  fast: 1.33x slower (95% CI: 1.7368-6.2632ms vs ref 3.0000ms) not significant"] == found


def test_facts(report: Report) -> None:
    """Each fact is a line; where there is no GPU, that is said."""
    assert [
        "  GPU      none",
        "  CPU      A Processor",
        "  OS       Linux 6.1",
        "  PyTorch  2.13.0+cpu",
        "  Python   3.12.1",
    ] == facts(report.machine)
    assert "  GPU      A Chip" == facts(dataclasses.replace(report.machine, gpu="A Chip"))[0]


def test_the_footer(report: Report) -> None:
    """It names the commit of the kernel and the script, in seven digits; several scripts by their names."""
    assert "Kernel: 2385e44  Benchmark: 5b53516" == footer(report)
    several = dataclasses.replace(
        report,
        kernel=KernelBuild("x", "2385e44", dirty=True),
        scripts=(*report.scripts, Script("benchmarks/benchmark_b.py", "a" * 40)),
    )
    assert "Kernel: 2385e44 (dirty)  Benchmark: 5b53516 (benchmark.py), aaaaaaa (benchmark_b.py)" == footer(several)
