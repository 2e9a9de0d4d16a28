"""Time gemm against torch.mm; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class GemmBenchmark(Benchmark):
    """Products from one that a part of the GPU computes to one that takes all of it."""

    seed = 0

    def _allocate(self, size: int, dtype: torch.dtype) -> None:
        """Make the matrices, and a result of NaN: only a kernel that writes every element passes verification."""
        # Of this size, sums neither leave the range of float16 nor are lost in it.
        self.a = (torch.randn(size, size, device=self.device) / size**0.25).to(dtype)
        self.b = (torch.randn(size, size, device=self.device) / size**0.25).to(dtype)
        self.out = torch.full_like(self.a, float("nan"))
        self.expected = torch.empty_like(self.a)

    def setup_small(self) -> None:
        """Make matrices of 512 by 512 elements of float16."""
        self._allocate(512, torch.float16)

    def benchmark_small(self) -> None:
        """Run the kernel."""
        self.kernel.gemm(self.a, self.b, out=self.out)

    def verify_small(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.mm(self.a, self.b, out=self.expected)

    def setup_large(self) -> None:
        """Make matrices of 4096 by 4096 elements of float16."""
        self._allocate(4096, torch.float16)

    def benchmark_large(self) -> None:
        """Run the kernel."""
        self.kernel.gemm(self.a, self.b, out=self.out)

    def verify_large(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.mm(self.a, self.b, out=self.expected)

    def setup_large_bfloat16(self) -> None:
        """Make matrices of 4096 by 4096 elements of bfloat16."""
        self._allocate(4096, torch.bfloat16)

    def benchmark_large_bfloat16(self) -> None:
        """Run the kernel."""
        self.kernel.gemm(self.a, self.b, out=self.out)

    def verify_large_bfloat16(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.mm(self.a, self.b, out=self.expected)
