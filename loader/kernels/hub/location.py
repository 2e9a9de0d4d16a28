"""From what a caller asks for (a repository, and a version or a revision of it) to a commit."""

import logging
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernels.errors import HubUnreachableError, NotCachedError, RedirectError, RequestError, VersionNotFoundError
from kernels.hub.cache import RepositoryCache, is_offline
from kernels.hub.client import Client
from kernels.hub.repository import download, list_files, versions_of
from kernels.request import Request

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Location", "locate"]

_LOGGER = logging.getLogger(__name__)
_STATUS_FILE = "kernel-status.toml"
_STATUS_BYTES = 1 << 16
#: What has been said once in this process, so that it is not said again at every call.
_SAID: set[tuple[str, ...]] = set()


@dataclass(frozen=True, slots=True)
class Location:
    """A commit of a repository.

    Attributes:
        repo_id: the repository; that of the destination, where the one asked for redirects.
        revision: the branch, tag or commit that was asked for.
        commit: the commit that it has.
    """

    repo_id: str
    revision: str
    commit: str


def locate(
    repo_id: str,
    revision: str | None = None,
    version: int | str | None = None,
    *,
    client: Client | None = None,
    trust: Callable[[Request], None] | None = None,
    local_files_only: bool = False,
) -> Location:
    """Find the commit to load, following a redirect to another repository.

    One request tells the commit of a version or a revision; none is needed for a commit. A commit that was not seen
    before takes one more, for its files, and a redirect the same again. Where the Hub may not be
    asked or cannot be reached, the commit that the revision had when it was last seen is taken.

    Args:
        repo_id: the repository.
        revision: a branch, a tag or a commit.
        version: a version, instead of a revision.
        client: whom to ask.
        trust: called with what is about to be used, here and after a redirect; raises to refuse it.
        local_files_only: whether the Hub must not be asked.

    Raises:
        RequestError: when the arguments do not say what to find.
        VersionNotFoundError: when the repository does not have the version.
        NotCachedError: when the Hub cannot be asked and the revision was never seen.
        RedirectError: when the repository redirects to one that redirects again.
    """
    request = Request.check(repo_id, revision, version)
    approve = trust or (lambda _request: None)
    finder = _Finder(client or Client(), approve, offline=local_files_only or is_offline())
    location = finder.find(request)
    destination = finder.redirect(location, request)
    if destination is None:
        return location
    pin = ", and the commit that was asked for pins nothing there" if request.commit and not destination.commit else ""
    _once(_LOGGER.warning, "%s has moved to %s%s", repo_id, destination.repo_id, pin)
    arrived = finder.find(destination)
    if finder.redirect(arrived, destination) is not None:
        message = f"{repo_id} redirects to {destination.repo_id}, which redirects again; ask for the last one itself"
        raise RedirectError(message)
    return arrived


