"""Time relu, forward and backward, against torch.relu; run with ``kernels benchmark``."""

import torch

from kernels.benchmark import Benchmark


class ReluBenchmark(Benchmark):
    """Tensors from those that fit in a cache to those that do not."""

    seed = 0

    def _allocate(self, rows: int, columns: int) -> None:
        """Make the input, and the gradient of the result."""
        self.x = torch.randn(rows, columns, device=self.device, requires_grad=True)
        self.grad = torch.randn(rows, columns, device=self.device)

    def _gradient(self, result: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the input."""
        (found,) = torch.autograd.grad(result, self.x, self.grad)
        return found

    def setup_small(self) -> None:
        """Make 64 KiB."""
        self._allocate(128, 128)

    def benchmark_small(self) -> None:
        """Run both passes of the kernel."""
        self.out = self._gradient(self.kernel.relu(self.x))

    def verify_small(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._gradient(torch.relu(self.x))

    def setup_large(self) -> None:
        """Make 64 MiB."""
        self._allocate(4096, 4096)

    def benchmark_large(self) -> None:
        """Run both passes of the kernel."""
        self.out = self._gradient(self.kernel.relu(self.x))

    def verify_large(self) -> torch.Tensor:
        """Return what ``self.out`` must be."""
        return self._gradient(torch.relu(self.x))
