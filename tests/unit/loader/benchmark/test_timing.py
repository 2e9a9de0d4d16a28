"""Timing calls."""

import gc
from collections import Counter
from itertools import groupby

import pytest

from kernels.benchmark.timing import device_of, synchronizer, time_calls
from kernels.errors import BackendError


def test_both_are_called_as_often_and_in_turns() -> None:
    """Kernel and reference get the same warm-up, then ten turns each, whose order is reversed every time."""
    calls: list[str] = []
    times = time_calls(
        [lambda: calls.append("kernel"), lambda: calls.append("reference")],
        warmup=3,
        iterations=20,
        synchronize=lambda: None,
    )

    turns = [(name, len(list(group))) for name, group in groupby(calls)]
    assert [20, 20] == [len(series) for series in times]
    # A turn is two timed calls after one that is not; where the order is reversed two turns meet.
    assert [("kernel", 3), ("reference", 3), ("kernel", 3), ("reference", 6), ("kernel", 6)] == turns[:5]
    assert {"kernel": 33, "reference": 33} == Counter(calls)


@pytest.mark.parametrize("iterations", [1, 7, 10, 23, 101])
def test_every_number_of_iterations(iterations: int) -> None:
    """As many calls are timed as were asked for, whatever the turns."""
    times = time_calls([int, int], warmup=0, iterations=iterations, synchronize=lambda: None)
    assert [iterations, iterations] == [len(series) for series in times]


def test_one_function_has_no_turns() -> None:
    """Without a reference nothing is called but the warm-up and the timed calls."""
    calls: list[None] = []
    time_calls([lambda: calls.append(None)], warmup=2, iterations=5, synchronize=lambda: None)
    assert 7 == len(calls)


def test_the_device_is_waited_for() -> None:
    """Each timed call has the device idle before it and is over only when the device is done."""
    events: list[str] = []
    time_calls([lambda: events.append("call")], warmup=0, iterations=2, synchronize=lambda: events.append("wait"))
    assert ["wait", "call", "wait"] * 2 == events


def test_garbage_is_not_collected_meanwhile() -> None:
    """The collector rests while calls are timed, and is as it was afterwards, also when a call fails."""
    states: list[bool] = []
    time_calls([lambda: states.append(gc.isenabled())], warmup=0, iterations=2, synchronize=lambda: None)
    assert ([False, False], True) == (states, gc.isenabled())

    with pytest.raises(ZeroDivisionError):
        time_calls([lambda: 1 / 0], warmup=0, iterations=1, synchronize=lambda: None)
    assert gc.isenabled()


def test_devices_of_backends() -> None:
    """Torch's names of devices are those of the backends, but for three."""
    backends = ["cpu", "cuda", "rocm", "metal", "xpu", "cann", "neuron", "tpu"]
    assert ["cpu", "cuda", "cuda", "mps", "xpu", "npu", "neuron", "tpu"] == [device_of(name) for name in backends]


def test_what_waits_for_a_device() -> None:
    """The device's own module of Torch waits for it; for the CPU nobody has to."""
    torch = pytest.importorskip("torch")
    assert [torch.cuda.synchronize, torch.mps.synchronize, torch.xpu.synchronize] == [
        synchronizer(device) for device in ("cuda", "mps", "xpu")
    ]
    assert synchronizer("cpu")() is None


def test_a_device_that_cannot_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timings without waiting would be wrong, so there are none."""
    torch = pytest.importorskip("torch")
    assert synchronizer("npu") == torch.accelerator.synchronize
    monkeypatch.delattr(torch, "accelerator")
    with pytest.raises(BackendError, match="cannot wait for the device 'npu'"):
        synchronizer("npu")
