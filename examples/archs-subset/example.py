"""Load the kernel that was built in this folder and compare it with torch.sum; needs a GPU."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def main() -> None:
    """Print the sums of the kernel beside those of Torch."""
    kernel = get_local_kernel(Path(__file__).parent)
    x = torch.randn(4, 1000, device="cuda")
    actual, expected = kernel.row_sum(x), x.sum(1)
    print(f"row_sum:\n{actual}\n\ntorch.sum:\n{expected}\n\nclusters: {kernel.uses_clusters(x)}")
    print("The results are equal." if torch.allclose(expected, actual, atol=1e-3) else "The results differ.")


if __name__ == "__main__":
    main()
