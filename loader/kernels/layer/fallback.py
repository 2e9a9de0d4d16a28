"""When a layer keeps its own forward instead of failing."""

from enum import Flag

__all__ = ["KernelizeFallback", "fallback_of"]


class KernelizeFallback(Flag):
    """The reasons for which `kernelize` keeps the original forward of a layer. For any other reason it raises.

    Attributes:
        NONE: no reason; each extensible layer gets a kernel.
        NO_LAYER: no kernel is registered for the name of the layer.
        NO_DEVICE: none is registered for the type of the device.
        NO_COMPATIBLE_PROPERTIES: none is registered for the properties of the device, or the registered kernel has no
            build that fits this system.
        NO_COMPATIBLE_MODE: none is registered for the mode, or the registered kernel does not support it.
        CANNOT_LOAD: the kernel cannot be loaded, whatever the cause.
        DEFAULT: every reason but `CANNOT_LOAD`; what `use_fallback=True` stands for.
        ALL: every reason.
    """

    NONE = 0
    NO_LAYER = 1
    NO_DEVICE = 2
    NO_COMPATIBLE_PROPERTIES = 4
    NO_COMPATIBLE_MODE = 8
    CANNOT_LOAD = 16
    DEFAULT = NO_LAYER | NO_DEVICE | NO_COMPATIBLE_PROPERTIES | NO_COMPATIBLE_MODE
    ALL = DEFAULT | CANNOT_LOAD


def fallback_of(use_fallback: "bool | KernelizeFallback") -> KernelizeFallback:
    """The reasons that the `use_fallback` argument of `kernelize` stands for."""
    if isinstance(use_fallback, KernelizeFallback):
        return use_fallback
    return KernelizeFallback.DEFAULT if use_fallback else KernelizeFallback.NONE
