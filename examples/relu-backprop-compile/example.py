"""Load the kernel that was built in this folder and compare its gradient with that of torch.relu."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def find_device() -> torch.device:
    """Return the accelerator that Torch can use, or the CPU."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")


def main() -> None:
    """Print the gradient of the kernel beside that of Torch."""
    device = find_device()
    # A Torch that is made for an accelerator loads builds for that one, unless it is asked for the CPU's.
    kernel = get_local_kernel(Path(__file__).parent, backend="cpu" if device.type == "cpu" else None)
    x = torch.randn(2, 5, device=device, requires_grad=True)
    (actual,) = torch.autograd.grad(kernel.relu(x).square().sum(), x)
    (expected,) = torch.autograd.grad(torch.relu(x).square().sum(), x)
    print(f"input:\n{x}\n\ngradient of relu:\n{actual}\n\ngradient of torch.relu:\n{expected}\n")
    print("The results are equal." if torch.equal(expected, actual) else "The results differ.")


if __name__ == "__main__":
    main()
