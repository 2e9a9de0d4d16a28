"""Time rms_norm by the best path and by the one that runs everywhere; run with ``kernels benchmark``."""

import torch
from torch.nn.functional import rms_norm

from kernels.benchmark import Benchmark


class RmsNormBenchmark(Benchmark):
    """Rows as long as the hidden states of a language model."""

    seed = 0

    def _allocate(self) -> None:
        self.x = torch.randn(512, 4096)
        self.weight = torch.randn(4096)

    def _expected(self) -> torch.Tensor:
        return rms_norm(self.x, (4096,), self.weight, 1e-6)

    def setup_best(self) -> None:
        """Make 8 MiB."""
        self._allocate()

    def benchmark_best(self) -> None:
        """Run the best path."""
        self.out = self.kernel.rms_norm(self.x, self.weight)

    def verify_best(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._expected()

    def setup_baseline(self) -> None:
        """Make 8 MiB."""
        self._allocate()

    def benchmark_baseline(self) -> None:
        """Run the path that every CPU has."""
        self.out = self.kernel.rms_norm(self.x, self.weight, path="baseline")

    def verify_baseline(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._expected()
