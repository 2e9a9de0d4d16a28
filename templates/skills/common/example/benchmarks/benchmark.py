"""Time rms_norm against Torch; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class RMSNormBenchmark(Benchmark):
    """The shapes of a language model: one token, a prompt, a batch."""

    seed = 0

    def _allocate(self, rows: int, columns: int, dtype: torch.dtype = torch.bfloat16) -> None:
        """Make the input, and an output of NaN: only a kernel that writes every element passes verification.

        The weight keeps the results below 2, where neighbours in bfloat16 are closer than the 0.01 that may differ.
        """
        self.x = torch.randn(rows, columns, device=self.device).to(dtype)
        self.weight = (0.05 * torch.randn(columns, device=self.device)).to(dtype)
        self.out = torch.full_like(self.x, float("nan"))

    def setup_one_token(self) -> None:
        """Make one row."""
        self._allocate(1, 4096)

    def benchmark_one_token(self) -> None:
        """Run the kernel."""
        self.kernel.rms_norm(self.x, self.weight, out=self.out)

    def verify_one_token(self) -> torch.Tensor:
        """Return what ``self.out`` must be; this is also what the kernel is timed against."""
        return torch.nn.functional.rms_norm(self.x, self.weight.shape, self.weight, 1e-6)

    def setup_prompt(self) -> None:
        """Make 4096 rows."""
        self._allocate(4096, 4096)

    def benchmark_prompt(self) -> None:
        """Run the kernel."""
        self.kernel.rms_norm(self.x, self.weight, out=self.out)

    def verify_prompt(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return torch.nn.functional.rms_norm(self.x, self.weight.shape, self.weight, 1e-6)
