"""Asking the Hub: one method for each question, with retries, and with its failures told apart.

Three things can be wrong with an answer. The Hub is out of reach (no network, or it says that it cannot serve now):
`HubUnreachableError`, and the cache may still help. What was asked for is not there: the client's own errors, which
programs that use it know. The caller asks too often: the Hub says for how long to wait, and so we do.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from json import JSONDecodeError
from typing import Any, TypeVar
from urllib.parse import quote

from kernels.errors import HubUnreachableError, IntegrityError
from kernels.hub.user_agent import describe_user_agent
from kernels.request import COMMIT

__all__ = ["Client", "HubFile", "is_missing"]

_LOGGER = logging.getLogger(__name__)
#: What comes of an answer that is not the Hub's: a network that wants its visitors to log in answers with a page, say.
_NO_ANSWERS = (JSONDecodeError, UnicodeError, KeyError, TypeError, AttributeError, RecursionError)
_Answer = TypeVar("_Answer")

#: How often a question is asked before its failure counts.
_ATTEMPTS = 5
#: A dropped connection may be chance; a network that is down is not worth a long wait.
_CONNECTION_ATTEMPTS = 2
#: Seconds before the second attempt; it doubles from one attempt to the next.
_BACKOFF = 0.5
#: Pages of a thousand entries; no kernel has as many.
_PAGES = 100
#: Seconds; a Hub that asks for a longer wait is out of reach.
_LONGEST_WAIT = 300.0
#: Seconds; a person who waits for longer wants to know why.
_LONG_WAIT = 5.0
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = range(500, 600)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository at one commit.

    Attributes:
        path: its POSIX path.
        size: its length in bytes.
        oid: what is in it, in hexadecimal: git's SHA-1 of the blob, or the SHA-256 of the contents for an LFS file.
        lfs: whether it is an LFS file.
    """

    path: str
    size: int
    oid: str
    lfs: bool


class Client:
    """The Hub, asked in the name of one user agent.

    Args:
        user_agent: what the calling program says of itself.
    """

    def __init__(self, user_agent: str | Mapping[str, str] | None = None) -> None:
        self._user_agent = user_agent

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """Who asks, in the words of the Hub client's arguments."""
        return describe_user_agent(self._user_agent)

    @cached_property
    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, without saying so

        headers: dict[str, str] = build_hf_headers(**self._identity)
        return headers

    def prepare(self) -> None:
        """Do once what every question needs: threads are to ask side by side, not to import side by side."""
        from huggingface_hub import get_session

        get_session()
        _ = self._headers

    @property
    def endpoint(self) -> str:
        """The address of the Hub."""
        from huggingface_hub import constants

        return str(constants.ENDPOINT)

    def refs(self, repo_id: str) -> dict[str, str]:
        """Every branch of a repository, with its commit."""
        return self._json(
            f"kernels/{repo_id}/refs",
            lambda refs: {branch["name"]: _checked_hash(branch["targetCommit"]) for branch in refs["branches"]},
        )

    def commit(self, repo_id: str, revision: str) -> str:
        """The commit of a branch, a tag or a shortened commit."""
        path = f"kernels/{repo_id}/revision/{quote(revision, safe='')}"
        return self._json(path, lambda info: _checked_hash(info["sha"]))

    def files(self, repo_id: str, commit: str) -> dict[str, HubFile]:
        """Every file of a repository at a commit, by path: one request for each thousand files."""
        path = f"{repo_id}/tree/{commit}?recursive=true"
        files = self._list(path, _hub_file)
        return {file.path: file for file in files if file is not None}

    def commits(self, repo_id: str, revision: str) -> list[str]:
        """The history of a revision, newest first."""
        return self._list(f"{repo_id}/commits/{quote(revision, safe='')}", lambda entry: _checked_hash(entry["id"]))

    def is_trusted(self, repo_id: str) -> tuple[str, bool]:
        """Whether the Hub vouches for the publisher of a repository.

        Returns:
            What carries the mark, and the mark: an organization carries it itself; for a user, who is none, the Hub
            puts it on the repository.
        """
        publisher = repo_id.partition("/")[0]

        def is_marked(document: Any) -> bool:
            return document.get("trustedKernelPublisher") is True

        try:
            return publisher, self._json(f"organizations/{publisher}/overview", is_marked)
        except Exception as error:
            if not is_missing(error):
                raise
        return repo_id, self._json(f"kernels/{repo_id}", is_marked)

    def read(self, repo_id: str, commit: str, file: HubFile) -> bytes:
        """The contents of a small file: one request, where `download` needs two.

        Returns:
            No more than a byte beyond the length that the Hub lists.
        """
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # public, without saying so

        url = hf_hub_url(repo_id, file.path, repo_type="kernel", revision=commit, endpoint=self.endpoint)

        def get() -> bytes:
            contents = b""
            with get_session().stream("GET", url, headers=self._headers, follow_redirects=True) as response:
                if response.is_error:
                    response.read()
                hf_raise_for_status(response)
                for piece in response.iter_bytes():
                    contents += piece
                    if len(contents) > file.size:
                        break
            return contents[: file.size + 1]

        return _ask(get)

    def download(self, repo_id: str, commit: str, path: str, cache: str) -> None:
        """Bring one file into the cache, in the way that the Hub client has for large ones."""
        from huggingface_hub import hf_hub_download

        _ask(
            lambda: hf_hub_download(
                repo_id, path, repo_type="kernel", revision=commit, cache_dir=cache, **self._identity
            ),
            trouble_attempts=_CONNECTION_ATTEMPTS,  # the client itself tries again, and waits for long
        )

    def _json(self, path: str, take: Callable[[Any], _Answer]) -> _Answer:
        """What is taken from the document at an address below that of the API.

        The client's own functions do the same; to import them all costs more than the request.
        """
        return self._get(f"{self.endpoint}/api/{path}", lambda answer: take(answer.json()))

    def _list(self, path: str, take: Callable[[Any], _Answer]) -> list[_Answer]:
        """What is taken from the entries of all pages of a list.

        The client's own functions for lists ask again by rules that differ from version to version, for up to a minute
        where there is no network at all.
        """
        taken: list[_Answer] = []
        url = f"{self.endpoint}/api/kernels/{path}"
        for _ in range(_PAGES):
            page, following = self._get(url, partial(_take_page, take))
            taken += page
            if not following:
                return taken
            if not following.startswith(f"{self.endpoint}/"):  # nobody else gets to see the user's token
                break
            url = following
        message = f"the list at {self.endpoint}/api/kernels/{path} goes on at {following}, which is not followed"
        raise IntegrityError(message)

    def _get(self, url: str, take: Callable[[Any], _Answer]) -> _Answer:
        """What is taken from the answer at an address; an answer from which it cannot be taken is a failure too."""
        from huggingface_hub import get_session
        from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # as above

        def get() -> _Answer:
            response = get_session().get(url, headers=self._headers, follow_redirects=True)
            hf_raise_for_status(response)
            return take(response)

        return _ask(get)


