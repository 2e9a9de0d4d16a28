"""Time silu_and_mul against Torch's two operators; run with ``kernels benchmark``."""

import torch
from torch.nn.functional import silu

from kernels.benchmark import Benchmark


class SiluAndMulBenchmark(Benchmark):
    """The sizes of feed-forward layers, for one token and for many."""

    seed = 0

    def _allocate(self, tokens: int, width: int, dtype: torch.dtype) -> None:
        """Make the input, and an output of NaN: only a kernel that writes every element passes verification."""
        self.x = torch.randn(tokens, 2 * width, device=self.device).to(dtype)
        self.out = torch.full((tokens, width), float("nan"), dtype=dtype, device=self.device)

    def _expected(self) -> torch.Tensor:
        left, right = self.x.chunk(2, dim=-1)
        return silu(left) * right

    def setup_one_token(self) -> None:
        """Make a row of 2 x 11008 elements."""
        self._allocate(1, 11008, torch.float32)

    def benchmark_one_token(self) -> None:
        """Run the kernel."""
        self.kernel.silu_and_mul(self.x, out=self.out)

    def verify_one_token(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._expected()

    def setup_many_tokens(self) -> None:
        """Make 512 rows of bfloat16."""
        self._allocate(512, 11008, torch.bfloat16)

    def benchmark_many_tokens(self) -> None:
        """Run the kernel."""
        self.kernel.silu_and_mul(self.x, out=self.out)

    def verify_many_tokens(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._expected()
