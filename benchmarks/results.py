"""What was measured: lines of a table and documents, the same for every part of the benchmarks."""

import math
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["Result", "machine", "print_heading", "print_result"]

_CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A line.

    Attributes:
        title: what was done, and by which peer.
        clock: whether the time of the processor counts or that on the wall.
        ours: our median in seconds; `None` when we fail.
        peer: the peer's; `None` when there is none or it fails.
        promise: how many times the peer's our speed is at least; `None` for a line that is there to compare with.
        limit: the seconds that ours are to take at most, or `None`.
        note: what else there is to say.
    """

    title: str
    clock: str
    ours: float | None
    peer: float | None = None
    promise: float | None = None
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The peer's median over ours; `None` when there are not both."""
        return None if self.ours is None or self.peer is None else self.peer / self.ours

    @property
    def missed(self) -> bool:
        """Whether we fail or a promise is not kept; where the peer fails there is nothing to compare with."""
        slow = self.ratio is not None and self.promise is not None and self.ratio < self.promise
        return self.ours is None or slow or (self.limit is not None and self.ours > self.limit)

    @property
    def promised(self) -> str:
        """The promise, as the table has it."""
        if self.limit is not None:
            return f"≤ {milliseconds(self.limit)} ms"
        return "" if self.promise is None else f"≥ {self.promise:g}"

    def document(self) -> dict[str, Any]:
        """The line as JSON, times in seconds."""
        return {**asdict(self), "ratio": self.ratio, "missed": self.missed}


def print_heading(title: str) -> None:
    """Name a part and its columns."""
    print(f"\n{title:60} {'clock':9} {'ours ms':>9} {'peer ms':>9} {'peer/ours':>9} {'promise':>10}")


def print_result(result: Result) -> None:
    """Show a line."""
    ratio = "" if result.ratio is None else shown_ratio(result.ratio)
    numbers = f"{milliseconds(result.ours):>9} {milliseconds(result.peer):>9} {ratio:>9} {result.promised:>10}"
    missed = "MISSED" if result.missed else ""
    print(f"{result.title:60} {result.clock:9} {numbers}  {missed}  {result.note}".rstrip(), flush=True)


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds, with three digits that say something."""
    if seconds is None:
        return "-"
    digits = max(0, 2 - math.floor(math.log10(1000 * seconds))) if seconds > 0 else 1
    return f"{1000 * seconds:.{min(digits, 3)}f}"


def shown_ratio(ratio: float) -> str:
    """A ratio with two digits."""
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def machine(packages: Iterable[str] = ("kernels", "torch", "huggingface_hub")) -> dict[str, Any]:
    """Where it was measured."""
    lines: Sequence[str] = _CPU.read_text("utf-8").splitlines() if _CPU.exists() else ()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        **{name: version(name) for name in packages},
    }
