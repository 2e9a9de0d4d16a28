"""Loading kernels from this machine's own folders."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from kernels.dependencies import check_dependencies
from kernels.errors import KernelNotFoundError, MetadataError, NoVariantError, UnsupportedKernelError
from kernels.importer import import_kernel, loaded_from, loaded_kernels
from kernels.loaded import LoadedKernel
from kernels.metadata import Metadata, read_metadata
from kernels.resolve import Decision, VariantAccepted, VariantRejected, resolve, serves_backend
from kernels.system import System, current_system, select_backend
from kernels.variant import NoarchVariant, Variant, parse_variant_or_none

__all__ = ["find_build", "get_loaded_kernels", "get_local_kernel"]

#: What was asked for (resolved path and backend) → the build that was loaded for it.
_BUILDS: dict[tuple[str, str | None], Path] = {}


def get_local_kernel(repo_path: str | os.PathLike[str], backend: str | None = None) -> ModuleType:
    """Import a kernel from a folder of this machine.

    A process loads a folder once: the second call gives the same module, from any thread and by any path to the
    folder, and also when the folder has been built anew since. To use the new build, start a new process.

    Args:
        repo_path: a kernel project, its `build` folder, or one variant in it; `~` is the home folder.
        backend: the backend to load the kernel for: `"cpu"`, or the backend that Torch is made for, which is the
            default.

    Returns:
        The module of the kernel.

    Raises:
        KernelNotFoundError: when there is no kernel at the path (a `FileNotFoundError`).
        NoVariantError: when none of its builds fits this system; says why for each (a `FileNotFoundError`).
        BackendError: when this system does not have the backend (a `ValueError`).
        MetadataError: when the `metadata.json` of the build cannot be used (a `ValueError`).
        KernelIdError: when the id of the kernel belongs to another module (a `ValueError`).
        UnknownDependencyError: when it needs a Python package that kernels may not need (a `ValueError`).
        MissingDependencyError: when a Python package that it needs is not installed (an `ImportError`).
        UnsupportedKernelError: when it needs a newer loader or other kernels (a `RuntimeError`).
    """
    path = os.path.realpath(os.path.expanduser(repo_path))  # noqa: PTH111 - Path fails on the ~ of an unknown user
    build = _BUILDS.get((path, backend))
    loaded = loaded_from(build) if build else None
    if loaded is not None:
        return loaded.module
    build, metadata = find_build(Path(path), current_system(), backend)
    _check_supported(metadata)
    check_dependencies(metadata)
    module = import_kernel(build, metadata)
    _BUILDS[path, backend] = build
    return module


def get_loaded_kernels() -> list[LoadedKernel]:
    """Every kernel that this process has loaded, in the order of loading.

    Returns:
        A new list; changing it changes nothing else.
    """
    return loaded_kernels()


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
        decisions = resolve(_variants_in(base), system, backend)
        if decisions and isinstance(decisions[0], VariantAccepted):
            variant = decisions[0].variant
            build = Path(os.path.realpath(base / variant.variant_str))
            return build, _read_checked(build, variant)
        rejected += decisions
    if rejected:
        raise NoVariantError(_no_variant_message(path, rejected, system))
    return _find_one_build(path, system, backend)


def _check_supported(metadata: Metadata) -> None:
    """Refuse a kernel that says that this loader cannot run it, before any of it runs."""
    if metadata.kernel_depends:
        needed = ", ".join(depend.repo_id for depend in metadata.kernel_depends)
        message = (
            f"the kernel {metadata.name} needs other kernels ({needed}), which this version of kernels cannot load"
        )
        raise UnsupportedKernelError(message)
    if metadata.kernels_minver:
        from importlib.metadata import version

        from packaging.version import Version

        installed = version("kernels")
        if Version(installed) < Version(metadata.kernels_minver):
            message = (
                f"the kernel {metadata.name} needs kernels {metadata.kernels_minver} or later and {installed} is here; "
                f"install it with: pip install 'kernels>={metadata.kernels_minver}'"
            )
            raise UnsupportedKernelError(message)


def _find_one_build(path: Path, system: System, backend: str | None) -> tuple[Path, Metadata]:
    """Take a path as a single build, whose name need not be that of a variant."""
    if not (path / "metadata.json").is_file() and not (path / "__init__.py").is_file():
        state = "has no builds in it or in build/" if path.is_dir() else "is no folder"
        message = f"Could not find a kernel in {path}: it {state}; build one with `kernel-builder build-and-copy`"
        raise KernelNotFoundError(message)
    variant = parse_variant_or_none(path.name)
    if variant is not None:
        decisions = resolve([variant], system, backend)
        if not isinstance(decisions[0], VariantAccepted):
            raise NoVariantError(_no_variant_message(path, decisions, system))
    metadata = _read_checked(path, variant)
    wanted = select_backend(backend, system).backend
    if variant is None and metadata.backend.type not in ("cpu", wanted):
        message = f"the kernel in {path} is for the backend {metadata.backend.type}, not for {wanted}"
        raise NoVariantError(message)
    return path, metadata


def _variants_in(base: Path) -> Iterator[Variant]:
    """The builds in a folder; other entries, such as the benchmarks beside them, are passed over."""
    if not base.is_dir():
        return
    for entry in base.iterdir():
        variant = parse_variant_or_none(entry.name)
        if variant is not None and entry.is_dir():
            yield variant


def _read_checked(build: Path, variant: Variant | None) -> Metadata:
    metadata = read_metadata(build)
    if variant is not None and not serves_backend(variant, metadata.backend.type):
        named = variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend
        message = f"{build / 'metadata.json'}: `backend.type` is {metadata.backend.type}, but the folder is for {named}"
        raise MetadataError(message)
    return metadata


def _no_variant_message(path: Path, decisions: list[Decision], system: System) -> str:
    """Every build with the reason why it does not fit, and what to do about it."""
    reasons = [
        f"  {decision.variant.variant_str}: {decision.reason}"
        for decision in decisions
        if isinstance(decision, VariantRejected)
    ]
    torch = "no Torch" if system.torch is None else f"Torch {system.torch}"
    on_cpu = resolve([decision.variant for decision in decisions], system, "cpu")
    return "\n".join(
        [
            f"No build of the kernel in {path} fits this system ({torch}, {system.compute}, {system.platform}):",
            *reasons,
            "Build it for this system with `kernel-builder build-and-copy`, or install what one of the builds needs"
            + (", or load a build for the CPU with backend='cpu'." if isinstance(on_cpu[0], VariantAccepted) else "."),
        ]
    )
