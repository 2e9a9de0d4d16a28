"""The devices that kernels are registered for."""

import sys
from dataclasses import dataclass

from kernels.errors import DeviceError

__all__ = ["BACKENDS", "CUDAProperties", "Device", "ROCMProperties"]

#: Each type of device, and the backend whose builds run on it.
BACKENDS = {
    "cpu": "cpu",
    "cuda": "cuda",
    "mps": "metal",
    "neuron": "neuron",
    "npu": "cann",
    "rocm": "rocm",
    "tpu": "tpu",
    "xpu": "xpu",
}


@dataclass(frozen=True, slots=True)
class _Capabilities:
    """A range of compute capabilities, both ends included.

    Attributes:
        min_capability: the lowest one, `10 * major + minor`: 75 is 7.5.
        max_capability: the highest one.
    """

    min_capability: int
    max_capability: int

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Check the range.

        Raises:
            DeviceError: when one end is no integer, or the ends are in the wrong order (a `ValueError`).
        """
        for name, value in (("min_capability", self.min_capability), ("max_capability", self.max_capability)):
            if type(value) is not int:
                message = f"{type(self).__name__}: {name} is {value!r}, not an integer such as 90 for capability 9.0"
                raise DeviceError(message)
        if self.min_capability > self.max_capability:
            message = (
                f"{type(self).__name__}: min_capability {self.min_capability} is greater than max_capability "
                f"{self.max_capability}"
            )
            raise DeviceError(message)


class CUDAProperties(_Capabilities):
    """A range of CUDA compute capabilities, both ends included.

    Attributes:
        min_capability: the lowest one, `10 * major + minor`: 75 is 7.5.
        max_capability: the highest one; `sys.maxsize` for no limit.

    Raises:
        DeviceError: when one end is no integer, or the ends are in the wrong order (a `ValueError`).
    """

    __slots__ = ()


class ROCMProperties(_Capabilities):
    """A range of ROCm compute capabilities, both ends included.

    Attributes:
        min_capability: the lowest one, `10 * major + minor`: 94 is gfx94x.
        max_capability: the highest one; `sys.maxsize` for no limit.

    Raises:
        DeviceError: when one end is no integer, or the ends are in the wrong order (a `ValueError`).
    """

    __slots__ = ()


_PROPERTIES: dict[str, type[_Capabilities]] = {"cuda": CUDAProperties, "rocm": ROCMProperties}


@dataclass(frozen=True, slots=True)
class Device:
    """A type of device and, where it matters, which devices of that type.

    Attributes:
        type: `"cpu"`, `"cuda"`, `"mps"`, `"neuron"`, `"npu"`, `"rocm"`, `"tpu"` or `"xpu"`.
        properties: `CUDAProperties` for `"cuda"`, `ROCMProperties` for `"rocm"`; `None` for every device of the type.

    Raises:
        DeviceError: when the type is unknown, or has no such properties (a `ValueError`).
    """

    type: str
    properties: CUDAProperties | ROCMProperties | None = None

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Check the type and the properties.

        Raises:
            DeviceError: when the type is unknown, or has no such properties (a `ValueError`).
        """
        if type(self.type) is not str or self.type not in BACKENDS:
            message = f"{self.type!r} is not a type of device; there are {', '.join(BACKENDS)}"
            raise DeviceError(message)
        if self.properties is None:
            return
        expected = _PROPERTIES.get(self.type)
        if expected is None:
            message = f"devices of the type {self.type} have no properties; got {self.properties!r}"
            raise DeviceError(message)
        if not isinstance(self.properties, expected):
            message = f"devices of the type {self.type} have {expected.__name__}; got {self.properties!r}"
            raise DeviceError(message)

    @property
    def capabilities(self) -> tuple[int, int]:
        """The lowest and the highest compute capability; without properties, every capability."""
        if self.properties is None:
            return 0, sys.maxsize
        return self.properties.min_capability, self.properties.max_capability
