"""Finished builds: where they are, and which of them a kernel still makes."""

from pathlib import Path

from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension, TvmFfiExtension
from kernel_builder.errors import TargetError
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant, parse_variant, parse_variant_or_none

__all__ = ["find_builds", "foreign_builds", "variants_in"]


def find_builds(folder: Path) -> list[Path]:
    """The builds of a project, of a folder of variants, or the one build that the folder is; by name.

    Raises:
        TargetError: when there is none.
    """
    if (folder / "metadata.json").is_file():
        return [folder]
    for base in (folder / "build", folder):
        entries = sorted(base.iterdir()) if base.is_dir() else []
        if found := [path for path in entries if parse_variant_or_none(path.name) is not None and path.is_dir()]:
            return found
    if parse_variant_or_none(folder.name) is not None and any(folder.iterdir()):
        return [folder]  # without its metadata
    message = f"{folder} holds no builds"
    raise TargetError(message, hint="Make them with `kernel-builder build`.")


def variants_in(build_dir: Path) -> list[str]:
    """The names of the builds in a folder, sorted; none where there is no such folder."""
    entries = sorted(build_dir.iterdir()) if build_dir.is_dir() else []
    return [path.name for path in entries if path.is_dir() and parse_variant_or_none(path.name) is not None]


def foreign_builds(build_dir: Path, config: KernelConfig) -> list[Path]:
    """The builds that a kernel's `build.toml` no longer makes: of another framework, or for a backend that it lost.

    The loader takes the best build that fits, whichever `build.toml` it is of.
    """
    return [build_dir / name for name in variants_in(build_dir) if not _is_of(config, parse_variant(name))]


def _is_of(config: KernelConfig, variant: Variant) -> bool:
    if isinstance(variant, NoarchVariant):
        return isinstance(config.framework, NoarchExtension) and variant.backend in config.general.backends
    framework = TvmFfiExtension if isinstance(variant, TvmFfiVariant) else TorchExtension
    backend = variant.compute.backend
    is_listed = backend in config.general.backends and bool(config.components(backend))
    return isinstance(config.framework, framework) and is_listed
