"""What the cache has of kernels: their builds, whether those are whole, and removing them.

The layout is that of `kernels.hub.cache`. Other programs keep models and data sets in the same folder; what is not of
a kernel is passed over.
"""

import logging
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from kernels.errors import IntegrityError, KernelsError, RequestError
from kernels.hub.cache import WHOLE, RepositoryCache, cache_folder
from kernels.hub.repository import files_in
from kernels.integrity import Receipt, file_hashes, still_holds, verify
from kernels.metadata import read_metadata
from kernels.request import COMMIT, Request
from kernels.variant import parse_variant_or_none

__all__ = [
    "CachedBuild",
    "CachedCommit",
    "cached_commits",
    "disk_size",
    "is_cached",
    "remove_commits",
    "remove_repository",
    "verify_build",
]

_NOTES = ".kernels"


@dataclass(frozen=True, slots=True)
class CachedBuild:
    """A build in the cache.

    Attributes:
        variant: its name.
        size: the bytes of its files.
        state: `"verified"`: it was, and has not been touched since; `"changed"`: it was, and is not as it was then;
            `"incomplete"`: only some of its files were fetched; `"unverified"`: another program fetched it.
    """

    variant: str
    size: int
    state: str


@dataclass(frozen=True, slots=True)
class CachedCommit:
    """What the cache has of a commit.

    Attributes:
        repo_id: the repository.
        commit: the commit.
        revisions: the branches and tags that had this commit when they were last seen.
        builds: its builds, sorted by name.
        files: each file of the disk that it has: device and number → bytes. Commits share files.
    """

    repo_id: str
    commit: str
    revisions: tuple[str, ...]
    builds: tuple[CachedBuild, ...]
    files: Mapping[tuple[int, int], int]


def cached_commits(repo_id: str | None = None) -> list[CachedCommit]:
    """Everything that the cache has of kernels, or of one repository, sorted; nothing is read but what is small.

    Raises:
        OSError: when the cache cannot be looked at.
    """
    caches = _repositories() if repo_id is None else [RepositoryCache(repo_id)]
    return [_describe(cache, commit, revisions) for cache in caches for commit, revisions in _commits(cache)]


def disk_size(commits: Iterable[CachedCommit]) -> int:
    """The bytes that commits take on the disk; what they share counts once."""
    return sum({key: size for commit in commits for key, size in commit.files.items()}.values())


def verify_build(repo_id: str, commit: str, variant: str) -> str:
    """Read every file of a build and compare it with what the Hub listed or, where that is not known, its digest.

    Returns:
        `"good"`; `"incomplete"`: what was fetched of it is good; `"unknown"`: there is nothing to compare it with.

    Raises:
        IntegrityError: when it is damaged; says in which files.
    """
    cache = RepositoryCache(repo_id)
    tree = _tree(cache, commit, variant)
    receipt = _receipt(cache, commit, variant)
    files = files_in(cache.known_files(commit) or {}, f"build/{variant}")
    listed: Mapping[str, str] | None = {path: file.oid for path, file in files.items()}
    if not listed:
        listed = receipt.oids if receipt else None
    if listed is None and not _has_digest(tree):
        return "unknown"
    fetched = {path: oid for path, oid in (listed or {}).items() if os.path.lexists(tree / path)}
    if receipt is None and listed and len(fetched) < len(listed):
        _compare(tree, fetched)
        return "incomplete"
    verify(tree, listed, cache.blob_folders())
    return "good"


def is_cached(repo_id: str) -> bool:
    """Whether the cache has anything of a repository."""
    return os.path.lexists(RepositoryCache(repo_id).folder)


def remove_repository(repo_id: str) -> None:
    """Remove everything that the cache has of a repository.

    Raises:
        OSError: when something of it cannot be removed.
    """
    cache = RepositoryCache(repo_id)
    with cache.lock(WHOLE):
        _delete(cache, repos=[cache.folder])
    shutil.rmtree(cache.root / ".locks" / cache.folder.name, ignore_errors=True)


def remove_commits(repo_id: str, commits: Collection[str]) -> None:
    """Remove commits of a repository, and the contents that no other commit has.

    When it is cut short, what it leaves is fetched again when it is needed, and removed when it is called again.

    Raises:
        OSError: when something cannot be removed.
    """
    cache = RepositoryCache(repo_id)
    with cache.lock(WHOLE):  # what is being installed has no commit yet
        for commit in commits:  # first, so that nothing half removed counts as verified
            shutil.rmtree(cache.folder / _NOTES / commit, ignore_errors=True)
        kept: dict[tuple[int, int], int] = {}
        for entry in _entries(cache.folder / "snapshots"):
            if entry.name not in commits:
                kept |= _files(entry)
        contents = [path for path in _entries(cache.folder / "blobs") if path.suffix != ".incomplete"]
        orphans = [path for path in contents if _identity(path) not in kept]
        snapshots = [cache.snapshot(commit) for commit in commits]
        _delete(cache, snapshots=[path for path in snapshots if path.is_dir()], blobs=orphans)


