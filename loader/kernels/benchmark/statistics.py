"""What a series of timings says: its summary, and how two of them compare."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Statistics", "differ", "speedup", "summarize"]

#: Standard errors on each side of a mean that make a 95 % confidence interval.
_NORMAL_95 = statistics.NormalDist().inv_cdf(0.975)

#: Tukey's fences: how many interquartile ranges from the quartiles a value is an outlier.
_FENCE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The summary of a series of timings; every time is in milliseconds.

    Attributes:
        mean: the arithmetic mean.
        std: the standard deviation of the sample (n - 1); 0 for a single value.
        min: the least value.
        max: the greatest value.
        q1: the first quartile, interpolated linearly between the values beside it.
        q3: the third quartile, likewise.
        iqr: `q3 - q1`.
        outliers: how many values lie more than 1.5 `iqr` below `q1` or above `q3`. They count in all the rest.
        iterations: how many values there are.
    """

    mean: float
    std: float
    min: float
    max: float
    q1: float
    q3: float
    iqr: float
    outliers: int
    iterations: int

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.std / math.sqrt(self.iterations)

    @property
    def confidence(self) -> tuple[float, float]:
        """The 95 % confidence interval of the mean, by the normal distribution: the mean ± 1.96 standard errors."""
        margin = _NORMAL_95 * self.error
        return self.mean - margin, self.mean + margin


def summarize(times: Sequence[float]) -> Statistics:
    """Summarize timings in milliseconds, of which there is at least one."""
    several = len(times) > 1
    q1, _, q3 = statistics.quantiles(times, n=4, method="inclusive") if several else (times[0],) * 3
    iqr = q3 - q1
    return Statistics(
        mean=statistics.fmean(times),
        std=statistics.stdev(times) if several else 0.0,
        min=min(times),
        max=max(times),
        q1=q1,
        q3=q3,
        iqr=iqr,
        outliers=sum(not q1 - _FENCE * iqr <= time <= q3 + _FENCE * iqr for time in times),
        iterations=len(times),
    )


def speedup(kernel: Statistics, reference: Statistics) -> float | None:
    """How many times as fast as the reference the kernel is: the ratio of the means.

    `None` when the clock of this machine is too coarse to see the kernel at all.
    """
    return reference.mean / kernel.mean if kernel.mean else None


def differ(one: Statistics, other: Statistics) -> bool:
    """Whether two means differ significantly.

    They do when the 95 % confidence interval of their difference leaves zero out (Welch's test, by the normal
    distribution). A single call on both sides says nothing.
    """
    if min(one.iterations, other.iterations) == 1:
        return False
    return abs(one.mean - other.mean) > _NORMAL_95 * math.hypot(one.error, other.error)
