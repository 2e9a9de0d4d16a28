"""Load compute kernels into any PyTorch program.

Names are bound on first use (PEP 562): importing this package imports neither Torch nor the Hub client.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kernels.load import get_loaded_kernels, get_local_kernel
    from kernels.loaded import LoadedKernel, RepoInfo
    from kernels.metadata import Metadata
    from kernels.resolve import VariantAccepted, VariantRejected

    __version__: str

__all__ = [
    "LoadedKernel",
    "Metadata",
    "RepoInfo",
    "VariantAccepted",
    "VariantRejected",
    "__version__",
    "get_loaded_kernels",
    "get_local_kernel",
]

_HOMES = {
    "LoadedKernel": "kernels.loaded",
    "Metadata": "kernels.metadata",
    "RepoInfo": "kernels.loaded",
    "VariantAccepted": "kernels.resolve",
    "VariantRejected": "kernels.resolve",
    "get_loaded_kernels": "kernels.load",
    "get_local_kernel": "kernels.load",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("kernels")
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
