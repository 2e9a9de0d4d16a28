"""The build matrix as rows: one for each Torch release, compute version and system."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kernels.backend import COMPILED_BACKENDS, Compute, MajorMinor
from kernels.variant import Platform

__all__ = ["Matrix", "Row", "load_matrix", "matrix_path"]


@dataclass(frozen=True, slots=True)
class Row:
    """One world: a Torch release, what it computes on, and the system.

    Backends that compile nothing have a world for each release too: Python code for them can come with any.

    Attributes:
        torch: the Torch release.
        compute: the backend and its version.
        platform: the system.
        tvm_ffi: the tvm-ffi release that is built for in this world, if any.
        required: whether a compliant kernel has a build for this world, once it has one for its backend and system.
    """

    torch: MajorMinor
    compute: Compute
    platform: Platform
    tvm_ffi: MajorMinor | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole build matrix.

    Attributes:
        systems: every system that kernels are built for, as `CPU-OS`.
        rows: every world, by Torch release, then backend, then compute version.
    """

    systems: tuple[str, ...]
    rows: tuple[Row, ...]

    def on(self, platform: Platform) -> tuple[Row, ...]:
        """The worlds of one system."""
        return tuple(row for row in self.rows if row.platform == platform)


def matrix_path() -> Path:
    """The data file; its format is described in its own `doc`."""
    return Path(__file__).with_name("build-matrix.json")


@cache
def load_matrix() -> Matrix:
    """Read the data file, once."""
    return parse_matrix(json.loads(matrix_path().read_text("utf-8")))


def parse_matrix(data: dict[str, Any]) -> Matrix:
    """Expand the data file's releases into rows.

    Raises:
        kernels.errors.VariantNameError: when a version is not of the form MAJOR.MINOR.
    """
    backends = {
        backend: [Platform(*system.split("-")) for system in systems] for backend, systems in data["backends"].items()
    }
    rows = [
        Row(
            MajorMinor.parse(release["version"]),
            compute,
            platform,
            _tvm_ffi(release, compute),
            required=release.get("required", False),
        )
        for release in data["torch"]
        for backend, platforms in backends.items()
        for compute in _computes({backend: backend not in COMPILED_BACKENDS, **release}, backend)
        for platform in platforms
    ]
    return Matrix(tuple(data["systems"]), tuple(rows))


def _computes(release: dict[str, Any], backend: str) -> Iterator[Compute]:
    versions = release.get(backend, False)
    if versions is True:
        yield Compute(backend)
    elif versions:
        for version in versions:
            yield Compute(backend, MajorMinor.parse(version))


def _tvm_ffi(release: dict[str, Any], compute: Compute) -> MajorMinor | None:
    tvm_ffi = release.get("tvm-ffi")
    if tvm_ffi and compute in _computes(tvm_ffi, compute.backend):
        return MajorMinor.parse(tvm_ffi["version"])
    return None
