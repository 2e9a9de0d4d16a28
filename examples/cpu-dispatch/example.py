"""Load the kernel that was built in this folder and compare it with torch.nn.functional.rms_norm."""

from pathlib import Path

import torch

from kernels import get_local_kernel


def main() -> None:
    """Print the paths that this CPU has, and compare their results with that of Torch."""
    kernel = get_local_kernel(Path(__file__).parent, backend="cpu")
    x, weight = torch.randn(4, 256), torch.randn(256)
    expected = torch.nn.functional.rms_norm(x, (256,), weight, 1e-6)
    results = {path: kernel.rms_norm(x, weight, path=path) for path in kernel.paths()}
    for path, result in results.items():
        print(f"{path:>9}: largest difference {(result - expected).abs().max().item():.1e}")
    equal = all(torch.allclose(result, expected, atol=1e-6) for result in results.values())
    print("The results are equal." if equal else "The results differ.")


if __name__ == "__main__":
    main()
