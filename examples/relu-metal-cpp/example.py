"""Load the kernel that was built in this folder and compare it with torch.relu; needs a Mac."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def main() -> None:
    """Print the result of the kernel beside that of Torch."""
    kernel = get_local_kernel(Path(__file__).parent)
    x = torch.randn(2, 5, device="mps")
    actual = kernel.relu(x)
    expected = torch.relu(x)
    print(f"input:\n{x}\n\nrelu:\n{actual}\n\ntorch.relu:\n{expected}\n")
    print("The results are equal." if torch.equal(expected, actual) else "The results differ.")


if __name__ == "__main__":
    main()
