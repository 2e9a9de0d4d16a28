"""What a repository has: its versions, its commits, its files. Asked once, then known."""

import logging
from collections.abc import Sequence
from pathlib import Path

from kernels.errors import HubUnreachableError, IntegrityError, NotCachedError
from kernels.hub.cache import RepositoryCache, is_offline
from kernels.hub.client import Client, HubFile
from kernels.hub.once import lock_for
from kernels.integrity import blob_hash, file_hashes
from kernels.request import VERSION_BRANCH
from kernels.variant import Variant, parse_variant_or_none

__all__ = ["download", "files_in", "list_commits", "list_files", "list_variants", "list_versions"]

_LOGGER = logging.getLogger(__name__)
_THREADS = 8
#: How often a file is downloaded before damage to it is no chance.
_ARRIVALS = 2
#: Bytes; git files beyond this are downloaded in pieces rather than held in memory.
_SMALL = 16 << 20


def list_versions(repo_id: str, client: Client | None = None) -> dict[int, str]:
    """The versions of a repository, which are its branches `v<N>`, with their commits; lowest first.

    Raises:
        HubUnreachableError: when the Hub cannot be reached.
        NotCachedError: when it may not be asked, and no version is known from before.
    """
    cache = RepositoryCache(repo_id)
    if is_offline():
        known = cache.known_versions()
        if not known:
            message = f"no version of {repo_id} is in the cache ({cache.folder}), and the Hub may not be asked"
            raise NotCachedError(message)
        return dict(sorted(known.items()))
    return versions_of((client or Client()).refs(repo_id))


def versions_of(refs: dict[str, str]) -> dict[int, str]:
    """The versions among branches, lowest first."""
    matches = ((VERSION_BRANCH.fullmatch(name), commit) for name, commit in refs.items())
    return dict(sorted((int(match[1]), commit) for match, commit in matches if match))


def list_files(
    repo_id: str, commit: str, client: Client | None = None, *, local_files_only: bool = False
) -> dict[str, HubFile]:
    """Every file of a repository at a commit, by POSIX path.

    Raises:
        NotCachedError: when that is not known from before, and the Hub may not be asked or cannot be reached.
    """
    cache = RepositoryCache(repo_id)
    known = cache.known_files(commit)
    if known is not None:
        return known
    if local_files_only or is_offline():
        message = f"the files of {repo_id} at {commit} are not known, and the Hub may not be asked"
        raise NotCachedError(message)
    with lock_for(cache.folder, commit):
        files = cache.known_files(commit)  # another thread may have asked meanwhile
        if files is None:
            try:
                files = (client or Client()).files(repo_id, commit)
            except HubUnreachableError as error:
                message = f"the files of {repo_id} at {commit} are not known, and {error}"
                raise NotCachedError(message) from error
            cache.remember_files(commit, files)
    return files


def list_variants(
    repo_id: str, commit: str, client: Client | None = None, *, local_files_only: bool = False
) -> list[Variant]:
    """The builds that a repository has at a commit: the folders in `build/` that have the name of a variant.

    Where the list of files is not known, the builds in the cache have to do.

    Raises:
        NotCachedError: when nothing is known of the commit.
    """
    try:
        files = list_files(repo_id, commit, client, local_files_only=local_files_only)
        paths = (path.split("/") for path in files)
        names = {parts[1] for parts in paths if parts[0] == "build" and len(parts) > 2}  # noqa: PLR2004 - a file in it
    except NotCachedError:
        folder = RepositoryCache(repo_id).snapshot(commit) / "build"
        names = {entry.name for entry in folder.iterdir() if entry.is_dir()} if folder.is_dir() else set()
        if not names:
            raise
    found = []
    for name in sorted(names):
        variant = parse_variant_or_none(name)
        if variant is None:
            _LOGGER.info("%s has a folder build/%s, which is not the name of a build variant", repo_id, name)
        else:
            found.append(variant)
    return found


def files_in(files: dict[str, HubFile], folder: str) -> dict[str, HubFile]:
    """The files in a folder, by their path within it, without bytecode, which is never used."""
    prefix = f"{folder}/"
    inside = {path[len(prefix) :]: file for path, file in files.items() if path.startswith(prefix)}
    return {
        path: file
        for path, file in inside.items()
        if not path.endswith(".pyc") and "__pycache__" not in path.split("/")
    }


def list_commits(repo_id: str, revision: str, client: Client | None = None) -> list[str]:
    """The history of a revision, newest first.

    Raises:
        HubUnreachableError: when the Hub cannot be reached.
    """
    return (client or Client()).commits(repo_id, revision)


def download(
    repo_id: str, commit: str, paths: Sequence[str], client: Client | None = None, *, local_files_only: bool = False
) -> Path:
    """Bring files of a commit into the cache; those that are there are not asked for.

    Returns:
        The folder of the commit, with the files at their paths in it.

    Raises:
        NotCachedError: when a file is not there, and the Hub may not be asked or cannot be reached.
        IntegrityError: when a file does not arrive as the Hub lists it.
    """
    cache = RepositoryCache(repo_id)
    snapshot = cache.snapshot(commit)
    missing = [path for path in paths if not (snapshot / path).exists()]
    if not missing:
        return snapshot
    if local_files_only or is_offline():
        message = f"{missing[0]} of {repo_id} at {commit} is not in the cache, and the Hub may not be asked"
        raise NotCachedError(message)
    client = client or Client()
    try:
        _download_all(client, cache, commit, missing)
    except HubUnreachableError as error:
        message = f"{repo_id} at {commit} cannot be downloaded: {error}"
        raise NotCachedError(message) from error
    return snapshot


def _download_all(client: Client, cache: RepositoryCache, commit: str, paths: Sequence[str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    files = list_files(cache.repo_id, commit, client)
    with ThreadPoolExecutor(min(_THREADS, len(paths)), thread_name_prefix="kernels-download") as pool:
        jobs = [pool.submit(_download_one, client, cache, commit, files.get(path), path) for path in paths]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _download_one(client: Client, cache: RepositoryCache, commit: str, file: HubFile | None, path: str) -> None:
    """Download a file, and again if it was damaged on its way.

    Raises:
        IntegrityError: when what arrives is not what the Hub lists; nothing of it is kept.
    """
    if file is None:
        client.download(cache.repo_id, commit, path, str(cache.root))
        return
    for _ in range(_ARRIVALS):
        if _fetch(client, cache, commit, file):
            return
        _LOGGER.warning("%s of %s at %s was damaged on its way", path, cache.repo_id, commit)
    message = f"{path} of {cache.repo_id} at {commit} does not arrive as the Hub lists it; a proxy may have changed it"
    raise IntegrityError(message)


def _fetch(client: Client, cache: RepositoryCache, commit: str, file: HubFile) -> bool:
    """Bring a file into the cache; `False` when it is not what the Hub lists, and then nothing of it stays."""
    if file.lfs or file.size > _SMALL:
        client.download(cache.repo_id, commit, file.path, str(cache.root))
    else:
        with cache.lock(file.oid):
            if not cache.link(commit, file):  # what git itself holds is small, and need not be asked about first
                contents = client.read(cache.repo_id, commit, file)
                if blob_hash(contents) != file.oid:
                    return False
                cache.store(file, contents)
                cache.link(commit, file)
    if file.oid in file_hashes(cache.snapshot(commit) / file.path):
        return True
    cache.remove(commit, file)
    return False
