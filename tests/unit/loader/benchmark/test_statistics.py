"""The summary of timings."""

import statistics

import pytest

from kernels.benchmark.statistics import Statistics, differ, speedup, summarize


def _statistics(mean: float, std: float, iterations: int) -> Statistics:
    return Statistics(
        mean=mean, std=std, min=mean, max=mean, q1=mean, q3=mean, iqr=0.0, outliers=0, iterations=iterations
    )


def test_a_series_by_hand() -> None:
    """Quartiles are interpolated, the deviation is that of a sample, and 100 is the one value beyond the fences."""
    times = [3.0, 1.0, 2.0, 4.0, 100.0]
    expected = Statistics(
        mean=22.0,
        std=(7610 / 4) ** 0.5,
        min=1.0,
        max=100.0,
        q1=2.0,
        q3=4.0,
        iqr=2.0,
        outliers=1,
        iterations=5,
    )
    assert expected == summarize(times)


def test_quartiles_between_values() -> None:
    """Of four values the quartiles lie at three quarters between neighbours."""
    found = summarize([10.0, 20.0, 30.0, 40.0])
    assert (17.5, 32.5, 15.0) == (found.q1, found.q3, found.iqr)


@pytest.mark.parametrize(
    ("extreme", "outliers"), [([1.0, 7.0], 0), ([0.9, 7.0], 1), ([2.0, 9.0], 0), ([2.0, 9.1], 1), ([0.9, 9.1], 2)]
)
def test_the_fences(extreme: list[float], outliers: int) -> None:
    """With quartiles of 4 and 6, what lies below 1 or above 9 is an outlier."""
    found = summarize([3.0, 4.0, 5.0, 5.0, 5.0, 6.0, 6.0, *extreme])
    assert (4.0, 6.0, outliers) == (found.q1, found.q3, found.outliers)


def test_a_single_call() -> None:
    """One value has no spread."""
    assert Statistics(
        mean=2.5, std=0.0, min=2.5, max=2.5, q1=2.5, q3=2.5, iqr=0.0, outliers=0, iterations=1
    ) == summarize([2.5])


def test_the_same_as_the_standard_library() -> None:
    """A longer series has the mean and the deviation that Python computes."""
    times = [1 + (i * 7919 % 101) / 100 for i in range(100)]
    found = summarize(times)
    assert (statistics.fmean(times), statistics.stdev(times), 100) == (found.mean, found.std, found.iterations)


def test_the_confidence_interval() -> None:
    """It is 1.96 standard errors wide on each side: the numbers are those of the documented example."""
    low, high = _statistics(6.5153, 0.4343, 100).confidence
    assert ("6.4302", "6.6004") == (f"{low:.4f}", f"{high:.4f}")


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (_statistics(1.0, 0.1, 100), _statistics(1.0277, 0.1, 100), False),
        (_statistics(1.0, 0.1, 100), _statistics(1.0278, 0.1, 100), True),
        (_statistics(1.0278, 0.1, 100), _statistics(1.0, 0.1, 100), True),
        (_statistics(1.0, 0.0, 100), _statistics(1.0, 0.0, 100), False),
        (_statistics(1.0, 0.0, 1), _statistics(9.0, 0.0, 1), False),
    ],
)
def test_when_means_differ(one: Statistics, other: Statistics, differs: bool) -> None:
    """They do from 1.96 · √(0.1²/100 + 0.1²/100) = 0.02772 on; single calls never do."""
    assert differs == differ(one, other)


def test_the_speedup() -> None:
    """It is the ratio of the means, and unknown when the kernel took no time at all."""
    assert speedup(_statistics(2.0, 0.0, 1), _statistics(5.0, 0.0, 1)) == 2.5
    assert speedup(_statistics(0.0, 0.0, 1), _statistics(5.0, 0.0, 1)) is None
