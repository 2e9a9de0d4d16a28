"""Finding the kernel that is registered for a layer, on a device and for a mode."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from kernels.layer.fallback import KernelizeFallback
from kernels.layer.mapping import ANY_CAPABILITY, Modes, Registry
from kernels.layer.mode import SEARCH_ORDER, Mode, describe_mode
from kernels.layer.repositories import Repository
from kernels.layer.target import Target

__all__ = ["Missing", "Registered", "find_kernel"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A kernel that is registered for what is asked for.

    Attributes:
        repository: where to load it from.
        mode: the mode that it is registered for.
    """

    repository: Repository
    mode: Mode


@dataclass(frozen=True, slots=True)
class Missing:
    """No kernel is registered for what is asked for.

    Attributes:
        kind: what none is registered for.
        reason: the same, for people.
    """

    kind: KernelizeFallback
    reason: str


def find_kernel(registry: Registry, layer_name: str, target: Target, mode: Mode) -> Registered | Missing:
    """Find the kernel to use: of the ranges of capabilities that have the device's the smallest one that has a mode.

    Args:
        registry: what is registered.
        layer_name: the name of the layer.
        target: the device.
        mode: what the model is kernelized for.
    """
    devices = registry.get(layer_name)
    if not devices:
        return Missing(KernelizeFallback.NO_LAYER, f"no kernel is registered for the layer {layer_name}")
    ranges = devices.get(target.type)
    if not ranges:
        reason = f"kernels are registered for {', '.join(sorted(devices))}, not for {target.type}"
        return Missing(KernelizeFallback.NO_DEVICE, reason)
    fitting = _fitting_ranges(ranges, target)
    if isinstance(fitting, Missing):
        return fitting
    for modes in fitting:
        for candidate in SEARCH_ORDER[mode]:
            if candidate in modes:
                return Registered(modes[candidate], candidate)
    registered = ", ".join(describe_mode(candidate) for modes in fitting for candidate in modes)
    reason = f"kernels are registered for {registered}, which do not serve {describe_mode(mode)}"
    return Missing(KernelizeFallback.NO_COMPATIBLE_MODE, reason)


def _fitting_ranges(ranges: Mapping[tuple[int, int], Modes], target: Target) -> list[Modes] | Missing:
    """The modes of the ranges that have the capability of a device, from the smallest range to the largest."""
    if set(ranges) == {ANY_CAPABILITY}:  # the capability does not matter: the device need not be there
        return list(ranges.values())
    capability = target.capability()
    fitting = [
        bounds
        for bounds in ranges
        if bounds == ANY_CAPABILITY or (capability is not None and bounds[0] <= capability <= bounds[1])
    ]
    if not fitting:
        spans = ", ".join(f"{low} to {high if high < sys.maxsize else '…'}" for low, high in sorted(ranges))
        own = "unknown: it is not here" if capability is None else str(capability)
        reason = f"kernels are registered for the capabilities {spans}; that of {target} is {own}"
        return Missing(KernelizeFallback.NO_COMPATIBLE_PROPERTIES, reason)
    return [ranges[bounds] for bounds in sorted(fitting, key=lambda bounds: (bounds[1] - bounds[0], -bounds[0]))]
