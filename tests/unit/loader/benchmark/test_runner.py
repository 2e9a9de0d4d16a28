"""Running benchmarks on real kernels."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.benchmark.report import Report
from kernels.benchmark.runner import Settings, run_benchmarks
from kernels.benchmark.source import Source, fetch
from kernels.errors import BenchmarkFailedError, BenchmarkScriptError

torch = pytest.importorskip("torch")

MakeKernel = Callable[..., Path]
HEAD = "import torch\nfrom kernels.benchmark import Benchmark\n"


def _run(root: Path, *, iterations: int = 3, warmup: int = 1, lines: list[str] | None = None) -> Report:
    announce = (lambda _line: None) if lines is None else lines.append
    return run_benchmarks(fetch(Source("the kernel", root)), Settings(warmup, iterations), announce)


def test_a_kernel_is_verified_and_timed(make_kernel: MakeKernel) -> None:
    """Each workload has its timings, those of its reference where it has one, and what it computes on."""
    root = make_kernel()
    lines: list[str] = []
    report = _run(root, lines=lines)

    assert ["Running benchmark.py...", "  Running Square on cpu"] == lines
    half, small = report.results
    assert ("half", "float16", None, None, None) == (
        half.workload,
        half.dtype,
        half.verified,
        half.reference,
        half.speedup,
    )
    assert ("benchmarks/benchmark.py", "Square", "small", "cpu", "float32", True, None) == (
        small.script,
        small.benchmark,
        small.workload,
        small.device,
        small.dtype,
        small.verified,
        small.difference,
    )
    for timing in (half.timing, small.timing, small.reference):
        assert timing is not None
        assert 3 == timing.iterations
        assert 0 < timing.min <= timing.q1 <= timing.q3 <= timing.max
    assert small.timing is not None
    assert small.reference is not None
    assert small.reference.mean / small.timing.mean == small.speedup


def test_the_report_names_kernel_and_scripts(make_kernel: MakeKernel) -> None:
    """The kernel is known by its commit, a script by the hash that git would give it."""
    root = make_kernel("# one\n" + HEAD + "class One(Benchmark):\n    def benchmark_x(self): pass\n")
    report = _run(root)

    text = (root / "benchmarks" / "benchmark.py").read_bytes()
    expected = hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
    assert [("benchmarks/benchmark.py", expected)] == [(script.path, script.sha) for script in report.scripts]
    (metadata,) = (root / "build").glob("*/metadata.json")
    assert f'_{report.kernel.commit}"' in metadata.read_text("utf-8")
    assert ("the kernel", False) == (report.kernel.name, report.kernel.dirty)
    assert str(torch.__version__) == report.machine.torch


def test_results_are_sorted_and_scripts_run_in_order(make_kernel: MakeKernel) -> None:
    """Scripts run by name, classes and workloads as they are written; the report is sorted by their names."""
    text = HEAD + (
        "class {}(Benchmark):\n    def benchmark_z(self): print('{} z')\n    def benchmark_a(self): print('{} a')\n"
    )
    root = make_kernel(
        text.format(*["Zebra"] * 3) + text.format(*["Ant"] * 3)[len(HEAD) :], benchmark_b=text.format(*["Bee"] * 3)
    )
    lines: list[str] = []
    report = _run(root, iterations=1, warmup=0, lines=lines)

    order = ["Running benchmark.py...", "  Running Zebra on cpu", "  Running Ant on cpu"]
    assert [*order, "Running benchmark_b.py...", "  Running Bee on cpu"] == lines
    found = [(result.benchmark, result.workload) for result in report.results]
    assert [(name, workload) for name in ("Ant", "Bee", "Zebra") for workload in ("a", "z")] == found


def test_every_workload_starts_afresh(make_kernel: MakeKernel) -> None:
    """A workload has an instance of its own, the same random numbers, and its own setup or else the common one."""
    root = make_kernel(
        HEAD + "import random\n"
        "log = []\n"
        "class Fresh(Benchmark):\n"
        "    seed = 7\n"
        "    def setup(self):\n"
        "        assert not hasattr(self, 'x') and self.out is None\n"
        "        self.x = (torch.rand(1).item(), random.random())\n"
        "        log.append('common')\n"
        "    def setup_own(self):\n"
        "        self.setup()\n"
        "        log.append('own')\n"
        "    def benchmark_own(self): pass\n"
        "    def benchmark_other(self): pass\n"
        "    def benchmark_last(self):\n"
        "        self.out = torch.tensor([*self.x, log.count('common'), log.count('own')])\n"
        "    def verify_last(self):\n"
        "        torch.manual_seed(7)\n"
        "        random.seed(7)\n"
        "        return torch.tensor([torch.rand(1).item(), random.random(), 3, 1])\n"
    )
    last, other, own = _run(root).results
    assert (True, None, None) == (last.verified, other.verified, own.verified)


def test_the_reference_may_finish_the_output(make_kernel: MakeKernel) -> None:
    """`self.out` is looked at after the reference was computed, which may put it together."""
    root = make_kernel(
        HEAD + "class Pair(Benchmark):\n"
        "    def setup(self): self.one = torch.ones(2)\n"
        "    def benchmark_pair(self): self.two = self.one * 2\n"
        "    def verify_pair(self):\n"
        "        self.out = (self.one, {'two': self.two})\n"
        "        return [torch.ones(2), {'two': torch.full((2,), 2.0)}]\n"
    )
    (result,) = _run(root).results
    assert (True, None) == (result.verified, result.dtype)


def test_the_kernel_is_called_before_the_reference(make_kernel: MakeKernel) -> None:
    """An output that the reference has left in memory cannot pass for that of the kernel."""
    root = make_kernel(
        HEAD + "log = []\n"
        "class Order(Benchmark):\n"
        "    def benchmark_x(self): log.append('kernel'); self.out = torch.tensor([len(log)])\n"
        "    def verify_x(self): log.append('reference'); return torch.tensor([1])\n"
    )
    assert _run(root).results[0].verified is True


def test_a_wrong_kernel_is_not_timed(make_kernel: MakeKernel) -> None:
    """What computes something else than its reference is reported with where; the other workloads still run."""
    root = make_kernel(
        HEAD + "class Square(Benchmark):\n"
        "    def setup(self): self.x = torch.full((2, 3), 2.0); self.out = torch.empty(2, 3)\n"
        "    def benchmark_wrong(self): self.kernel.wrong(self.x, self.out)\n"
        "    def verify_wrong(self): return self.x**2\n"
        "    def benchmark_right(self): self.kernel.square(self.x, self.out)\n"
        "    def verify_right(self): return self.x**2\n"
    )
    report = _run(root)

    right, wrong = report.results
    assert (True, False, None, None) == (right.verified, wrong.verified, wrong.timing, wrong.reference)
    assert (
        "benchmarks/benchmark.py: Square.wrong: 1 of 6 elements of self.out differ from the reference; "
        "the first, at [1, 0], is 5.0 and should be 4.0"
    ) == "".join(report.differences)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def benchmark_x(self): pass\n    def verify_x(self): return 1", "it never sets self.out"),
        ("def benchmark_x(self): self.out = 1\n    def verify_x(self): pass", "its verify method returns nothing"),
    ],
)
def test_nothing_to_compare(make_kernel: MakeKernel, body: str, words: str) -> None:
    """A reference without an output, or the reverse, is a mistake of the script."""
    root = make_kernel(HEAD + f"class One(Benchmark):\n    {body}\n")
    with pytest.raises(BenchmarkScriptError, match=rf"^benchmarks/benchmark\.py: One\.x: {words}"):
        _run(root)


@pytest.mark.parametrize("method", ["setup", "setup_x", "benchmark_x", "verify_x", "__init__"])
@pytest.mark.parametrize("error", ["1 / 0", "raise SystemExit('enough')"])
def test_a_script_that_fails(make_kernel: MakeKernel, method: str, error: str) -> None:
    """Whichever method fails, the error says in which workload and with what, and everything is put back."""
    methods = dict.fromkeys(["benchmark_x"], "self.out = torch.ones(1)") | {method: error}
    text = "".join(f"    def {name}(self): {body}\n" for name, body in methods.items())
    root = make_kernel(HEAD + "class One(Benchmark):\n" + text)
    before = (Path.cwd(), set(sys.modules))

    with pytest.raises(BenchmarkFailedError) as caught:
        _run(root)

    assert str(caught.value).startswith("benchmarks/benchmark.py: One.x failed: ")
    assert isinstance(caught.value.__cause__, ZeroDivisionError | SystemExit)
    assert before[0] == Path.cwd()
    assert [] == [name for name in set(sys.modules) - before[1] if name.startswith("benchmark_module")]


def test_an_output_that_is_no_tensor(make_kernel: MakeKernel) -> None:
    """What Torch cannot compare is a failure of the workload, not of the runner."""
    root = make_kernel(
        HEAD + "class One(Benchmark):\n"
        "    def benchmark_x(self): self.out = object()\n"
        "    def verify_x(self): return torch.ones(1)\n"
    )
    with pytest.raises(BenchmarkFailedError, match=r"One\.x failed: "):
        _run(root)


def test_scripts_run_in_their_repository(make_kernel: MakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are found from the root of the repository, also when it was given by a relative path."""
    root = make_kernel(
        HEAD + "import pathlib\n"
        "class One(Benchmark):\n"
        "    def benchmark_x(self): self.out = torch.tensor(float(pathlib.Path('data.txt').read_text()))\n"
        "    def verify_x(self): return 3.0\n"
    )
    (root / "data.txt").write_text("3.0", "utf-8")
    monkeypatch.chdir(root.parent)

    assert True is _run(Path(root.name)).results[0].verified
    assert os.path.realpath(root.parent) == os.path.realpath(Path.cwd())
