"""Our check of libraries against the registry's `kernel-abi-check`, in one process and in one run on one machine.

    python benchmarks/abi.py

Both look at the same files, in turn, after each has seen them once: three libraries of Torch, a small library that was
not stripped, and a kernel as `kernel-builder init` and `kernel-builder build` make it, which is stripped. The peer is
asked for the versions of the system's libraries and for Python's limited API, which is what its package offers; ours
looks at all that it knows of. The peer is compiled code that reads the whole file, and nothing of a stripped one: it
takes less time for a small file than Python takes for a few function calls, and many times more for a large one. Then
the command `kernel-builder check-abi` is run on the kernel, as a process of its own. All numbers are medians of
processor time. The exit status is 1 when a promise is missed.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import kernel_abi_check

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.commands import processor_seconds, run
from benchmarks.results import Result, print_heading, print_result
from kernel_builder.checks.abi import AbiLimits, check_abi

TITLE = "check-abi; peer: kernel-abi-check"
_BUILDER = [sys.executable, "-m", "kernel_builder"]
_MANYLINUX, _PYTHON = "manylinux_2_28", "3.9"
#: How often each side looks at a library.
_FEW, _MANY = 15, 300
#: How many times faster than the peer we promise to be at least, with a library of hundreds of megabytes.
_PROMISE = 10.0
_SMALL = """
#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
struct Table {
  std::map<std::string, std::vector<double>> rows;
  double sum(const std::string &name) const {
    auto row = rows.find(name);
    if (row == rows.end()) throw std::out_of_range("no row " + name);
    std::vector<double> sorted(row->second);
    std::stable_sort(sorted.begin(), sorted.end());
    double total = 0;
    for (double one : sorted) std::cout << (total += one) << std::endl;
    return total;
  }
};
extern "C" void *PyModule_Create2(void *, int);
extern "C" void *PyInit_small() {
  Table table{{{"a", {3, 1, 2}}, {"b", {}}}};
  return table.sum("a") > 0 ? PyModule_Create2(nullptr, 3) : nullptr;
}
"""
#: The most that the whole command may take, in seconds of processor time.
_COMMAND_SECONDS, _STARTS = 0.15, 15


def measure(*, quick: bool = False) -> Iterator[Result]:
    """Time both sides on each library, and then the command."""
    few, many, starts = (3, 30, 3) if quick else (_FEW, _MANY, _STARTS)
    with tempfile.TemporaryDirectory() as name:
        build = _kernel(Path(name))
        [kernel] = build.glob("*.abi3.so")
        yield _compare(_torch_library("libtorch_cpu.so"), few, _PROMISE)
        for library in (*map(_torch_library, ("libtorch_python.so", "libc10.so")), _small(Path(name)), kernel):
            yield _compare(library, many)
        yield _command(build, starts)


def _kernel(folder: Path) -> Path:
    """Build a kernel as a user does, and give the folder of the build."""
    run([*_BUILDER, "init", "add", "--backends", "cpu"], cwd=folder)
    run([*_BUILDER, "build", "add", "--driver", "local"], cwd=folder)
    return next(path.parent for path in (folder / "add" / "build").glob("*/*.abi3.so"))


def _small(folder: Path) -> Path:
    """Compile a library of some templates of the C++ library."""
    source, path = folder / "small.cpp", folder / "small.abi3.so"
    source.write_text(_SMALL, "utf-8")
    run(["g++", "-O2", "-std=c++17", "-shared", "-fPIC", "-o", str(path), str(source)], cwd=folder)
    return path


def _torch_library(name: str) -> Path:
    """A library of the installed Torch, which is not imported."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        sys.exit("Torch is not installed")
    return Path(spec.origin).parent / "lib" / name


def _ask_us(path: Path) -> None:
    check_abi(path, AbiLimits(manylinux=_MANYLINUX, python=(3, 9)))


def _ask_peer(path: Path) -> None:
    file = kernel_abi_check.ObjectFile(str(path))
    file.check_manylinux(_MANYLINUX)
    file.check_python_abi(_PYTHON)


def _compare(path: Path, runs: int, promise: float | None = None) -> Result:
    """Time both sides in turn."""
    times: dict[Callable[[Path], None], list[float]] = {_ask_us: [], _ask_peer: []}
    for look in times:
        look(path)
    for _ in range(runs):
        for look, found in times.items():
            started = time.process_time()
            look(path)
            found.append(time.process_time() - started)
    ours, peer = map(statistics.median, times.values())
    title = f"{path.name}, {path.stat().st_size / 1e6:.2f} MB, {runs} times"
    return Result(title=title, clock="processor", ours=ours, peer=peer, promise=promise)


def _command(build: Path, starts: int) -> Result:
    command = [*_BUILDER, "check-abi", str(build)]
    run(command, cwd=build)
    took = statistics.median(processor_seconds(command, build) for _ in range(starts))
    return Result(title="kernel-builder check-abi", clock="processor", ours=took, limit=_COMMAND_SECONDS)


if __name__ == "__main__":
    print_heading(TITLE)
    results = []
    for result in measure():
        print_result(result)
        results.append(result)
    sys.exit(any(one.missed for one in results))
