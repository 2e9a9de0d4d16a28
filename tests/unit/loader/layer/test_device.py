"""Devices that kernels are registered for."""

import copy
import pickle
import sys
from typing import Any

import pytest

from kernels.backend import BACKENDS as ALL_BACKENDS
from kernels.errors import DeviceError
from kernels.layer.device import BACKENDS, CUDAProperties, Device, ROCMProperties

TYPES = ["cpu", "cuda", "mps", "neuron", "npu", "rocm", "tpu", "xpu"]


def test_each_type_has_a_backend() -> None:
    """The types are the documented ones, and each backend serves one of them."""
    assert sorted(BACKENDS) == TYPES
    assert sorted(ALL_BACKENDS) == sorted(BACKENDS.values())


@pytest.mark.parametrize("kind", TYPES)
def test_devices_are_values(kind: str) -> None:
    """Equal devices are equal, hash alike and survive copies; by position and by name they are made alike."""
    device = Device(kind)

    assert device == Device(type=kind, properties=None)
    assert hash(device) == hash(Device(kind))
    assert device == pickle.loads(pickle.dumps(copy.deepcopy(device)))  # noqa: S301
    assert (0, sys.maxsize) == device.capabilities
    assert repr(kind) in repr(device)
    with pytest.raises(AttributeError):
        device.type = "cpu"  # type: ignore[misc]


@pytest.mark.parametrize(("kind", "properties"), [("cuda", CUDAProperties), ("rocm", ROCMProperties)])
def test_properties_are_values(kind: str, properties: type[Any]) -> None:
    """The range of capabilities is part of a device, both ends included."""
    device = Device(kind, properties(75, max_capability=90))

    assert (75, 90) == device.capabilities
    assert device == Device(type=kind, properties=properties(min_capability=75, max_capability=90))
    assert device != Device(kind)
    assert device != Device(kind, properties(75, 89))
    assert device == pickle.loads(pickle.dumps(device))  # noqa: S301
    assert properties(90, 90) == properties(90, 90)
    assert f"{properties.__name__}(min_capability=75, max_capability=90)" == repr(device.properties)


def test_properties_of_different_types_differ() -> None:
    """The same numbers mean something else on another type of device."""
    same: list[object] = [CUDAProperties(90, 90), ROCMProperties(90, 90)]

    assert same[0] != same[1]


@pytest.mark.parametrize("properties", [CUDAProperties, ROCMProperties])
@pytest.mark.parametrize(
    ("low", "high", "problem"),
    [
        (90, 80, "greater than"),
        ("75", 80, "'75', not an integer"),
        (75, 8.9, "8.9, not"),
        (True, 90, "True"),
        (75, None, "None"),
    ],
)
def test_ranges_are_checked(properties: Any, low: object, high: object, problem: str) -> None:
    """A range in the wrong order or of something else than integers is refused, and the class is named."""
    with pytest.raises(DeviceError, match=rf"{properties.__name__}: .*{problem}"):
        properties(low, high)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("gpu",), "'gpu' is not a type of device; there are cpu, cuda"),
        (("cuda:0",), "'cuda:0' is not a type"),
        ((None,), "None is not a type"),
        (([],), "is not a type"),
        (("cpu", CUDAProperties(75, 90)), "cpu have no properties"),
        (("rocm", CUDAProperties(75, 90)), "rocm have ROCMProperties"),
        (("cuda", ROCMProperties(75, 90)), "cuda have CUDAProperties"),
        (("cuda", (75, 90)), "cuda have CUDAProperties"),
    ],
)
def test_devices_are_checked(arguments: tuple[Any, ...], problem: str) -> None:
    """An unknown type, and properties of another type, are refused."""
    with pytest.raises(DeviceError, match=problem):
        Device(*arguments)


def test_validation_can_be_asked_for() -> None:
    """`validate` is documented; on what could be made it finds nothing."""
    properties = CUDAProperties(75, 90)

    Device("cuda", properties).validate()
    properties.validate()
