"""One build of a kernel in its folder: what it says of itself, and whether this process can load it."""

from pathlib import Path

from kernels.arch import check_arch
from kernels.dependencies import check_dependencies
from kernels.errors import MetadataError, UnsupportedKernelError
from kernels.metadata import Metadata, read_metadata
from kernels.resolve import serves_backend
from kernels.variant import NoarchVariant, Variant

__all__ = ["check_build", "read_build"]


def read_build(build: Path, variant: Variant | None) -> Metadata:
    """Read the metadata of a build, whose folder has the name of a variant.

    Raises:
        KernelNotFoundError: when it has none.
        MetadataError: when it cannot be used, or is that of another backend.
    """
    metadata = read_metadata(build)
    if variant is not None and not serves_backend(variant, metadata.backend.type):
        named = variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend
        message = f"{build / 'metadata.json'}: `backend.type` is {metadata.backend.type}, but the folder is for {named}"
        raise MetadataError(message)
    return metadata


def check_build(metadata: Metadata, *, arch: bool = True, dependencies: bool = True) -> None:
    """Refuse a build that says that it cannot run here, before any of it runs.

    Args:
        metadata: what the build says.
        arch: whether the architecture of the GPU counts.
        dependencies: whether the Python packages that it needs have to be installed.

    Raises:
        UnsupportedKernelError: when it needs a newer loader.
        UnsupportedArchError: when it has no code for the GPU of this process.
        UnknownDependencyError: when it needs a Python package that kernels may not need.
        MissingDependencyError: when a Python package that it needs is not installed.
    """
    if metadata.kernels_minver:
        _check_minver(metadata.name, metadata.kernels_minver)
    if dependencies:
        check_dependencies(metadata)
    if arch:
        check_arch(metadata)


def _check_minver(name: str, minver: str) -> None:
    from importlib.metadata import version

    from packaging.version import Version

    installed = version("kernels")
    if Version(installed) < Version(minver):
        message = (
            f"the kernel {name} needs kernels {minver} or later and {installed} is here; "
            f"install it with: pip install 'kernels>={minver}'"
        )
        raise UnsupportedKernelError(message)
