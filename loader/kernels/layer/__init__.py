"""Layers of kernels in place of the layers of a model.

A class or a function says by which name kernels are looked up for it (`extend`), a mapping says which kernel a name has
on which device and in which mode (`mapping`, `repositories`), and `kernelize` puts the kernels in place.

Names are bound on first use (PEP 562); Torch is imported when a model is at hand, or a function is made extensible.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kernels.layer.device import CUDAProperties, Device, ROCMProperties
    from kernels.layer.extend import (
        replace_kernel_forward_from_hub,
        use_kernel_forward_from_hub,
        use_kernel_func_from_hub,
        use_kernelized_func,
    )
    from kernels.layer.fallback import KernelizeFallback
    from kernels.layer.kernelizing import kernelize, unkernelize
    from kernels.layer.mapping import register_kernel_mapping, use_kernel_mapping
    from kernels.layer.mode import Mode
    from kernels.layer.report import KernelizeReport, LayerDecision
    from kernels.layer.repositories import (
        FuncRepository,
        LayerRepository,
        LocalFuncRepository,
        LocalLayerRepository,
        LockedFuncRepository,
        LockedLayerRepository,
    )

__all__ = [
    "CUDAProperties",
    "Device",
    "FuncRepository",
    "KernelizeFallback",
    "KernelizeReport",
    "LayerDecision",
    "LayerRepository",
    "LocalFuncRepository",
    "LocalLayerRepository",
    "LockedFuncRepository",
    "LockedLayerRepository",
    "Mode",
    "ROCMProperties",
    "kernelize",
    "register_kernel_mapping",
    "replace_kernel_forward_from_hub",
    "unkernelize",
    "use_kernel_forward_from_hub",
    "use_kernel_func_from_hub",
    "use_kernel_mapping",
    "use_kernelized_func",
]

_HOMES = {
    "CUDAProperties": "device",
    "Device": "device",
    "FuncRepository": "repositories",
    "KernelizeFallback": "fallback",
    "KernelizeReport": "report",
    "LayerDecision": "report",
    "LayerRepository": "repositories",
    "LocalFuncRepository": "repositories",
    "LocalLayerRepository": "repositories",
    "LockedFuncRepository": "repositories",
    "LockedLayerRepository": "repositories",
    "Mode": "mode",
    "ROCMProperties": "device",
    "kernelize": "kernelizing",
    "register_kernel_mapping": "mapping",
    "replace_kernel_forward_from_hub": "extend",
    "unkernelize": "kernelizing",
    "use_kernel_forward_from_hub": "extend",
    "use_kernel_func_from_hub": "extend",
    "use_kernel_mapping": "mapping",
    "use_kernelized_func": "extend",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
