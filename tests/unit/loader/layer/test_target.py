"""The device that a model is kernelized for."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from support.systems import CANN, CPU, CUDA, MAC, ROCM, XPU
from torch import nn

from kernels.errors import DeviceError
from kernels.layer.device import CUDAProperties, Device
from kernels.layer.target import Target, target_of
from kernels.system import System


@dataclasses.dataclass
class Elsewhere:
    """A model as `target_of` sees it, with its parameters on devices that this machine need not have."""

    devices: list[str]
    buffers_on: list[str] = dataclasses.field(default_factory=list)

    def parameters(self) -> Iterator[Any]:
        """Each with a device."""
        return (_OnDevice(torch.device(device)) for device in self.devices)

    def buffers(self) -> Iterator[Any]:
        """Each with a device."""
        return (_OnDevice(torch.device(device)) for device in self.buffers_on)


@dataclasses.dataclass
class _OnDevice:
    device: torch.device


@pytest.fixture
def hip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Torch that is made for ROCm."""
    monkeypatch.setattr(torch.version, "hip", "7.1.0")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cpu", Target("cpu")),
        ("cuda", Target("cuda")),
        ("cuda:1", Target("cuda", 1)),
        ("npu:10", Target("npu", 10)),
        ("tpu", Target("tpu")),
        (torch.device("cuda"), Target("cuda")),
        (torch.device("cuda:0"), Target("cuda", 0)),
        (torch.device("mps"), Target("mps")),
        (Device("rocm"), Target("rocm")),
        (Device("cuda", CUDAProperties(75, 90)), Target("cuda")),
    ],
)
def test_a_device_can_be_given_in_each_form(device: Any, expected: Target) -> None:
    """A type, a certain device, Torch's own object and a `Device` all say what is meant."""
    assert expected == target_of(nn.Identity(), device)


def test_the_model_tells_its_device() -> None:
    """Without an argument, the first parameter counts, or the first buffer."""
    model = nn.BatchNorm1d(4, affine=False)

    assert Target("cpu") == target_of(nn.Linear(2, 2))
    assert Target("cpu") == target_of(model)
    assert Target("xpu", 1) == target_of(Elsewhere(["xpu:1", "cuda:0"], ["cuda:2"]))
    assert Target("cuda", 2) == target_of(Elsewhere([], ["cuda:2"]))


def test_the_model_tells_which_device_of_a_type() -> None:
    """Of the type that is asked for, the device of the first parameter is meant, unless another is named."""
    model = Elsewhere(["cuda:1", "cuda:0"])

    assert Target("cuda", 1) == target_of(model, "cuda")
    assert Target("cuda", 1) == target_of(model, torch.device("cuda"))
    assert Target("cuda", 1) == target_of(model, Device("cuda"))
    assert Target("cuda", 0) == target_of(model, "cuda:0")
    assert Target("xpu") == target_of(model, "xpu")


@pytest.mark.usefixtures("hip")
def test_cuda_is_rocm_on_a_torch_for_rocm() -> None:
    """There Torch calls its devices `cuda`; kernels are registered for `rocm`."""
    model = Elsewhere(["cuda:1"])

    assert Target("rocm", 1) == target_of(model)
    assert Target("rocm", 1) == target_of(model, "cuda")
    assert Target("rocm", 1) == target_of(model, "rocm")
    assert Target("cpu") == target_of(model, "cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:one", "cuda:-1", "", "CUDA", "cuda:1:2", 0, nn.Identity()])
def test_other_devices_are_refused(device: Any) -> None:
    """What is no device is refused with what can be passed."""
    with pytest.raises(DeviceError, match="cuda"):
        target_of(nn.Linear(2, 2), device)


def test_a_device_without_kernels_is_refused() -> None:
    """A model whose parameters are nowhere yet has to be given a device."""
    with pytest.raises(DeviceError, match="no kernels for the device 'meta', only for cpu, cuda"):
        target_of(nn.Linear(2, 2, device="meta"))


def test_a_model_without_parameters_needs_a_device() -> None:
    """Nothing is guessed; the message says what to pass."""
    with pytest.raises(DeviceError, match="pass it to kernelize, for instance device='cpu'"):
        target_of(nn.Identity())


def test_the_capability_is_that_of_the_models_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each device is asked for its own capability, each time; `None` is the current device."""
    capabilities = {None: (12, 1), 0: (8, 6), 1: (9, 0)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", capabilities.__getitem__)

    assert [121, 86, 90] == [Target("cuda", index).capability() for index in (None, 0, 1)]
    assert target_of(Elsewhere(["cuda:1"]), "cuda").capability() == 90
    capabilities[1] = (10, 3)
    assert Target("rocm", 1).capability() == 103


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device here")
def test_a_device_that_is_not_here_has_no_capability() -> None:
    """Torch raises; a kernel that does not ask for a capability can be chosen all the same."""
    assert [None, None] == [Target(kind).capability() for kind in ("cuda", "rocm")]


@pytest.mark.parametrize("kind", ["cpu", "mps", "neuron", "npu", "tpu", "xpu"])
def test_other_types_have_no_capability(kind: str) -> None:
    """Capabilities are a notion of CUDA and ROCm."""
    assert Target(kind).capability() is None


@pytest.mark.parametrize(
    ("kind", "system", "expected"),
    [
        ("cpu", CPU, None),
        ("cpu", CUDA, "cpu"),
        ("cuda", CUDA, None),
        ("cuda", CPU, "cuda"),
        ("rocm", ROCM, None),
        ("mps", MAC, None),
        ("mps", CPU, "metal"),
        ("npu", CANN, None),
        ("npu", XPU, "cann"),
        ("xpu", XPU, None),
    ],
)
def test_the_backend_is_that_of_the_device(
    monkeypatch: pytest.MonkeyPatch, kind: str, system: System, expected: str | None
) -> None:
    """A layer for the CPU gets a build for the CPU, also where Torch is made for an accelerator."""
    monkeypatch.setattr("kernels.system.current_system", lambda: system)

    assert expected == Target(kind).backend()


def test_targets_are_readable() -> None:
    """In messages, a device is written as Torch does."""
    assert ["cpu", "cuda:1"] == [str(Target("cpu")), str(Target("cuda", 1))]
