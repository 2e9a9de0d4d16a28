"""The cache: the Hub client's own folders, and beside them what only this package needs to know.

::

    <cache>/kernels--<owner>--<name>/
    ├── blobs/  refs/  snapshots/       the Hub client's
    └── .kernels/
        ├── refs/<revision>             the commits that a revision had, one a line, the last one seen at the end
        ├── trusted                     whether the publisher was vouched for when last asked, and by which Hub
        └── <commit>/
            ├── files.json              what the repository has at the commit: path → [size, oid, lfs]
            └── <variant>.json          the receipt of a build that was downloaded and verified

Commits do not change, so what is known of one is known for good: that is what makes loading work offline. Everything
in `.kernels` can be lost without harm, and a cache that cannot be written to is used as it is.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from kernels.hub.client import HubFile
from kernels.request import COMMIT, VERSION_BRANCH

__all__ = ["WHOLE", "RepositoryCache", "cache_folder", "is_offline", "write_atomically"]

_LOGGER = logging.getLogger(__name__)
#: The lock of a repository as a whole: one process at a time installs or removes builds.
WHOLE = "repository"


def cache_folder() -> Path:
    """Where kernels are kept: `KERNELS_CACHE`, or else the cache of the Hub client."""
    folder = os.environ.get("KERNELS_CACHE")
    if folder:
        return Path(os.path.abspath(os.path.expanduser(folder)))  # noqa: PTH100, PTH111 - without following links
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def is_offline() -> bool:
    """Whether the environment forbids asking the Hub (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


class RepositoryCache:
    """What the cache has of one repository.

    Attributes:
        repo_id: the repository.
        root: the cache.
        folder: the part of it that is the repository's.
    """

    def __init__(self, repo_id: str, root: Path | None = None) -> None:
        self.repo_id = repo_id
        self.root = cache_folder() if root is None else root
        self.folder = self.root / "--".join(["kernels", *repo_id.split("/")])
        self._notes = self.folder / ".kernels"

    def snapshot(self, commit: str) -> Path:
        """Where the Hub client puts the files of a commit."""
        return self.folder / "snapshots" / commit

    def blob_folders(self) -> tuple[Path, ...]:
        """The folders to which the links in a snapshot may lead: the repository's own, and that of all repositories."""
        return (self.folder / "blobs", self.root / "blobs")

    def receipt(self, commit: str, variant: str) -> Path:
        """Where the receipt of a build is kept."""
        return self._notes / commit / f"{variant}.json"

    def known_commit(self, revision: str) -> str | None:
        """The commit that a revision had when it was last seen, by us or by the Hub client."""
        history = self.history(revision)
        if history:
            return history[-1]
        text = (_read_text(self.folder / "refs" / revision) or "").strip()
        return text if COMMIT.fullmatch(text) else None

    def history(self, revision: str) -> list[str]:
        """The commits that a revision was seen to have, the last one at the end."""
        return [one for one in (_read_text(self._ref(revision)) or "").split() if COMMIT.fullmatch(one)]

    def known_versions(self) -> dict[int, str]:
        """The versions that are known, with the commits that they had."""
        found = {}
        for folder in (self.folder / "refs", self._notes / "refs"):
            with suppress(OSError):
                for entry in folder.iterdir():
                    match = VERSION_BRANCH.fullmatch(entry.name)
                    commit = self.known_commit(entry.name) if match else None
                    if match and commit:
                        found[int(match[1])] = commit
        return found

    def remember_commit(self, revision: str, commit: str) -> None:
        """Note the commit that a revision has now."""
        history = self.history(revision)
        if not history or history[-1] != commit:
            seen = [*(old for old in history if old != commit), commit]
            _write(self._ref(revision), "".join(f"{one}\n" for one in seen))

    def publish_ref(self, revision: str, commit: str) -> None:
        """Enter a revision where the Hub client and its tools look for it; for a commit that has a snapshot."""
        ref = self.folder / "refs" / revision
        if revision != commit and _read_text(ref) != commit:
            _write(ref, commit)

    def known_trust(self, endpoint: str) -> bool | None:
        """Whether a Hub vouched for the publisher when it was last asked; `None` when it never was."""
        word, _, hub = (_read_text(self._notes / "trusted") or "").strip().partition(" ")
        return {"true": True, "false": False}.get(word) if hub == endpoint else None

    def remember_trust(self, endpoint: str, *, trusted: bool) -> None:
        """Note what a Hub says of the publisher."""
        if self.known_trust(endpoint) is not trusted:
            _write(self._notes / "trusted", f"{json.dumps(trusted)} {endpoint}")

    def known_files(self, commit: str) -> dict[str, HubFile] | None:
        """What the repository has at a commit; `None` when that is not known."""
        path = self._notes / commit / "files.json"
        try:
            status = path.stat()
            return dict(_read_files(path, status.st_mtime_ns, status.st_ino))
        except OSError:
            return None
        except (ValueError, TypeError, AttributeError):
            _LOGGER.warning("%s cannot be read and is ignored", path)
            return None

    def remember_files(self, commit: str, files: Mapping[str, HubFile]) -> None:
        """Note what the repository has at a commit."""
        if not files:
            return  # a commit without a file is more likely an answer without sense
        document = {path: list(astuple(file))[1:] for path, file in sorted(files.items())}
        _write(self._notes / commit / "files.json", json.dumps(document, separators=(",", ":")))

    def store(self, file: HubFile, contents: bytes) -> None:
        """Keep the contents of a file under its hash, as the Hub client does.

        Raises:
            OSError: when they cannot be written.
        """
        write_atomically(self.folder / "blobs" / file.oid, contents)

    def link(self, commit: str, file: HubFile) -> bool:
        """Show contents that are there as a file of a commit; `False` when they are not there.

        Raises:
            OSError: when the link cannot be made.
        """
        blob, pointer = self.folder / "blobs" / file.oid, self.snapshot(commit) / file.path
        if not blob.is_file():
            return False
        pointer.parent.mkdir(parents=True, exist_ok=True)
        if pointer.is_symlink() and not pointer.exists():  # it leads to somewhere else, where nothing is
            pointer.unlink(missing_ok=True)
        with suppress(FileExistsError):
            try:
                pointer.symlink_to(os.path.relpath(blob, pointer.parent))
            except FileExistsError:
                raise
            except OSError:  # Windows without the right to make links, or a file system that has none
                write_atomically(pointer, blob.read_bytes(), beside=blob)
        return True

    def remove(self, commit: str, file: HubFile) -> None:
        """Take a file of a commit, and its contents, out of the cache."""
        for path in (self.snapshot(commit) / file.path, self.folder / "blobs" / file.oid):
            with suppress(OSError):
                path.unlink()

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep other processes and threads from the same work; where a file system has no locks, do without.

        No correctness depends on it: it saves downloading twice.
        """
        from filelock import FileLock

        lock = FileLock(self.root / ".locks" / self.folder.name / f"{name}.lock")
        try:
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            _LOGGER.debug("no lock for %s: %s", lock.lock_file, error)
        try:
            yield
        finally:
            lock.release()

    def _ref(self, revision: str) -> Path:
        return self._notes / "refs" / quote(revision, safe="")


@lru_cache(maxsize=64)
def _read_files(path: Path, _modified: int, _inode: int) -> dict[str, HubFile]:
    document = json.loads(path.read_bytes())
    return {name: HubFile(name, int(size), str(oid), bool(lfs)) for name, (size, oid, lfs) in document.items()}


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _write(path: Path, text: str) -> None:
    """Write a note; a cache that cannot be written to does without."""
    try:
        write_atomically(path, text)
    except OSError as error:
        _LOGGER.debug("%s cannot be written: %s", path, error)


def write_atomically(path: Path, contents: str | bytes, *, beside: Path | None = None) -> None:
    """Put a file in place at once: a reader, or a crash, sees the old one or the new one.

    Args:
        path: the file.
        contents: what is to be in it.
        beside: next to what, on the same file system, a crash may leave an unfinished file; by default next to `path`.

    Raises:
        OSError: when it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = (beside or path).with_name(f".{path.name[:80]}.{os.urandom(6).hex()}")
    try:
        temporary.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
