"""Load the kernel that was built in this folder and compare it with Torch's own operators."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def find_device() -> torch.device:
    """Return the accelerator that Torch can use, or the CPU."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")


def main() -> None:
    """Print the result of the kernel beside that of Torch."""
    device = find_device()
    # A Torch that is made for an accelerator loads builds for that one, unless it is asked for the CPU's.
    kernel = get_local_kernel(Path(__file__).parent, backend="cpu" if device.type == "cpu" else None)
    x = torch.randn(2, 6, device=device)
    actual = kernel.silu_and_mul(x)
    expected = torch.nn.functional.silu(x[:, :3]) * x[:, 3:]
    print(f"input:\n{x}\n\nsilu_and_mul:\n{actual}\n\nTorch:\n{expected}\n")
    print("The results are equal." if torch.allclose(expected, actual) else "The results differ.")


if __name__ == "__main__":
    main()
