"""Load compute kernels into any PyTorch program.

Names are bound on first use (PEP 562): importing this package imports neither Torch nor the Hub client.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kernels.benchmark.base import Benchmark
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
    from kernels.layer.repositories import (
        FuncRepository,
        LayerRepository,
        LocalFuncRepository,
        LocalLayerRepository,
        LockedFuncRepository,
        LockedLayerRepository,
    )
    from kernels.load import (
        get_kernel,
        get_kernel_dep,
        get_kernel_variants,
        get_loaded_kernels,
        get_local_kernel,
        has_kernel,
        install_kernel,
    )
    from kernels.loaded import LoadedKernel, RepoInfo
    from kernels.locked import get_locked_kernel, load_kernel
    from kernels.metadata import Metadata
    from kernels.resolve import VariantAccepted, VariantRejected
    from kernels.signature.policy import PublisherPolicy
    from kernels.signature.verify import verify_signature

    __version__: str

__all__ = [
    "Benchmark",
    "CUDAProperties",
    "Device",
    "FuncRepository",
    "KernelizeFallback",
    "LayerRepository",
    "LoadedKernel",
    "LocalFuncRepository",
    "LocalLayerRepository",
    "LockedFuncRepository",
    "LockedLayerRepository",
    "Metadata",
    "Mode",
    "PublisherPolicy",
    "ROCMProperties",
    "RepoInfo",
    "VariantAccepted",
    "VariantRejected",
    "__version__",
    "get_kernel",
    "get_kernel_dep",
    "get_kernel_variants",
    "get_loaded_kernels",
    "get_local_kernel",
    "get_locked_kernel",
    "has_kernel",
    "install_kernel",
    "kernelize",
    "load_kernel",
    "register_kernel_mapping",
    "replace_kernel_forward_from_hub",
    "unkernelize",
    "use_kernel_forward_from_hub",
    "use_kernel_func_from_hub",
    "use_kernel_mapping",
    "use_kernelized_func",
    "verify_signature",
]

_HOMES = {
    "Benchmark": "kernels.benchmark.base",
    "CUDAProperties": "kernels.layer.device",
    "Device": "kernels.layer.device",
    "FuncRepository": "kernels.layer.repositories",
    "KernelizeFallback": "kernels.layer.fallback",
    "LayerRepository": "kernels.layer.repositories",
    "LoadedKernel": "kernels.loaded",
    "LocalFuncRepository": "kernels.layer.repositories",
    "LocalLayerRepository": "kernels.layer.repositories",
    "LockedFuncRepository": "kernels.layer.repositories",
    "LockedLayerRepository": "kernels.layer.repositories",
    "Metadata": "kernels.metadata",
    "Mode": "kernels.layer.mode",
    "PublisherPolicy": "kernels.signature.policy",
    "ROCMProperties": "kernels.layer.device",
    "RepoInfo": "kernels.loaded",
    "VariantAccepted": "kernels.resolve",
    "VariantRejected": "kernels.resolve",
    "get_kernel": "kernels.load",
    "get_kernel_dep": "kernels.load",
    "get_kernel_variants": "kernels.load",
    "get_loaded_kernels": "kernels.load",
    "get_local_kernel": "kernels.load",
    "get_locked_kernel": "kernels.locked",
    "has_kernel": "kernels.load",
    "install_kernel": "kernels.load",
    "kernelize": "kernels.layer.kernelizing",
    "load_kernel": "kernels.locked",
    "register_kernel_mapping": "kernels.layer.mapping",
    "replace_kernel_forward_from_hub": "kernels.layer.extend",
    "unkernelize": "kernels.layer.kernelizing",
    "use_kernel_forward_from_hub": "kernels.layer.extend",
    "use_kernel_func_from_hub": "kernels.layer.extend",
    "use_kernel_mapping": "kernels.layer.mapping",
    "use_kernelized_func": "kernels.layer.extend",
    "verify_signature": "kernels.signature.verify",
}

#: Programs use these as attributes after `import kernels` alone, as if it imported them.
_PACKAGES = ("benchmark", "layer")


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("kernels")
    elif name in _HOMES or name in _PACKAGES:
        from importlib import import_module

        value = import_module(f"kernels.{name}") if name in _PACKAGES else getattr(import_module(_HOMES[name]), name)
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
