"""How long commands take to start, in processor time of whole processes, against bare Python.

python benchmarks/startup.py
"""

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.commands import processor_seconds
from benchmarks.results import Result, print_heading, print_result

TITLE = "start-up; peer: python -c pass"
RELU = Path(__file__).resolve().parents[1] / "examples" / "relu"
_STARTS, _QUICK = 15, 3
_BUILDER = [sys.executable, "-m", "kernel_builder"]


def measure(*, quick: bool = False) -> Iterator[Result]:
    """Time each command, in turn with the others."""
    commands = {
        "import kernels": [sys.executable, "-c", "import kernels"],
        "kernel-builder --help": [*_BUILDER, "--help"],
        "kernel-builder check-config": [*_BUILDER, "check-config", str(RELU)],
        "kernel-builder list-variants": [*_BUILDER, "list-variants", str(RELU)],
    }
    bare = [sys.executable, "-c", "pass"]
    times: dict[str, list[float]] = {name: [] for name in ("", *commands)}
    for _ in range(_QUICK if quick else _STARTS):
        for name, command in {"": bare, **commands}.items():
            times[name].append(processor_seconds(command))
    medians = {name: statistics.median(samples) for name, samples in times.items()}
    for name in commands:
        yield Result(title=name, clock="processor", ours=medians[name], peer=medians[""])


if __name__ == "__main__":
    print_heading(TITLE)
    for found in measure():
        print_result(found)
