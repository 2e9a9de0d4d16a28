"""Time dequantize against indexing with Torch; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class DequantizeBenchmark(Benchmark):
    """A matrix of weights."""

    seed = 0

    def setup_weights(self) -> None:
        """Make 2048 x 2048 bytes."""
        self.codes = torch.randint(0, 256, (2048, 2048), dtype=torch.uint8)

    def benchmark_weights(self) -> None:
        """Run the kernel."""
        self.out = self.kernel.dequantize(self.codes, "int4")

    def verify_weights(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        halves = torch.stack([self.codes & 15, self.codes >> 4], dim=-1).flatten(-2)
        return torch.arange(-8, 8, dtype=torch.float32)[halves.int()]
