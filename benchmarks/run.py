"""What `make bench` runs first: start-up times against bare Python, and local builds against Torch's own builder.

The loader has a benchmark of its own, `benchmarks/loader.py`, which runs next. Everything is measured in one run on one
machine, pairs in turn, and shown as medians and ratios: a lone second says nothing. Processor time of whole processes
for start-up, wall time for builds.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RELU = ROOT / "examples" / "relu"
STARTS = 15
NO_OPS = 5

_BUILDER = [sys.executable, "-m", "kernel_builder"]
#: The same sources through torch.utils.cpp_extension, in a fresh process, as its users run it.
_PEER = """
import sys
from pathlib import Path
from torch.utils.cpp_extension import load
project, folder = map(Path, sys.argv[1:])
sources = [project / "torch-ext" / "torch_binding.cpp", project / "relu_cpu" / "relu_cpu.cpp"]
load("_relu_peer", [str(path) for path in sources], build_directory=str(folder), is_python_module=False,
     extra_include_paths=[str(project / "torch-ext")], extra_cflags=["-O3", "-DCPU_KERNEL"])
"""


def main() -> None:
    """Run both groups and print their tables."""
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}\n")
    _starts()
    _builds()


def _starts() -> None:
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


def _builds() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project, peer = Path(folder) / "relu", Path(folder) / "peer"
        ignored = shutil.ignore_patterns("build", "build-ext", ".kernel-builder", "__pycache__")
        shutil.copytree(RELU, project, ignore=ignored)
        peer.mkdir()
        shutil.copy(ROOT / "templates/project/torch/torch-ext/registration.h", peer)
        shutil.copytree(project, peer / "project")
        shutil.copy(peer / "registration.h", peer / "project" / "torch-ext")
        (peer / "out").mkdir()
        ours = [*_BUILDER, "build", str(project), "--driver", "local"]
        theirs = [sys.executable, "-c", _PEER, str(peer / "project"), str(peer / "out")]
        rows = [("cold build", _wall(ours), _wall(theirs))]
        pairs = [(_wall(ours), _wall(theirs)) for _ in range(NO_OPS)]
        rows.append(("nothing changed", *(statistics.median(side) for side in zip(*pairs, strict=True))))
    print(f"{'relu, CPU (wall time)':34} {'ours s':>10} {'peer s':>10} {'peer/ours':>10}")
    for name, mine, other in rows:
        print(f"{name:34} {mine:10.2f} {other:10.2f} {other / mine:10.1f}")
    print("peer: torch.utils.cpp_extension.load; ours includes the checks and a load of the finished build")


def _processor_seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _quiet(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _wall(command: Sequence[str]) -> float:
    return _timed(lambda: _quiet(command))


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _quiet(command: Sequence[str]) -> None:
    # No compiler cache: the compilers are what is compared.
    env = {**os.environ, "CCACHE_DISABLE": "1"}
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, env=env)  # noqa: S603


if __name__ == "__main__":
    main()
