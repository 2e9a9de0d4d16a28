"""Finding the best build of a kernel in a folder of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

from kernels.build import read_build
from kernels.errors import KernelNotFoundError, NoVariantError
from kernels.metadata import Metadata
from kernels.resolve import Decision, VariantAccepted, explain_rejections, resolve
from kernels.system import System, select_backend
from kernels.variant import Variant, parse_variant_or_none

__all__ = ["find_build", "list_builds", "variants_in"]

_REMEDY = "Build it for this system with `kernel-builder build-and-copy`, or install what one of the builds needs"


def find_build(path: Path, system: System, backend: str | None = None) -> tuple[Path, Metadata]:
    """Find the best build of a kernel for a system.

    Args:
        path: a kernel project, its `build` folder, or one variant.
        system: what to run on.
        backend: `"cpu"` or the system's own backend, which is the default.

    Returns:
        The resolved folder of the build, and its metadata.

    Raises:
        BackendError: when the system does not have the backend.
        KernelNotFoundError: when there is no kernel at the path.
        MetadataError: when the `metadata.json` cannot be used, or is that of another backend.
        NoVariantError: when none of the builds fits.
    """
    path = Path(os.path.realpath(path))
    select_backend(backend, system)
    rejected: list[Decision] = []
    for base in (path, path / "build"):
        decisions = resolve(variants_in(base), system, backend)
        if decisions and isinstance(decisions[0], VariantAccepted):
            variant = decisions[0].variant
            build = Path(os.path.realpath(base / variant.variant_str))
            return build, read_build(build, variant)
        rejected += decisions
    if rejected:
        raise NoVariantError(explain_rejections(f"the kernel in {path}", rejected, system, _REMEDY))
    return _find_one_build(path, system, backend)


def list_builds(path: Path) -> list[Variant]:
    """The builds of a kernel in a folder: those in it and in its `build` folder, or itself where it is one.

    Raises:
        KernelNotFoundError: when there is no kernel at the path.
    """
    found = [*variants_in(path), *variants_in(path / "build")]
    if not found:
        _check_build(path)
        found = [variant for variant in [parse_variant_or_none(path.name)] if variant is not None]
    return found


def variants_in(base: Path) -> Iterator[Variant]:
    """The builds in a folder; other entries, such as the benchmarks beside them, are passed over."""
    if not base.is_dir():
        return
    for entry in base.iterdir():
        variant = parse_variant_or_none(entry.name)
        if variant is not None and entry.is_dir():
            yield variant


def _check_build(path: Path) -> None:
    if not (path / "metadata.json").is_file() and not (path / "__init__.py").is_file():
        state = "has no builds in it or in build/" if path.is_dir() else "is no folder"
        message = f"Could not find a kernel in {path}: it {state}; build one with `kernel-builder build-and-copy`"
        raise KernelNotFoundError(message)


def _find_one_build(path: Path, system: System, backend: str | None) -> tuple[Path, Metadata]:
    """Take a path as a single build, whose name need not be that of a variant."""
    _check_build(path)
    variant = parse_variant_or_none(path.name)
    if variant is not None:
        decisions = resolve([variant], system, backend)
        if not isinstance(decisions[0], VariantAccepted):
            raise NoVariantError(explain_rejections(f"the kernel in {path}", decisions, system, _REMEDY))
    metadata = read_build(path, variant)
    wanted = select_backend(backend, system).backend
    if variant is None and metadata.backend.type not in ("cpu", wanted):
        message = f"the kernel in {path} is for the backend {metadata.backend.type}, not for {wanted}"
        raise NoVariantError(message)
    return path, metadata
