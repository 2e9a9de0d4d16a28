"""Load the kernel that was built in this folder and compare it with torch.mm."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def main() -> None:
    """Print a result of the kernel beside that of Torch."""
    if not torch.accelerator.is_available():
        message = "The kernel is for GPUs, and Torch finds none here."
        raise SystemExit(message)
    device = torch.accelerator.current_accelerator()
    kernel = get_local_kernel(Path(__file__).parent)
    a = torch.randn(3, 16, device=device, dtype=torch.bfloat16)
    b = torch.randn(16, 8, device=device, dtype=torch.bfloat16)
    actual = kernel.gemm(a, b)
    expected = torch.mm(a, b)
    print(f"gemm:\n{actual}\n\ntorch.mm:\n{expected}\n")
    # Sums in another order may be rounded to the next number.
    is_close = torch.allclose(expected, actual, rtol=2 * torch.finfo(a.dtype).eps, atol=1e-3)
    print("The results are equal." if is_close else "The results differ.")


if __name__ == "__main__":
    main()
