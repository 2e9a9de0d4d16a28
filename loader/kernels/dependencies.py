"""The Python packages that a kernel may need: a curated list, `python_depends.json`, checked before the import."""

import importlib.util
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kernels.errors import MissingDependencyError, UnknownDependencyError

if TYPE_CHECKING:  # the list itself is of use without metadata, to the builder's quick commands
    from kernels.metadata import Metadata

__all__ = ["PythonDependency", "allowed_dependencies", "check_dependencies", "curated_dependencies"]


class PythonDependency(NamedTuple):
    """A package that kernels may need: the module to look for (`None`: there is none) and what to install."""

    module: str | None
    package: str


@cache
def curated_dependencies() -> Mapping[str, Mapping[str, PythonDependency]]:
    """The whole list: `general` or a backend → curated name → what it stands for."""
    document = json.loads(Path(__file__).with_name("python_depends.json").read_bytes())
    return {
        group: {name: PythonDependency(entry["module"], entry["package"]) for name, entry in entries.items()}
        for group, entries in document.items()
    }


def allowed_dependencies(backend: str) -> dict[str, PythonDependency]:
    """The curated names that a kernel for a backend may use: the general ones, and the backend's own."""
    table = curated_dependencies()
    return {**table["general"], **table.get(backend, {})}


def check_dependencies(metadata: "Metadata") -> None:
    """Make sure that everything that a kernel needs is known and can be imported, without importing it.

    Raises:
        UnknownDependencyError: when the kernel names packages that are not on the list for its backend.
        MissingDependencyError: when packages are not installed.
    """
    allowed = allowed_dependencies(metadata.backend.type)
    unknown = [name for name in metadata.python_depends if name not in allowed]
    if unknown:
        message = (
            f"Kernel module `{metadata.name}` uses unsupported kernel dependency: {', '.join(unknown)} "
            f"(kernels for {metadata.backend.type} may use {', '.join(sorted(allowed))})"
        )
        raise UnknownDependencyError(message)
    missing = [name for name in metadata.python_depends if not _is_importable(allowed[name].module)]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        packages = " ".join(allowed[name].package for name in missing)
        plural = "dependencies" if len(missing) > 1 else "dependency"
        message = (
            f"Kernel module `{metadata.name}` requires Python {plural} {names}. "
            f"Please install with: pip install {packages}"
        )
        raise MissingDependencyError(message)


def _is_importable(module: str | None) -> bool:
    if module is None:
        return True
    if module in sys.modules:
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None