class _Finder:
    """Finds commits, on the Hub or in what is known from before."""

    def __init__(self, client: Client, approve: Callable[[Request], None], *, offline: bool) -> None:
        self._client = client
        self._approve = approve
        self._offline = offline

    def find(self, request: Request) -> Location:
        """Find a commit of a repository that may be used."""
        cache = RepositoryCache(request.repo_id)
        if request.commit or self._offline:
            self._approve(request)
            return Location(request.repo_id, request.revision, request.commit or _remembered(request, cache))
        answer = self._ask(request)
        try:
            commit = self._commit_in(answer.result(), request)
        except HubUnreachableError as error:
            if cache.known_commit(request.revision) is None:
                raise
            self._offline = True
            _LOGGER.warning("%s; %s at %s is taken from the cache", error, request.repo_id, request.revision)
            commit = _remembered(request, cache)
        else:
            _warn_of_rollback(request, commit, cache.history(request.revision))
            cache.remember_commit(request.revision, commit)
        return Location(request.repo_id, request.revision, commit)

    def redirect(self, location: Location, request: Request) -> Request | None:
        """Where a repository says that it has moved to; the version that was asked for stays the same there."""
        try:
            files = list_files(location.repo_id, location.commit, self._client, local_files_only=self._offline)
        except NotCachedError:
            if not RepositoryCache(location.repo_id).snapshot(location.commit).is_dir():
                raise
            return None  # another client has left a snapshot, and what that has is all there is
        if _STATUS_FILE not in files:
            return None
        if files[_STATUS_FILE].size > _STATUS_BYTES:
            message = (
                f"the {_STATUS_FILE} of {location.repo_id} at {location.commit} is larger than {_STATUS_BYTES} bytes"
            )
            raise RedirectError(message)
        snapshot = download(
            location.repo_id, location.commit, [_STATUS_FILE], self._client, local_files_only=self._offline
        )
        return _read_redirect((snapshot / _STATUS_FILE).read_bytes(), location, request)

    def _ask(self, request: Request) -> "Future[dict[str, str]]":
        """Ask for the branches while it is found out whether the repository may be used: two requests, one wait."""
        from concurrent.futures import ThreadPoolExecutor

        self._client.prepare()
        with ThreadPoolExecutor(1, thread_name_prefix="kernels-locate") as pool:
            answer = pool.submit(self._branches, request)
            self._approve(request)
        return answer

    def _branches(self, request: Request) -> dict[str, str]:
        """Branches with their commits: that of a revision, or all of them to choose a version from."""
        if request.version is None:
            return {request.revision: self._client.commit(request.repo_id, request.revision)}
        return self._client.refs(request.repo_id)

    def _commit_in(self, refs: dict[str, str], request: Request) -> str:
        if request.version is None:
            return refs[request.revision]
        versions = versions_of(refs)
        if request.version in versions:
            newest = max(versions)
            if newest > request.version:
                _once(
                    _LOGGER.warning,
                    "You are using version %s of '%s', but version %s is available.",
                    request.version,
                    request.repo_id,
                    newest,
                )
            return versions[request.version]
        main = refs.get("main")
        if main and _STATUS_FILE in list_files(request.repo_id, main, self._client):
            return main  # a repository that has moved need not keep its versions
        raise _no_such_version(request, versions)


def _remembered(request: Request, cache: RepositoryCache) -> str:
    commit = cache.known_commit(request.revision)
    if commit is not None:
        return commit
    known = cache.known_versions()
    if request.version is not None and known:
        raise _no_such_version(request, known, " in the cache, and the Hub may not be asked")
    message = (
        f"{request.repo_id} at {request.revision} is not in the cache ({cache.folder}), and the Hub may not be asked; "
        "load it once while the Hub can be reached"
    )
    raise NotCachedError(message)


def _no_such_version(request: Request, versions: Collection[int], where: str = "") -> VersionNotFoundError:
    available = ", ".join(map(str, sorted(versions))) or "none"
    message = f"Version {request.version} not found, available versions{where}: {available} ({request.repo_id})"
    return VersionNotFoundError(message)


def _warn_of_rollback(request: Request, commit: str, history: list[str]) -> None:
    """A branch that goes back to a commit that it had left may be what somebody wants to see run again."""
    if commit in history[:-1]:
        _LOGGER.warning(
            "%s at %s has gone back from %s to %s, which it had before",
            request.repo_id,
            request.revision,
            history[-1],
            commit,
        )


def _read_redirect(document: bytes, location: Location, request: Request) -> Request | None:
    """What a `kernel-status.toml` says: `kind = "redirect"`, `destination`, and possibly a `revision`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    where = f"the {_STATUS_FILE} of {location.repo_id} at {location.commit}"
    try:
        status = tomllib.loads(document.decode())
    except (ValueError, RecursionError) as error:
        message = f"{where} cannot be read: {error}"
        raise RedirectError(message) from None
    if status.get("kind") != "redirect":
        return None
    revision = status.get("revision")
    version = request.version if revision is None else None
    if revision is None and version is None:
        revision = "main"
    try:
        return Request.check(status.get("destination", ""), revision, version)
    except RequestError as error:
        message = f"{where} cannot be followed: {error}"
        raise RedirectError(message) from None


def _once(say: Callable[..., None], text: str, *arguments: object) -> None:
    key = (text, *map(str, arguments))
    if key not in _SAID:
        _SAID.add(key)
        say(text, *arguments)
