"""What a lock has to know of a repository at a commit: the hashes of its builds, and the kernels that they need."""

from collections.abc import Iterator, Mapping

from kernels.errors import KernelsError
from kernels.hub import Client, HubFile, download
from kernels.lock.concat import git_lfs_concat
from kernels.lock.format import VariantLock
from kernels.metadata import KernelDependency, read_metadata
from kernels.variant import NoarchVariant, parse_variant_or_none, preference

__all__ = ["hash_builds", "read_needs"]

_METADATA = "metadata.json"


def hash_builds(files: Mapping[str, HubFile]) -> dict[str, VariantLock]:
    """Hash each folder in `build/`; not every one need have the name of a variant.

    Args:
        files: every file of a repository at a commit, by path.
    """
    builds: dict[str, dict[str, str]] = {}
    for name, path, file in _files_of_builds(files):
        builds.setdefault(name, {})[path] = file.oid
    return {name: VariantLock(git_lfs_concat(build)) for name, build in builds.items()}


def read_needs(
    repo_id: str, commit: str, files: Mapping[str, HubFile], client: Client
) -> tuple[tuple[KernelDependency, ...], list[str]]:
    """Read which kernels a kernel needs, from the metadata of one build for each backend.

    Args:
        repo_id: the repository.
        commit: the commit.
        files: every file of it, by path.
        client: whom to ask for the metadata.

    Returns:
        The kernels, and a sentence for each build whose metadata cannot be used.

    Raises:
        NotCachedError: when the metadata is not there, and the Hub may not be asked or cannot be reached.
    """
    described = [name for name, path, _ in _files_of_builds(files) if path == _METADATA]
    variants = [variant for name in described if (variant := parse_variant_or_none(name))]
    by_backend: dict[str, str] = {}
    for variant in sorted(variants, key=preference):
        backend = variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend
        by_backend.setdefault(backend, f"build/{variant.variant_str}")
    builds = sorted(by_backend.values())
    snapshot = download(repo_id, commit, [f"{build}/{_METADATA}" for build in builds], client)
    needs: dict[KernelDependency, None] = {}
    problems = []
    for build in builds:
        try:
            needs.update(dict.fromkeys(read_metadata(snapshot / build).kernel_depends))
        except KernelsError as error:  # noqa: PERF203 - each turn of the loop reads a file
            problems.append(f"{repo_id}: whether {build} needs other kernels is not known: {error}")
    return tuple(needs), problems


def _files_of_builds(files: Mapping[str, HubFile]) -> Iterator[tuple[str, str, HubFile]]:
    """The folder in `build/`, the path within it, and the file."""
    for path, file in files.items():
        top, *inside = path.split("/", 2)
        if top == "build" and len(inside) == 2:  # noqa: PLR2004 - a folder, and a path within it
            yield inside[0], inside[1], file
