"""Running the benchmark scripts of a kernel."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kernels.benchmark.base import Benchmark
from kernels.benchmark.compare import find_difference
from kernels.benchmark.machine import describe_machine
from kernels.benchmark.report import KernelBuild, Report, Result, Script
from kernels.benchmark.script import FOLDER, find_benchmarks, loaded_script, workloads_of
from kernels.benchmark.source import Checkout
from kernels.benchmark.statistics import summarize
from kernels.benchmark.timing import device_of, synchronizer, time_calls
from kernels.errors import BenchmarkFailedError, BenchmarkScriptError
from kernels.integrity import file_hashes

__all__ = ["Settings", "run_benchmarks"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How often to call what is timed.

    Attributes:
        warmup: calls before the clock is started.
        iterations: calls that are timed, at least 1.
    """

    warmup: int = 10
    iterations: int = 100


def run_benchmarks(checkout: Checkout, settings: Settings, announce: Callable[[str], object]) -> Report:
    """Run every workload of every benchmark in every script of a kernel.

    A workload whose output is not that of its reference is reported and not timed; the others still run.

    Args:
        checkout: the kernel and its scripts.
        settings: how often to call what is timed.
        announce: called with a line of text before each script and each benchmark.

    Raises:
        BenchmarkScriptError: when a script defines no workloads, or one that cannot be verified.
        BenchmarkFailedError: when a script or the kernel raises an exception.
        BackendError: when Torch cannot wait for the device of this machine.
    """
    from kernels.system import current_system

    device = device_of(current_system().compute.backend)
    results: list[Result] = []
    for script in checkout.scripts:
        announce(f"Running {script.name}...")
        with loaded_script(script, checkout.root) as module:
            for benchmark in find_benchmarks(module, script):
                announce(f"  Running {benchmark.__name__} on {device}")
                run = _Run(benchmark, f"{FOLDER}/{script.name}", checkout, device, settings)
                results += [run.workload(workload) for workload in workloads_of(benchmark)]
    return Report(
        kernel=KernelBuild.of(checkout.name, checkout.kernel.__name__),
        scripts=tuple(Script(f"{FOLDER}/{script.name}", file_hashes(script)[0]) for script in checkout.scripts),
        machine=describe_machine(),
        results=tuple(sorted(results, key=lambda result: (result.benchmark, result.workload))),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One benchmark on one device."""

    benchmark: type[Benchmark]
    script: str
    checkout: Checkout
    device: str
    settings: Settings

    def workload(self, workload: str) -> Result:
        """Set a workload up, verify it, and time it."""
        place = f"{self.script}: {self.benchmark.__name__}.{workload}"
        synchronize = synchronizer(self.device)
        with _failures(place):
            instance = self._set_up(workload)
            getattr(instance, f"benchmark_{workload}")()
            synchronize()
        verify = getattr(instance, f"verify_{workload}", None)
        difference = _find_difference(instance, verify, place) if verify else None
        dtype = getattr(instance.out, "dtype", None)
        result = Result(
            script=self.script,
            benchmark=self.benchmark.__name__,
            workload=workload,
            device=self.device,
            dtype=str(dtype).removeprefix("torch.") if dtype else None,
            verified=difference is None if verify else None,
            difference=difference,
        )
        if difference:
            return result
        functions = [getattr(instance, f"benchmark_{workload}"), *([verify] if verify else [])]
        with _failures(place):
            times = time_calls(
                functions,
                warmup=self.settings.warmup,
                iterations=self.settings.iterations,
                synchronize=synchronize,
            )
        timing, *reference = map(summarize, times)
        return replace(result, timing=timing, reference=reference[0] if reference else None)

    def _set_up(self, workload: str) -> Benchmark:
        """A fresh instance with fresh random numbers, so that no workload depends on those before it."""
        instance = self.benchmark()
        instance.kernel = self.checkout.kernel
        instance.device = self.device
        if instance.seed is not None:
            import torch

            torch.manual_seed(instance.seed)
            random.seed(instance.seed)
        getattr(instance, f"setup_{workload}", instance.setup)()
        return instance


def _find_difference(instance: Benchmark, verify: Callable[[], object], place: str) -> str | None:
    """Compare the output of the kernel with that of the reference, which may still put `self.out` together."""
    with _failures(place):
        reference = verify()
    for value, problem in ((reference, "its verify method returns nothing"), (instance.out, "it never sets self.out")):
        if value is None:
            message = f"{place}: {problem}, so that there is nothing to compare"
            raise BenchmarkScriptError(message)
    with _failures(place):
        return find_difference(instance.out, reference)


@contextmanager
def _failures(place: str) -> Iterator[None]:
    """Say which workload it was that raised an exception, or tried to exit."""
    try:
        yield
    except (Exception, SystemExit) as error:
        message = f"{place} failed: {type(error).__name__}: {error}"
        raise BenchmarkFailedError(message) from error