def _take_page(take: Callable[[Any], _Answer], answer: Any) -> tuple[list[_Answer], str | None]:
    """What is taken from the entries of a page, and the address of the next page."""
    entries = answer.json()
    if not isinstance(entries, list):
        message = "a list was expected"
        raise TypeError(message)
    return [*map(take, entries)], answer.links.get("next", {}).get("url")


def is_missing(error: BaseException) -> bool:
    """Whether an error of the client says that the Hub does not have what was asked for."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in (401, 403, 404)
    return isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError)


def _hub_file(entry: Mapping[str, Any]) -> HubFile | None:
    """A file as the Hub describes it; its path and its hash become names in the cache, so they are looked at.

    Returns:
        `None` for what is no file, and for a file outside of the builds with a path that cannot be used.
    """
    if entry["type"] != "file":
        return None
    path, lfs = entry["path"], entry.get("lfs")
    path.encode()
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or any(sign in path for sign in '\\:*?"<>|\0'):
        if parts[0] != "build":
            return None
        message = f"a repository has a build with the file {path!r}, whose name could lead out of its folder"
        raise IntegrityError(message)
    return HubFile(path, int(entry["size"]), _checked_hash(lfs["oid"] if lfs else entry["oid"]), bool(lfs))


def _checked_hash(value: object) -> str:
    if isinstance(value, str) and COMMIT.fullmatch(value):
        return value
    message = f"the Hub gives {value!r} for a hash"
    raise IntegrityError(message)


def _ask(question: Callable[[], _Answer], trouble_attempts: int = _ATTEMPTS) -> _Answer:
    """Ask until there is an answer, or no hope for one.

    Args:
        question: asks once.
        trouble_attempts: how often to ask where the Hub says that it has trouble.

    Raises:
        HubUnreachableError: when the Hub cannot be reached or cannot serve.
        OSError: the client's own errors, when the Hub does not have or does not show what was asked for.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return question()
        except Exception as error:  # noqa: PERF203 - each turn of the loop waits for a network
            attempts, wait = _prospects(error, attempt, trouble_attempts)
            if attempts == 0:
                raise
            if attempt >= attempts or wait > _LONGEST_WAIT:
                answered = isinstance(error, _NO_ANSWERS)
                words = "gives an answer that cannot be used" if answered else "cannot be reached"
                message = f"the Hub {words}: {_last_line(error)}"
                raise HubUnreachableError(message) from error
            level = logging.WARNING if wait > _LONG_WAIT else logging.INFO
            _LOGGER.log(level, "the Hub did not answer (%s); asking again in %.1f seconds", _last_line(error), wait)
            time.sleep(wait)
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _prospects(error: Exception, attempt: int, trouble_attempts: int) -> tuple[int, float]:
    """How many attempts a failure deserves in all, and how many seconds to wait; 0 attempts: it is the answer."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    backoff = _BACKOFF * 2 ** (attempt - 1)
    if isinstance(error, OfflineModeIsEnabled):
        return 1, 0.0
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # a download that failed; this is why
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status == _TOO_MANY_REQUESTS:
            return _ATTEMPTS, _retry_after(error.response.headers.get("Retry-After"), backoff)
        return (trouble_attempts, backoff) if status in _SERVER_ERRORS else (0, 0.0)
    # The client's HTTP library differs from version to version; its base error is also that of the client's errors.
    http_error = HfHubHTTPError.__bases__[0]
    if isinstance(error, (http_error, LocalEntryNotFoundError, ConnectionError, TimeoutError, *_NO_ANSWERS)):
        return _CONNECTION_ATTEMPTS, backoff
    return 0, 0.0


def _retry_after(value: str | None, otherwise: float) -> float:
    """The seconds of a `Retry-After` header, which is a number or a date (RFC 9110, section 10.2.3)."""
    if not value:
        return otherwise
    if value.strip().isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return otherwise


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
