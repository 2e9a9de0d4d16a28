"""Hold the time of a memory-bound kernel against what the memory of this device allows.

The bandwidth is measured here, with a copy that moves as many bytes as the kernel: half of them read, half written.

    python roofline.py --bytes 67108864 --milliseconds 0.05
"""

import argparse
import statistics
import time

import torch

WARMUP = 10
REPEATS = 50


def main() -> None:
    """Measure the copy, and print both times, the bandwidths and the share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, required=True, help="what the kernel must read and write, in all")
    parser.add_argument("--milliseconds", type=float, required=True, help="the time of one call of the kernel")
    parser.add_argument("--device", help="a device of Torch (default: the accelerator, or cpu)")
    arguments = parser.parse_args()
    if arguments.bytes < 2 or arguments.milliseconds <= 0:  # noqa: PLR2004 one byte read, one written
        parser.error("--bytes must be at least 2, and --milliseconds more than 0")

    device = torch.device(arguments.device) if arguments.device else find_device()
    copy = time_copy(device, arguments.bytes)
    kernel = arguments.milliseconds / 1e3
    print(f"device  {device}")
    print(f"copy    {copy * 1e3:10.4f} ms  {arguments.bytes / copy / 1e9:10.1f} GB/s")
    print(f"kernel  {kernel * 1e3:10.4f} ms  {arguments.bytes / kernel / 1e9:10.1f} GB/s")
    print(f"share   {copy / kernel:10.0%} of the copy's bandwidth")


def find_device() -> torch.device:
    """Return the accelerator of this machine, or the CPU."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")


def time_copy(device: torch.device, size: int) -> float:
    """Return the median time of a copy that moves `size` bytes in all, in seconds."""
    source = torch.ones(size // 2, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = []
    for _ in range(WARMUP + REPEATS):
        synchronize(device)
        started = time.perf_counter()
        target.copy_(source)
        synchronize(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times[WARMUP:])


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


if __name__ == "__main__":
    main()
