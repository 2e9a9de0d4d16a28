"""Timing calls on a device, two of them in turns where they are to be compared."""

import gc
import time
from collections.abc import Callable, Sequence

from kernels.errors import BackendError

__all__ = ["device_of", "synchronizer", "time_calls"]

#: The name that Torch has for the devices of a backend, where it differs from the backend's own.
_DEVICES = {"cann": "npu", "metal": "mps", "rocm": "cuda"}

#: In how many turns each function is called. Many of them spread the drift of a machine evenly; few leave a function
#: alone long enough to run as it would without the other.
_TURNS = 10

_NANOSECONDS_PER_MILLISECOND = 1e6


def device_of(backend: str) -> str:
    """The name that Torch has for the devices of a backend: `"cuda"` for ROCm, `"mps"` for Metal."""
    return _DEVICES.get(backend, backend)


def synchronizer(device: str) -> Callable[[], object]:
    """The function that waits until a device has done all that it was given.

    Raises:
        BackendError: when this Torch cannot wait for such a device.
    """
    if device == "cpu":
        return lambda: None
    import torch

    for home in (getattr(torch, device, None), getattr(torch, "accelerator", None)):
        wait: Callable[[], object] | None = getattr(home, "synchronize", None)
        if wait is not None:
            return wait
    message = f"this version of Torch cannot wait for the device {device!r}, so that nothing can be timed on it"
    raise BackendError(message)


def time_calls(
    functions: Sequence[Callable[[], object]], *, warmup: int, iterations: int, synchronize: Callable[[], object]
) -> list[list[float]]:
    """Time each function as often as the others, under the same conditions.

    The functions take turns, in an order that is reversed every time, so that a machine that slows down or speeds up
    does so for all of them. A turn begins with a call that is not timed, since the caches are full of the other
    function's data; with one function there are no turns.

    Args:
        functions: what to time.
        warmup: how often to call each first, without timing it.
        iterations: how often to time each; at least 1.
        synchronize: waits for the device; called before the clock is started and before it is stopped.

    Returns:
        For each function the time of each call, in milliseconds.
    """
    for function in functions:
        for _ in range(warmup):
            function()
    times: list[list[float]] = [[] for _ in functions]
    order = list(enumerate(functions))
    calls_per_turn = -(-iterations // _TURNS)
    for start in range(0, iterations, calls_per_turn):
        for index, function in order:
            if len(order) > 1:
                function()
            times[index] += _time_turn(function, min(calls_per_turn, iterations - start), synchronize)
        order.reverse()
    return times


def _time_turn(function: Callable[[], object], calls: int, synchronize: Callable[[], object]) -> list[float]:
    """Time some calls in a row; garbage is collected between turns only, as `timeit` does."""
    times = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(calls):
            synchronize()
            start = time.perf_counter_ns()
            function()
            synchronize()
            times.append((time.perf_counter_ns() - start) / _NANOSECONDS_PER_MILLISECOND)
    finally:
        if collecting:
            gc.enable()
    return times
