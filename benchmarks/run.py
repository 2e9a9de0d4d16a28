"""What `make bench` runs first: start-up times against bare Python, in processor time of whole processes.

Everything is measured in one run on one machine, in turn, and shown as medians: a lone second says nothing.
"""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RELU = ROOT / "examples" / "relu"
STARTS = 15

_BUILDER = [sys.executable, "-m", "kernel_builder"]


def main() -> None:
    """Measure and print the table."""
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}\n")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import kernels": [sys.executable, "-c", "import kernels"],
        "kernel-builder --help": [*_BUILDER, "--help"],
        "kernel-builder check-config": [*_BUILDER, "check-config", str(RELU)],
        "kernel-builder list-variants": [*_BUILDER, "list-variants", str(RELU)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            times[name].append(_processor_seconds(command))
    bare = statistics.median(times["python -c pass"])
    print(f"{'start-up (processor time)':34} {'median ms':>10} {'over bare':>10}")
    for name, samples in times.items():
        median = statistics.median(samples)
        print(f"{name:34} {1000 * median:10.1f} {1000 * (median - bare):10.1f}")
    print()


def _processor_seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _quiet(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _quiet(command: Sequence[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
