"""Time row_sum against torch.sum; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class RowSumBenchmark(Benchmark):
    """Many short rows, and few long ones."""

    seed = 0

    def setup_short(self) -> None:
        """Make 16384 rows of 1024 elements."""
        self.x = torch.rand(16384, 1024, device=self.device)

    def benchmark_short(self) -> None:
        """Run the kernel."""
        self.out = self.kernel.row_sum(self.x)

    def verify_short(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self.x.sum(1)

    def setup_long(self) -> None:
        """Make 64 rows of 2^18 elements."""
        self.x = torch.rand(64, 1 << 18, device=self.device)

    def benchmark_long(self) -> None:
        """Run the kernel."""
        self.out = self.kernel.row_sum(self.x)

    def verify_long(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self.x.sum(1)
