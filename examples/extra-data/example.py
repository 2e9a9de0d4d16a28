"""Load the kernel that was built in this folder and look up a few numbers of four bits."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def main() -> None:
    """Print codes and their numbers."""
    kernel = get_local_kernel(Path(__file__).parent, backend="cpu")
    codes = torch.tensor([0x10, 0x32, 0x98], dtype=torch.uint8)
    actual = kernel.dequantize(codes, "int4")
    expected = torch.tensor([-8.0, -7.0, -6.0, -5.0, 0.0, 1.0])
    print(f"formats: {', '.join(kernel.FORMATS)}\ncodes: {[hex(code) for code in codes.tolist()]}\nint4: {actual}\n")
    print("The results are equal." if torch.equal(expected, actual) else "The results differ.")


if __name__ == "__main__":
    main()
