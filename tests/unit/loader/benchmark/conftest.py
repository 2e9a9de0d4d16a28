"""Kernels with benchmarks, made on disk, and reports, made up."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kernels.benchmark.machine import Machine
from kernels.benchmark.report import KernelBuild, Report, Result, Script
from kernels.benchmark.statistics import summarize

MakeBuild = Callable[..., Path]

#: A kernel that squares, and one that is wrong by 1 in one place.
KERNEL = """\
import torch


def square(x, out):
    torch.mul(x, x, out=out)


def wrong(x, out):
    torch.mul(x, x, out=out)
    out.view(-1)[3] += 1
"""

#: Two workloads; the second has a setup of its own and no reference.
SCRIPT = """\
import torch

from kernels.benchmark import Benchmark


class Square(Benchmark):
    def setup(self):
        self.x = torch.randn(8, 4, device=self.device)
        self.out = torch.full_like(self.x, float("nan"))

    def benchmark_small(self):
        self.kernel.square(self.x, self.out)

    def verify_small(self):
        return self.x**2

    def setup_half(self):
        self.x = torch.ones(16, dtype=torch.float16)
        self.out = torch.empty_like(self.x)

    def benchmark_half(self):
        self.kernel.square(self.x, self.out)
"""


@pytest.fixture
def make_kernel(make_build: MakeBuild) -> Callable[..., Path]:
    """Make a kernel project with benchmark scripts, by default with one called `benchmark.py`; gives its folder."""

    def make(script: str | None = SCRIPT, *, kernel: str = KERNEL, project: str = "kernel", **files: str) -> Path:
        root = make_build(kernel, project=project).parent.parent
        texts = {**({} if script is None else {"benchmark": script}), **files}
        for name, text in texts.items():
            (root / "benchmarks").mkdir(exist_ok=True)
            (root / "benchmarks" / f"{name}.py").write_text(text, "utf-8")
        return root

    return make


@pytest.fixture
def report() -> Report:
    """Three workloads: one faster than its reference, one without a reference, one that is wrong."""
    plain = Result(
        script="benchmarks/benchmark.py",
        benchmark="Silu",
        workload="plain",
        device="cpu",
        dtype=None,
        timing=summarize([0.5]),
    )
    fast = replace(
        plain,
        workload="fast",
        dtype="float32",
        timing=summarize([1.0, 2.0, 3.0]),
        reference=summarize([4.0, 5.0, 6.0]),
        verified=True,
    )
    wrong = replace(plain, workload="wrong", timing=None, verified=False, difference="it differs")
    machine = Machine(
        gpu=None,
        cpu="A Processor",
        os="Linux 6.1",
        torch="2.13.0+cpu",
        python="3.12.1",
        backend="cpu",
        threads=4,
    )
    return Report(
        kernel=KernelBuild("owner/silu@v1", "2385e44", dirty=False),
        scripts=(Script("benchmarks/benchmark.py", "5b53516" + "0" * 33),),
        machine=machine,
        results=(fast, plain, wrong),
    )
