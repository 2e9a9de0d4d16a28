"""Time relu against torch.relu; run with ``kernels benchmark``.

``python benchmarks/benchmark.py`` prints how long both take on the CPU, for the build in the folder above. Results go
into a tensor that is there, where torch.clamp_min stands in for torch.relu, which has no ``out``, and into new tensors.
There, small ones show what our function does in Python: it makes the tensor and calls the op, each for about a
microsecond.
"""

from argparse import ArgumentParser
from pathlib import Path
from random import sample
from statistics import median
from time import perf_counter
from typing import Callable, List

import torch

from kernels import get_local_kernel
from kernels.benchmark import Benchmark


class ReluBenchmark(Benchmark):
    """Tensors from those that fit in a cache to those that do not."""

    seed = 0

    def _allocate(self, rows: int, columns: int, dtype: torch.dtype = torch.float32) -> None:
        """Make the input, and an output of NaN: only a kernel that writes every element passes verification."""
        self.x = torch.randn(rows, columns, device=self.device).to(dtype)
        self.out = torch.full_like(self.x, float("nan"))
        self.expected = torch.empty_like(self.x)

    def _relu_of_torch(self) -> torch.Tensor:
        """Do what torch.relu does, into a tensor that is there: to allocate one can take longer than all the rest."""
        return torch.clamp_min(self.x, 0, out=self.expected)

    def setup_small(self) -> None:
        """Make 64 KiB of float32."""
        self._allocate(128, 128)

    def benchmark_small(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_small(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._relu_of_torch()

    def setup_large(self) -> None:
        """Make 64 MiB of float32."""
        self._allocate(4096, 4096)

    def benchmark_large(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._relu_of_torch()

    def setup_large_bfloat16(self) -> None:
        """Make 32 MiB of bfloat16."""
        self._allocate(4096, 4096, torch.bfloat16)

    def benchmark_large_bfloat16(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large_bfloat16(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._relu_of_torch()


def time_in_turns(functions: List[Callable[[], torch.Tensor]], calls: int, seconds: float) -> List[float]:
    """Return the median time of one call of each function, in microseconds.

    The functions take turns, so that a machine that slows down does so for all of them, and each round has an order of
    its own, since what runs before a function changes how fast it is.
    """
    turns = [(function, []) for function in functions]
    end = perf_counter() + seconds
    while perf_counter() < end:
        for function, times in sample(turns, len(turns)):
            function()  # brings its own tensors back into the cache
            start = perf_counter()
            for _ in range(calls):
                function()
            times.append((perf_counter() - start) / calls * 1e6)
    return [median(times) for _, times in turns]


def compare(relu: Callable[..., torch.Tensor], x: torch.Tensor, seconds: float) -> List[float]:
    """Return the times of the kernel and of Torch and their ratio: into a tensor that is there, and for a new one."""
    out = torch.empty_like(x)
    functions = [
        lambda: relu(x, out=out),
        lambda: torch.clamp_min(x, 0, out=out),
        lambda: relu(x),
        lambda: torch.relu(x),
    ]
    for function in functions:
        torch.testing.assert_close(function(), torch.relu(x), rtol=0, atol=0)
    into, torch_into, new, torch_new = time_in_turns(functions, max(1, 2**18 // x.numel()), seconds)
    return [into, torch_into, into / torch_into, new, torch_new, new / torch_new]


def main() -> None:
    """Print a table of medians."""
    parser = ArgumentParser(description="Compare the kernel with torch.relu on the CPU.")
    parser.add_argument("--seconds", type=float, default=3, help="how long each row of the table is measured")
    seconds = parser.parse_args().seconds
    relu = get_local_kernel(Path(__file__).resolve().parents[1], backend="cpu").relu
    print(f"Medians in microseconds on {torch.get_num_threads()} threads; below a ratio of 1, the kernel is faster.")
    print(f"{'':16} {'into a tensor':>32} {'a new tensor':>32}")
    print(f"{'dtype':8} {'count':>7} " + " ".join(f"{title:>10}" for title in ("kernel", "torch", "ratio") * 2))
    for dtype in (torch.float32, torch.bfloat16):
        for power in range(14, 25, 2):
            x = torch.randn(2**power, generator=torch.Generator().manual_seed(0)).to(dtype)
            cells = " ".join(f"{cell:10.2f}" for cell in compare(relu, x, seconds))
            print(f"{str(dtype).split('.')[1]:8} {f'2^{power}':>7} {cells}", flush=True)


if __name__ == "__main__":
    main()
