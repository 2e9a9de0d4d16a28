"""Finished builds: where they are, and whether their digests are right."""

import json
from pathlib import Path

from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension, TvmFfiExtension
from kernel_builder.errors import TargetError
from kernel_builder.tree import install_text
from kernels.digest import digest_mismatches, digest_tree
from kernels.metadata import read_metadata
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant, parse_variant_or_none

__all__ = ["check_digest", "find_builds", "foreign_builds", "write_digest"]


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
    message = f"{folder} holds no builds"
    raise TargetError(message, hint="Make them with `kernel-builder build`.")


def foreign_builds(build_dir: Path, config: KernelConfig) -> list[Path]:
    """The builds that a kernel's `build.toml` no longer makes: of another framework, or for a backend that it lost.

    The loader takes the best build that fits, whichever `build.toml` it is of.
    """
    entries = sorted(build_dir.iterdir()) if build_dir.is_dir() else []
    variants = {path: parse_variant_or_none(path.name) for path in entries if path.is_dir()}
    return [path for path, variant in variants.items() if variant is not None and not _is_of(config, variant)]


def _is_of(config: KernelConfig, variant: Variant) -> bool:
    if isinstance(variant, NoarchVariant):
        return isinstance(config.framework, NoarchExtension) and variant.backend in config.general.backends
    framework = TvmFfiExtension if isinstance(variant, TvmFfiVariant) else TorchExtension
    backend = variant.compute.backend
    is_listed = backend in config.general.backends and bool(config.components(backend))
    return isinstance(config.framework, framework) and is_listed


def check_digest(tree: Path) -> list[str]:
    """Compare the files of a build with its digest; one sentence for each that is missing, changed or not listed.

    Raises:
        kernels.errors.KernelsError: when the build has no metadata that can be read.
        OSError: when a file cannot be read, or a folder is a link.
    """
    digest = read_metadata(tree).digest
    return ["metadata.json has no digest"] if digest is None else digest_mismatches(tree, digest)


def write_digest(tree: Path) -> bool:
    """Write the digest of a build's files into its metadata, of which everything else stays as it is.

    Returns:
        Whether it was another; if not, nothing is written.

    Raises:
        kernels.errors.KernelsError: when the build has no metadata that can be read.
        OSError: when a file cannot be read or written, or a folder is a link.
    """
    old = read_metadata(tree).digest
    new = digest_tree(tree) if old is None else digest_tree(tree, old.algorithm)
    if new == old:
        return False
    path = tree / "metadata.json"
    document = json.loads(path.read_text("utf-8"))
    document["digest"] = {"algorithm": new.algorithm, "files": new.files}
    install_text(path, json.dumps(document, indent=2) + "\n")
    return True
