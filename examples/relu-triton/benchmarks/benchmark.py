"""Time relu against torch.relu; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class ReluBenchmark(Benchmark):
    """Tensors that fit in a cache and, but for a CPU, where Triton is interpreted, those that do not."""

    seed = 0

    def _side(self) -> int:
        """Return the number of rows and of columns of the large tensors."""
        return 128 if torch.device(self.device).type == "cpu" else 4096

    def _allocate(self, rows: int, columns: int, dtype: torch.dtype = torch.float32) -> None:
        """Make the input, and an output of NaN: only a kernel that writes every element passes verification."""
        self.x = torch.randn(rows, columns, device=self.device).to(dtype)
        self.out = torch.full_like(self.x, float("nan"))

    def setup_small(self) -> None:
        """Make 64 KiB of float32."""
        self._allocate(128, 128)

    def benchmark_small(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_small(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.relu(self.x)

    def setup_large(self) -> None:
        """Make 64 MiB of float32, on a GPU."""
        self._allocate(self._side(), self._side())

    def benchmark_large(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.relu(self.x)

    def setup_large_bfloat16(self) -> None:
        """Make 32 MiB of bfloat16, on a GPU."""
        self._allocate(self._side(), self._side(), torch.bfloat16)

    def benchmark_large_bfloat16(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large_bfloat16(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.relu(self.x)
