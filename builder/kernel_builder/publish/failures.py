"""What the Hub and the network answer when something is wrong, as sentences that a person can act on.

No sentence holds an address that was asked, a header or a token: only the status and the Hub's own words, without
anything in them that looks like a token.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

from kernel_builder.errors import PublishError

__all__ = ["ATTEMPTS", "Attempted", "as_sentence", "is_moved", "patiently", "seconds_to_wait", "status_of", "wait"]

#: How often a request is made in all before its failure is final.
ATTEMPTS = 5
#: Seconds before the second attempt; they double with each one.
_FIRST_WAIT = 1.0
#: Whoever is told to come back after more than these seconds does it by hand.
_LONGEST_WAIT = 60.0
_AGAIN = "Run the same command again later: it sends only what is missing, and nothing twice."
_TRANSIENT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_SECRET = re.compile(
    r"\b(?:hf|api_org)_\w+|(?<=://)[^/@\s]+@|(?<=[?&])[\w-]*(?:signature|token|credential)[\w-]*=[^&\s]+", re.IGNORECASE
)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What was asked of the Hub.

    Attributes:
        what: as it follows "could not", such as `"create the repository org/name"`.
        repo_id: the repository, `owner/name`.
        repo_type: `"kernel"` or `"model"`.
        endpoint: the address of the Hub, without secrets.
        is_creation: whether a repository was to be made.
        forbidden_hint: what to do when it is forbidden; by default what is to be done about a token.
    """

    what: str
    repo_id: str
    repo_type: str
    endpoint: str
    is_creation: bool = False
    forbidden_hint: str = ""


def wait(seconds: float) -> None:
    """Let some time pass before something is asked again: the one place that does, so that a test can shorten it."""
    time.sleep(seconds)


