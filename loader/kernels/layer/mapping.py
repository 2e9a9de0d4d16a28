"""Registering which kernel a layer has, on which device and in which mode.

A mapping is never changed: registering makes a new one that shares what it leaves alone, so that to enter a context
costs a copy of one dictionary's pointers. The global mapping is one for all threads. Contexts form a chain in a context
variable: each thread and each asynchronous task has its own.
"""

import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

from kernels.errors import MappingError
from kernels.layer.device import Device
from kernels.layer.mode import Mode
from kernels.layer.repositories import Repository

__all__ = [
    "ANY_CAPABILITY",
    "KernelMapping",
    "Modes",
    "Registry",
    "current_registry",
    "register_kernel_mapping",
    "use_kernel_mapping",
]

#: What a program registers: layer → device (`Device | str`) → kernel (`Repository`) or mode → kernel. A type checker
#: would infer dictionaries of objects where both forms are mixed, and refuse them: they are checked when they are read.
KernelMapping: TypeAlias = Mapping[str, Mapping[Any, Any]]

#: Mode → kernel.
Modes: TypeAlias = Mapping[Mode, Repository]
#: Type of device → lowest and highest capability → mode → kernel.
_ByType: TypeAlias = Mapping[str, Mapping[tuple[int, int], Modes]]
#: What is registered: layer → devices.
Registry: TypeAlias = Mapping[str, _ByType]

#: The range of a device without properties.
ANY_CAPABILITY = (0, sys.maxsize)


@dataclass(frozen=True, slots=True, eq=False)
class _Scope:
    """A context that is being used, in the context that it was entered in."""

    owner: "use_kernel_mapping"
    registry: Registry
    outer: "_Scope | None"


class _Global:
    """The mapping outside of every context."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.registry: Registry = {}


_GLOBAL = _Global()
_SCOPE: ContextVar[_Scope | None] = ContextVar("kernels_mapping", default=None)


def register_kernel_mapping(mapping: KernelMapping, inherit_mapping: bool = True) -> None:
    """Register kernels for layers: for every thread, or inside of `use_kernel_mapping` until the end of that.

    A kernel is registered for a device, a range of its capabilities and a mode; without a mode, for `Mode.FALLBACK`. It
    takes the place of one that was registered for the same three, and leaves all others.

    Args:
        mapping: layer name → device (a `Device`, or a type such as `"cuda"`) → a repository, or mode → repository.
        inherit_mapping: whether the kernels that are registered so far stay.

    Raises:
        MappingError: when the mapping has another form; nothing of it is registered (a `ValueError`).
        DeviceError: when the type of a device is unknown (a `ValueError`).
    """
    added = _read_mapping(mapping)
    scope = _SCOPE.get()
    if scope is not None:
        registry = _merge(scope.registry, added) if inherit_mapping else added
        _SCOPE.set(_Scope(scope.owner, registry, scope.outer))
        return
    with _GLOBAL.lock:
        _GLOBAL.registry = _merge(_GLOBAL.registry, added) if inherit_mapping else added


class use_kernel_mapping:  # noqa: N801 - used as a function
    """A context in which a mapping is used.

    The same object can be entered again, also inside of itself and in other threads and tasks.

    Args:
        mapping: as for `register_kernel_mapping`.
        inherit_mapping: whether the mapping is added to the one around the context, or used alone.

    Raises:
        MappingError: when the mapping has another form (a `ValueError`).
        DeviceError: when the type of a device is unknown (a `ValueError`).
    """

    def __init__(self, mapping: KernelMapping, inherit_mapping: bool = True) -> None:
        self._added = _read_mapping(mapping)
        self._inherit = inherit_mapping

    def __enter__(self) -> None:
        registry = _merge(current_registry(), self._added) if self._inherit else self._added
        _SCOPE.set(_Scope(self, registry, _SCOPE.get()))

    def __exit__(self, *_error: object) -> None:
        scope = _SCOPE.get()
        while scope is not None and scope.owner is not self:
            scope = scope.outer
        if scope is not None:  # a generator may be closed in a context that never entered
            _SCOPE.set(scope.outer)


def current_registry() -> Registry:
    """What is registered here and now."""
    scope = _SCOPE.get()
    return _GLOBAL.registry if scope is None else scope.registry


def _merge(base: Registry, added: Registry) -> Registry:
    """Both, where a kernel of `added` takes the place of one for the same device, capabilities and mode."""
    merged = dict(base)
    for layer_name, devices in added.items():
        known = merged.get(layer_name)
        merged[layer_name] = devices if known is None else _merge_devices(known, devices)
    return merged


def _merge_devices(base: _ByType, added: _ByType) -> _ByType:
    merged = dict(base)
    for kind, ranges in added.items():
        known = merged.get(kind, {})
        merged[kind] = {**known, **{bounds: {**known.get(bounds, {}), **modes} for bounds, modes in ranges.items()}}
    return merged


def _read_mapping(mapping: object) -> Registry:
    """Check a mapping, and bring it into the form of the registry."""
    if not isinstance(mapping, Mapping):
        message = f"a kernel mapping is a dictionary from names of layers; got {mapping!r}"
        raise MappingError(message)
    return {layer_name: _read_devices(layer_name, devices) for layer_name, devices in mapping.items()}


def _read_devices(layer_name: object, devices: object) -> _ByType:
    if not isinstance(layer_name, str) or not isinstance(devices, Mapping):
        message = (
            f"kernel mapping: {layer_name!r}: expected the name of a layer with a dictionary from devices to "
            f"repositories, such as {{'cuda': LayerRepository(...)}}; got {devices!r}"
        )
        raise MappingError(message)
    read: _ByType = {}
    for key, entry in devices.items():  # "cuda" and Device("cuda") may both be there
        device = key if isinstance(key, Device) else Device(key)
        modes = _read_modes(f"{layer_name}: {device.type}", entry)
        read = _merge_devices(read, {device.type: {device.capabilities: modes}})
    return read


def _read_modes(where: str, entry: object) -> Modes:
    modes = entry if isinstance(entry, Mapping) else {Mode.FALLBACK: entry}
    for mode, repository in modes.items():
        if not isinstance(mode, Mode):
            message = f"kernel mapping: {where}: {mode!r} is no Mode; use for instance Mode.INFERENCE"
            raise MappingError(message)
        if isinstance(repository, type) or not callable(getattr(repository, "load", None)):
            message = f"kernel mapping: {where}: {repository!r} is no repository; use for instance LayerRepository(...)"
            raise MappingError(message)
    return dict(modes)
