"""Time relu against torch.relu; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class ReluBenchmark(Benchmark):
    """Tensors from those that fit in a cache to those that do not."""

    seed = 0

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
        """Make 64 MiB of float32."""
        self._allocate(4096, 4096)

    def benchmark_large(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.relu(self.x)

    def setup_large_bfloat16(self) -> None:
        """Make 32 MiB of bfloat16."""
        self._allocate(4096, 4096, torch.bfloat16)

    def benchmark_large_bfloat16(self) -> None:
        """Run the kernel."""
        self.kernel.relu(self.x, out=self.out)

    def verify_large_bfloat16(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.relu(self.x)
