"""The class that benchmark scripts derive from."""

from typing import Any

__all__ = ["Benchmark"]


class Benchmark:
    """Workloads of one kernel, each timed on an instance of its own.

    A subclass in `benchmarks/benchmark*.py` of a kernel has these methods, for as many workloads `<w>` as it likes:

    - `benchmark_<w>(self)`: one call of the kernel. This is what is timed.
    - `setup_<w>(self)`, or `setup(self)` for the workloads without one: makes the inputs; runs once, before.
    - `verify_<w>(self)`, optional: computes what `self.out` must be, and returns it: a tensor, or a tuple, list or
      dictionary of tensors. It is timed as the reference, and `self.out` is read after it has returned.

    Attributes:
        seed: seeds Torch's and Python's random numbers before the setup; `None` leaves them alone.
        kernel: the module of the kernel.
        device: the name of the device to allocate on, such as `"cuda"`, `"mps"` or `"cpu"`.
        out: the result of the kernel, which `setup` allocates or `benchmark_<w>` sets.
    """

    seed: int | None = 0
    kernel: Any = None
    device: str = "cpu"
    out: Any = None

    def setup(self) -> None:
        """Make the inputs of every workload that has no `setup_<w>` of its own."""
