"""Getting a build onto this machine: whole and verified, or not at all."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from kernels.errors import IntegrityError, NotCachedError
from kernels.hub.cache import WHOLE, RepositoryCache, is_offline, write_atomically
from kernels.hub.client import Client, HubFile
from kernels.hub.repository import download, files_in, list_files
from kernels.integrity import Receipt, still_holds, verify

__all__ = ["install"]

_LOGGER = logging.getLogger(__name__)


def install(
    repo_id: str,
    commit: str,
    variant: str,
    *,
    client: Client | None = None,
    local_files_only: bool = False,
) -> tuple[Path, Receipt]:
    """Make a build ready to be imported: download what is missing, verify all of it.

    A build that was verified before is looked at, not read, and needs no request.

    Args:
        repo_id: the repository.
        commit: the commit.
        variant: the build.
        client: whom to ask.
        local_files_only: whether the Hub must not be asked.

    Returns:
        The folder of the build, and what was verified of it.

    Raises:
        NotCachedError: when it is not in the cache, or not whole, and the Hub may not be asked or cannot be reached.
        IntegrityError: when its files are not those that the Hub has. Nothing of it has run.
    """
    cache = RepositoryCache(repo_id)
    work = _Installation(cache, commit, variant, client or Client(), offline=local_files_only or is_offline())
    work.check_place()
    return work.verified() or work.completed()


class _Installation:
    """One build on its way into the cache."""

    def __init__(self, cache: RepositoryCache, commit: str, variant: str, client: Client, *, offline: bool) -> None:
        self._cache = cache
        self._commit = commit
        self._variant = variant
        self._client = client
        self._offline = offline
        self._tree = cache.snapshot(commit) / "build" / variant
        self._receipt = cache.receipt(commit, variant)

    def check_place(self) -> None:
        """Refuse a snapshot that is kept elsewhere; the links to the contents of its files are looked at one by one.

        Raises:
            IntegrityError: when a folder on the way from the repository's to the build's is a link.
        """
        place = os.path.realpath(self._tree)
        if place != str(Path(os.path.realpath(self._cache.folder)) / self._tree.relative_to(self._cache.folder)):
            message = f"the build in {self._tree} is kept elsewhere, in {place}, and nothing of it was run"
            raise self._with_remedy(IntegrityError(message))

    def verified(self) -> tuple[Path, Receipt] | None:
        """The build, when it was verified before; `None` when it never was, or has been taken out of the cache."""
        try:
            receipt = Receipt.from_json(self._receipt.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if receipt is None or not self._tree.is_dir():
            return None
        if not self._holds(receipt):
            receipt = self._verify(receipt.oids)
        return self._tree, receipt

    def completed(self) -> tuple[Path, Receipt]:
        """The build, after what is missing has been downloaded and everything has been read."""
        try:
            files = list_files(self._cache.repo_id, self._commit, self._client, local_files_only=self._offline)
            files = files_in(files, f"build/{self._variant}")
        except NotCachedError:
            if not self._tree.is_dir():
                raise
            return self._tree, self._verify(None)  # another client left it; its own digest may vouch for it
        if self._offline and (missing := self._missing(files)):
            raise self._not_whole(missing)
        with self._cache.lock(WHOLE):
            done = self.verified()  # by another process or thread, meanwhile
            return done or (self._tree, self._fetch(files))

    def _fetch(self, files: dict[str, HubFile]) -> Receipt:
        missing = self._missing(files)
        if missing:
            _LOGGER.info("downloading %d files of %s for %s", len(missing), self._cache.repo_id, self._variant)
            where = [f"build/{self._variant}/{path}" for path in missing]
            download(self._cache.repo_id, self._commit, where, self._client)
        return self._verify({path: file.oid for path, file in files.items()})

    def _missing(self, files: dict[str, HubFile]) -> list[str]:
        return [path for path in files if not (self._tree / path).exists()]

    def _holds(self, receipt: Receipt) -> bool:
        try:
            return still_holds(self._tree, receipt)
        except IntegrityError as error:
            raise self._with_remedy(error) from None

    def _verify(self, expected: Mapping[str, str] | None) -> Receipt:
        try:
            receipt = verify(self._tree, expected, self._cache.blob_folders())
        except IntegrityError as error:
            if expected is None:
                raise self._not_whole([str(error)]) from None
            raise self._with_remedy(error) from None
        if expected is not None:  # what a build says of itself has to do only until the Hub can be asked
            with suppress(OSError):  # a cache that cannot be written to is verified each time
                write_atomically(self._receipt, receipt.to_json())
        return receipt

    def _with_remedy(self, error: IntegrityError) -> IntegrityError:
        message = (
            f"{error}. To download it again, once you know what changed it: kernels cache prune {self._cache.repo_id}"
        )
        return IntegrityError(message)

    def _not_whole(self, missing: list[str]) -> NotCachedError:
        message = (
            f"the build {self._variant} of {self._cache.repo_id} at {self._commit} is not whole in the cache "
            f"({missing[0]}), and the Hub may not be asked; load it once while the Hub can be reached"
        )
        return NotCachedError(message)