def _repositories() -> Iterator[RepositoryCache]:
    """The repositories of kernels in the cache, by the names of their folders."""
    root = cache_folder()
    for entry in _entries(root):
        kind, *names = entry.name.split("--")
        if kind == "kernels" and entry.is_dir():
            with suppress(RequestError):
                yield RepositoryCache(Request.check("/".join(names), "main").repo_id, root)


def _commits(cache: RepositoryCache) -> list[tuple[str, tuple[str, ...]]]:
    """The commits of which there is anything, with the revisions that have them."""
    revisions: dict[str, list[str]] = {}
    for revision, commit in sorted({*_their_refs(cache), *_our_refs(cache)}):
        revisions.setdefault(commit, []).append(revision)
    folders = [*_entries(cache.folder / "snapshots"), *_entries(cache.folder / _NOTES)]
    names = {folder.name for folder in folders if COMMIT.fullmatch(folder.name)}
    return [(name, tuple(revisions.get(name, ()))) for name in sorted(names)]


def _their_refs(cache: RepositoryCache) -> Iterator[tuple[str, str]]:
    """The revisions that the Hub client knows, with their commits."""
    refs = cache.folder / "refs"
    for path in refs.rglob("*"):
        with suppress(OSError, UnicodeDecodeError):  # a folder
            yield path.relative_to(refs).as_posix(), path.read_text("utf-8").strip()


def _our_refs(cache: RepositoryCache) -> Iterator[tuple[str, str]]:
    """The revisions that this package has seen, with the last commit of each."""
    for path in _entries(cache.folder / _NOTES / "refs"):
        revision = unquote(path.name)
        if history := cache.history(revision):
            yield revision, history[-1]


def _describe(cache: RepositoryCache, commit: str, revisions: tuple[str, ...]) -> CachedCommit:
    snapshot = cache.snapshot(commit)
    names = [entry.name for entry in _entries(snapshot / "build") if entry.is_dir()]
    builds = tuple(
        CachedBuild(name, sum(_files(_tree(cache, commit, name)).values()), _state(cache, commit, name))
        for name in names
        if parse_variant_or_none(name)
    )
    return CachedCommit(cache.repo_id, commit, revisions, builds, _files(snapshot))


def _state(cache: RepositoryCache, commit: str, variant: str) -> str:
    tree = _tree(cache, commit, variant)
    receipt = _receipt(cache, commit, variant)
    if receipt is not None:
        try:
            return "verified" if still_holds(tree, receipt) else "changed"
        except IntegrityError:
            return "changed"
    files = files_in(cache.known_files(commit) or {}, f"build/{variant}")
    return "unverified" if all((tree / path).exists() for path in files) else "incomplete"


def _tree(cache: RepositoryCache, commit: str, variant: str) -> Path:
    return cache.snapshot(commit) / "build" / variant


def _receipt(cache: RepositoryCache, commit: str, variant: str) -> Receipt | None:
    try:
        return Receipt.from_json(cache.receipt(commit, variant).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _has_digest(tree: Path) -> bool:
    try:
        return read_metadata(tree).digest is not None
    except KernelsError:
        return False


def _compare(tree: Path, expected: Mapping[str, str]) -> None:
    """Compare some files of a build with their hashes.

    Raises:
        IntegrityError: when they differ.
    """
    try:
        problems = [path for path, oid in expected.items() if oid not in file_hashes(tree / path)]
    except OSError as error:
        problems = [str(error)]
    if problems:
        message = f"the build in {tree} is not what the Hub has: {', '.join(problems)}"
        raise IntegrityError(message)


def _files(folder: Path) -> dict[tuple[int, int], int]:
    """The files in a folder, through links: device and number → bytes."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a link to nowhere
                status = os.stat(os.path.join(parent, name))  # noqa: PTH116, PTH118 - runs for every file of the cache
                found[status.st_dev, status.st_ino] = status.st_size
    return found


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted by name; nothing where there is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _delete(
    cache: RepositoryCache,
    *,
    repos: Collection[Path] = (),
    snapshots: Collection[Path] = (),
    blobs: Collection[Path] = (),
) -> None:
    """Let the Hub client delete, which also frees contents that repositories share.

    Raises:
        OSError: when something is still there.
    """
    from huggingface_hub import DeleteCacheStrategy

    plan: dict[str, Any] = {
        "expected_freed_size": 0,
        "blobs": frozenset(blobs),
        "refs": frozenset(),
        "repos": frozenset(repos),
        "snapshots": frozenset(snapshots),
        "cache_dir": cache.root,
    }
    known = {field.name for field in fields(DeleteCacheStrategy)}  # older clients share nothing, and need no cache_dir
    with _without_warnings():
        DeleteCacheStrategy(**{name: value for name, value in plan.items() if name in known}).execute()
    left = [str(path) for path in (*repos, *snapshots, *blobs) if os.path.lexists(path)]
    if left:
        message = f"{left[0]} could not be removed; end the programs that use it, and see whether you may remove it"
        raise OSError(message)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence the Hub client, which logs a traceback for what it cannot delete."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
