"""The Python packages that a kernel's curated dependencies stand for."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from kernel_builder.config.model import KernelConfig

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
    return [_curated().get(name, name) for name in names]


@cache
def _curated() -> dict[str, str]:
    """Curated name → distribution, from the loader's table."""
    table = json.loads(files("kernels").joinpath("python_depends.json").read_text("utf-8"))
    return {name: entry["package"] for group in table.values() for name, entry in group.items()}
