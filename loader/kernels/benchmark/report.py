"""What a run of benchmarks found, and its JSON document."""

from dataclasses import asdict, dataclass
from typing import Any

from kernels.benchmark.machine import Machine
from kernels.benchmark.statistics import Statistics, differ, speedup

__all__ = ["KernelBuild", "Report", "Result", "Script"]

_DIRTY = "_dirty"


@dataclass(frozen=True, slots=True)
class KernelBuild:
    """Which build of a kernel was timed.

    Attributes:
        name: the repository and its revision, or the path, as they were asked for.
        commit: the start of the commit that the kernel was built from, or what else makes the build unique.
        dirty: whether its sources differed from that commit.
    """

    name: str
    commit: str
    dirty: bool

    @classmethod
    def of(cls, name: str, module_id: str) -> "KernelBuild":
        """Read the commit in the id of a kernel's module: `_relu_cuda_2385e44`, or `_relu_cuda_2385e44_dirty`."""
        clean = module_id.removesuffix(_DIRTY)
        return cls(name, clean.rpartition("_")[2], dirty=clean != module_id)


@dataclass(frozen=True, slots=True)
class Script:
    """A benchmark script.

    Attributes:
        path: its path in the kernel's repository, with `/`.
        sha: the name that git gives to its contents.
    """

    path: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was found for one workload.

    Attributes:
        script: the path of the benchmark's script.
        benchmark: the name of the benchmark's class.
        workload: the name of the workload.
        device: where it ran.
        dtype: the element type of `self.out`, such as `"float16"`; `None` when that is no tensor.
        timing: the timings of the kernel; `None` for a kernel that computes something wrong.
        reference: the timings of the reference; `None` also when there is no reference.
        verified: whether the kernel computes what the reference does; `None` when there is no reference.
        difference: where its output differs from the reference, for a kernel that computes something wrong.
    """

    script: str
    benchmark: str
    workload: str
    device: str
    dtype: str | None
    timing: Statistics | None = None
    reference: Statistics | None = None
    verified: bool | None = None
    difference: str | None = None

    @property
    def speedup(self) -> float | None:
        """The mean time of the reference divided by that of the kernel; `None` without a reference."""
        return speedup(self.timing, self.reference) if self.timing and self.reference else None

    @property
    def significant(self) -> bool | None:
        """Whether the two means differ significantly; `None` without a reference."""
        return differ(self.timing, self.reference) if self.timing and self.reference else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found.

    Attributes:
        kernel: the build that was timed.
        scripts: the scripts that ran, in this order.
        machine: what they ran on.
        results: one per workload, sorted by the names of benchmark and workload.
    """

    kernel: KernelBuild
    scripts: tuple[Script, ...]
    machine: Machine
    results: tuple[Result, ...]

    @property
    def differences(self) -> list[str]:
        """One sentence for each workload whose output is not that of the reference."""
        return [
            f"{result.script}: {result.benchmark}.{result.workload}: {result.difference}"
            for result in self.results
            if result.difference
        ]

    def label(self, result: Result) -> str:
        """The name of a workload, with that of its benchmark in front where there are several."""
        several = len({result.benchmark for result in self.results}) > 1
        return f"{result.benchmark}.{result.workload}" if several else result.workload

    def document(self) -> dict[str, Any]:
        """The report for machines, which `json.dumps` takes; every time is in milliseconds.

        `benchmarkScriptPath` and `benchmarkScriptSha` are those of the only script. Where several ran they are null;
        `benchmarkScripts`, and the `benchmarkScriptPath` of each result, tell the scripts apart.
        """
        only = self.scripts[0] if len(self.scripts) == 1 else None
        return {
            "kernel": self.kernel.name,
            "kernelCommitSha": self.kernel.commit,
            "kernelDirty": self.kernel.dirty,
            "benchmarkScriptPath": only.path if only else None,
            "benchmarkScriptSha": only.sha if only else None,
            "benchmarkScripts": [asdict(script) for script in self.scripts],
            "machineInfo": asdict(self.machine),
            "results": [_result_document(result) for result in self.results],
        }


def _result_document(result: Result) -> dict[str, Any]:
    return {
        "benchmark": result.benchmark,
        "workload": result.workload,
        "benchmarkScriptPath": result.script,
        "device": result.device,
        "dtype": result.dtype,
        "timingResults": _timing_document(result.timing),
        "referenceTimingResults": _timing_document(result.reference),
        "speedup": result.speedup,
        "significant": result.significant,
        "verified": result.verified,
        "difference": result.difference,
    }


def _timing_document(timing: Statistics | None) -> dict[str, Any] | None:
    if timing is None:
        return None
    return {**asdict(timing), "confidenceInterval": list(timing.confidence)}