def patiently(call: Callable[[], _Answer]) -> _Answer:
    """The answer of a request that can be made twice, after a few attempts where the Hub or the network has trouble.

    Raises:
        Exception: the error of the client, when it is an answer or there were enough attempts.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except Exception as error:
            seconds = seconds_to_wait(error, attempt)
            if seconds is None:
                raise
        wait(seconds)
    return call()


def seconds_to_wait(error: Exception, attempt: int) -> float | None:
    """When to ask again after an error of the client; `None` when the same question would get the same answer.

    Args:
        error: what the client raised.
        attempt: how often it was asked, 1 for the first time.
    """
    status, backoff = status_of(error), _FIRST_WAIT * 2.0 ** (attempt - 1)
    if status is None:
        return backoff if _is_of_the_network(error) else None
    if status not in _TRANSIENT:
        return None
    told = _retry_after(error)
    if told is None:
        return backoff
    return told if told <= _LONGEST_WAIT else None


def status_of(error: BaseException) -> int | None:
    """The status that the Hub answered with; `None` when there was no answer."""
    from huggingface_hub.errors import HfHubHTTPError

    found = next((one for one in _chain(error) if isinstance(one, HfHubHTTPError)), None)
    return None if found is None else int(found.response.status_code)


def is_moved(error: Exception) -> bool:
    """Whether a commit was refused because the branch is no longer where it was."""
    return status_of(error) == HTTPStatus.PRECONDITION_FAILED


def as_sentence(error: Exception, attempted: Attempted) -> PublishError | None:
    """What to tell a person of an error of the client; `None` for one that is no answer of the Hub or the network."""
    from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

    start = f"could not {attempted.what}: "
    if isinstance(error, ValueError) and "README.md" in str(error):
        return _of_card(error, start)
    status = status_of(error)
    if status is not None:
        reason, hint = _of_status(status, attempted)
        if status == HTTPStatus.TOO_MANY_REQUESTS and (seconds := _retry_after(error)) is not None:
            hint = f"Wait {seconds:.0f} seconds. {hint}"
        words = _words_of(error)
        return PublishError(f"{start}{reason} ({status}{f': {words}' if words else ''})", hint=hint)
    if any(isinstance(one, OfflineModeIsEnabled) for one in _chain(error)):
        return PublishError(
            f"{start}the environment forbids to ask the Hub", hint="Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE."
        )
    if isinstance(error, HFValidationError):
        hint = "A repository is named OWNER/NAME, with letters, digits, `-`, `_` and `.`."
        return PublishError(f"{start}{attempted.repo_id!r} is no name of a repository", hint=hint)
    if _is_of_the_network(error):
        name = type(next(one for one in _chain(error) if _is_connection(one))).__name__
        hint = f"Check the network, the proxy settings and HF_ENDPOINT. {_AGAIN}"
        return PublishError(f"{start}the Hub at {attempted.endpoint} is out of reach ({name})", hint=hint)
    return _of_the_client(error, start)


def _of_card(error: Exception, start: str) -> PublishError:
    """The client asks the Hub about the metadata of a card before the commit, and raises an error of its own."""
    words = " ".join(_clean(str(error).partition("\n")[2]).split())
    message = f"{start}the Hub does not take the metadata at the top of README.md ({words})"
    return PublishError(message, hint="Mend the YAML between the lines `---` of CARD.md, and build again.")


def _of_the_client(error: Exception, start: str) -> PublishError | None:
    """What the client itself makes of answers: it reads JSON, and sends files in threads."""
    import json

    if isinstance(error, json.JSONDecodeError):
        hint = "Check HF_ENDPOINT and the proxy settings: something that is not the Hub has answered."
        return PublishError(f"{start}the answer is none of the Hub's", hint=hint)
    if type(error).__module__.partition(".")[0] in {"builtins", "hf_xet"} and isinstance(
        error, (RuntimeError, OSError)
    ):
        return PublishError(f"{start}{_clean(str(error))}", hint=_AGAIN)
    return None


def _of_status(status: int, attempted: Attempted) -> tuple[str, str]:
    """What a status means here, and what to do."""
    repository = f"{attempted.repo_type} repository {attempted.repo_id}"
    answers = {
        HTTPStatus.UNAUTHORIZED: (
            "the Hub does not know who you are",
            "Log in with `hf auth login`, or set HF_TOKEN to a token that may write; see `kernel-builder doctor`.",
        ),
        HTTPStatus.FORBIDDEN: _of_forbidden(attempted),
        HTTPStatus.NOT_FOUND: (
            f"there is no {repository} that you can see, or no such branch in it",
            "Check --repo-id, --repo-type, --branch, and whose token it is (`hf auth whoami`).",
        ),
        HTTPStatus.CONFLICT: (
            "it conflicts with something that happens there at the same time",
            f"Wait until the other change to {attempted.repo_id} is done. {_AGAIN}",
        ),
        HTTPStatus.PRECONDITION_FAILED: (
            f"others wrote to the branch each of the {ATTEMPTS} times that it was tried",
            f"Nothing of theirs was overwritten. {_AGAIN}",
        ),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
            "the Hub finds it too large for one commit",
            "Upload fewer variants, or keep large files out of the build.",
        ),
        HTTPStatus.TOO_MANY_REQUESTS: ("the Hub wants fewer requests in a while", _AGAIN),
    }
    if status in answers:
        return answers[HTTPStatus(status)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRANSIENT:
        return "the Hub has trouble, and trying again has not helped", _AGAIN
    return "the Hub refuses it", "The words in brackets are the Hub's own; mend what they name."


def _of_forbidden(attempted: Attempted) -> tuple[str, str]:
    owner = attempted.repo_id.partition("/")[0]
    if attempted.is_creation and attempted.repo_type == "kernel":
        hint = (
            f"Whoever owns a kernel repository, a user or an organization, needs the right to create kernels: ask for "
            f"it at {attempted.endpoint}/settings/account, “Request Kernels Creation”. In an organization you need to "
            f"be a member who may write, and the token has to have write permission for {owner}."
        )
        return f"you may not publish kernels as {owner}", hint
    hint = (
        f"Use a token with write permission for {owner} (`hf auth whoami` tells whose it is); or propose the change "
        "with --create-pr."
    )
    return f"you may not write to {attempted.repo_id}", attempted.forbidden_hint or hint


def _words_of(error: BaseException) -> str:
    """What the Hub says of the error, on one line and without secrets."""
    from huggingface_hub.errors import HfHubHTTPError

    found = next(one for one in _chain(error) if isinstance(one, HfHubHTTPError))
    words = found.server_message or found.response.headers.get("X-Error-Message") or ""
    return _clean(" ".join(words.split()))[:300]


def _clean(text: str) -> str:
    from huggingface_hub import get_token

    token = get_token()
    return _SECRET.sub("…", text.replace(token, "…") if token else text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: the client wraps what happens in the threads that send files."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__


def _is_of_the_network(error: BaseException) -> bool:
    return any(_is_connection(one) for one in _chain(error))


def _is_connection(error: BaseException) -> bool:
    """Whether there was no answer; versions of the client differ in the library whose errors these are."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, (HfHubHTTPError, OfflineModeIsEnabled)):
        return False
    return isinstance(error, (HfHubHTTPError.__bases__[0], ConnectionError, TimeoutError))


def _retry_after(error: BaseException) -> float | None:
    """The seconds after which the Hub wants to be asked again.

    `RateLimit` is of draft-ietf-httpapi-ratelimit-headers, as the Hub sends it; `Retry-After` is a number or a date
    (RFC 9110, section 10.2.3).
    """
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined] # it is documented

    headers = next(one for one in _chain(error) if isinstance(one, HfHubHTTPError)).response.headers
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    value = str(headers.get("Retry-After") or "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
