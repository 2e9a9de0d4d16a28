"""Small `KernelConfig` values, so that a test says only what it is about."""

from typing import Any

from kernel_builder.config.bound import Bound
from kernel_builder.config.model import (
    General,
    KernelComponent,
    KernelConfig,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)
from kernels.backend import COMPILED_BACKENDS

__all__ = ["bound", "component", "noarch_config", "torch_config", "tvm_ffi_config"]


def bound(text: str) -> Bound:
    """A version bound that is known to be well-formed."""
    parsed = Bound.parse(text)
    if parsed is None:
        raise AssertionError(text)
    return parsed


def component(backend: str = "cpu", **fields: Any) -> KernelComponent:
    """A component of one backend with one source."""
    defaults: dict[str, Any] = {"id": f"demo_{backend}", "depends": ("torch",), "src": (f"demo_{backend}.cpp",)}
    return KernelComponent(backend=backend, **{**defaults, **fields})


def torch_config(
    *backends: str,
    name: str = "demo-kernel",
    general: dict[str, Any] | None = None,
    components: tuple[KernelComponent, ...] | None = None,
    **framework: Any,
) -> KernelConfig:
    """A `[torch]` kernel, by default for the CPU, with one component for each backend that compiles.

    Args:
        backends: the backends.
        name: the kernel's name.
        general: more fields of `[general]`.
        components: the components, in place of one a backend.
        framework: fields of `[torch]`.
    """
    extension = TorchExtension(**{"src": ("torch-ext/torch_binding.cpp",), **framework})
    return KernelConfig(
        general=_general(name, backends, general),
        framework=extension,
        kernels=_components(backends) if components is None else components,
    )


def noarch_config(*backends: str, general: dict[str, Any] | None = None, **framework: Any) -> KernelConfig:
    """A `[torch-noarch]` kernel."""
    return KernelConfig(general=_general("demo-kernel", backends, general), framework=NoarchExtension(**framework))


def tvm_ffi_config(
    *backends: str,
    general: dict[str, Any] | None = None,
    components: tuple[KernelComponent, ...] | None = None,
    **framework: Any,
) -> KernelConfig:
    """A `[tvm-ffi]` kernel, by default with one component for each backend."""
    return KernelConfig(
        general=_general("demo-kernel", backends, general),
        framework=TvmFfiExtension(**{"src": ("tvm-ffi-ext/binding.cpp",), **framework}),
        kernels=_components(backends) if components is None else components,
    )


def _general(name: str, backends: tuple[str, ...], fields: dict[str, Any] | None) -> General:
    return General(**{"name": name, "version": 1, "backends": backends or ("cpu",), **(fields or {})})


def _components(backends: tuple[str, ...]) -> tuple[KernelComponent, ...]:
    return tuple(component(backend) for backend in backends or ("cpu",) if backend in COMPILED_BACKENDS)
