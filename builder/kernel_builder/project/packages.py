"""The Python packages that a kernel's curated dependencies stand for."""

from typing import Any

from kernel_builder.config.model import KernelConfig
from kernels.dependencies import curated_dependencies

__all__ = ["python_packages"]


def python_packages(config: KernelConfig) -> dict[str, Any]:
    """The distributions to require: `general` as a list, `backends` as lists by backend (only those that have any)."""
    general = config.general
    by_backend = {backend: general.for_backend(backend).python_depends for backend in general.backends}
    return {
        "general": _distributions(general.python_depends),
        "backends": {backend: _distributions(names) for backend, names in by_backend.items() if names},
    }


def _distributions(names: tuple[str, ...]) -> list[str]:
    packages = {name: entry.package for group in curated_dependencies().values() for name, entry in group.items()}
    return [packages[name] for name in names]
