"""The device that a model is kernelized for."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernels.errors import DeviceError
from kernels.layer.device import BACKENDS, Device

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Target", "target_of"]

#: Torch has no type of its own for these devices.
_TORCH_TYPES = {"rocm": "cuda"}
_DEVICE = re.compile(r"([a-z]+)(?::([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """A device of this machine, or the type of one that it need not have.

    Attributes:
        type: one of the types of `Device`.
        index: which device of that type; `None` for the current one.
    """

    type: str
    index: int | None = None

    def capability(self) -> int | None:
        """The compute capability of the device, `10 * major + minor`; `None` where there is no such device."""
        import torch

        if self.type not in ("cuda", "rocm"):
            return None
        try:
            major, minor = torch.cuda.get_device_capability(self.index)
        except (AssertionError, RuntimeError, ValueError):  # Torch is made for another device, or finds none
            return None
        return 10 * int(major) + int(minor)

    def backend(self) -> str | None:
        """The backend to load a kernel for; `None` is the backend that Torch is made for."""
        from kernels.system import current_system

        backend = BACKENDS[self.type]
        return None if backend == current_system().compute.backend else backend

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


def target_of(model: "nn.Module", device: "str | torch.device | Device | None" = None) -> Target:
    """Find out which device a model is kernelized for.

    Args:
        model: its first parameter (or, without parameters, its first buffer) counts where the device is not given; it
            also tells which device of the given type is meant.
        device: the type of the device, `"cuda"` for instance; a certain device, `"cuda:1"` or a `torch.device`; or a
            `Device`, whose type counts.

    Raises:
        DeviceError: when the type is unknown, or neither the device nor a parameter tells it (a `ValueError`).
    """
    import torch

    own = _device_of(model)
    if device is None and own is None:
        message = "the model has no parameters to tell its device; pass it to kernelize, for instance device='cpu'"
        raise DeviceError(message)
    kind, index = _parse(own if device is None else device)
    if index is None and own is not None and own.type == _TORCH_TYPES.get(kind, kind):
        index = own.index
    if kind == "cuda" and torch.version.hip:
        kind = "rocm"
    if kind not in BACKENDS:
        message = f"there are no kernels for the device {kind!r}, only for {', '.join(BACKENDS)}"
        raise DeviceError(message)
    return Target(kind, index)


def _device_of(model: "nn.Module") -> "torch.device | None":
    tensor = next(model.parameters(), None)
    if tensor is None:
        tensor = next(model.buffers(), None)
    return None if tensor is None else tensor.device


def _parse(device: object) -> tuple[str, int | None]:
    """The type and the index of a device. Of a text Torch is not asked: it does not know each type."""
    if isinstance(device, str):
        match = _DEVICE.fullmatch(device)
        if match:
            return match[1], int(match[2]) if match[2] else None
    kind = getattr(device, "type", None)  # of a `torch.device` or a `Device`
    if not isinstance(kind, str):
        message = f"{device!r} is no device; pass a type such as 'cuda', a device such as 'cuda:1', or a torch.device"
        raise DeviceError(message)
    return kind, getattr(device, "index", None)
