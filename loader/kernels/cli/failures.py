"""The exit statuses of the command, and what it says of a failure."""

from kernels.errors import (
    BackendError,
    BenchmarkFailedError,
    BenchmarkNotFoundError,
    BenchmarkScriptError,
    EnvironmentVariableError,
    HubUnreachableError,
    IntegrityError,
    KernelDependencyError,
    KernelIdError,
    KernelNotFoundError,
    LockError,
    LockNotFoundError,
    MetadataError,
    MissingDependencyError,
    NotCachedError,
    NotLockedError,
    NoVariantError,
    PublisherPolicyError,
    RedirectError,
    RequestError,
    SignatureError,
    TrustRootError,
    UnknownDependencyError,
    UnsupportedArchError,
    UnsupportedKernelError,
    UntrustedKernelError,
    VersionNotFoundError,
)

__all__ = ["CLOSED_PIPE", "FAILURES", "INTERRUPTED", "describe_statuses", "exit_status", "explain"]

#: What a shell reports of a program that SIGINT, or SIGPIPE, has ended.
INTERRUPTED = 130
CLOSED_PIPE = 141

_OTHER = 1
_NOT_FOUND = 3

#: The HTTP statuses that mean that something is not there, or not for this person.
_HIDDEN = (401, 403, 404)

#: Exit status → what has happened, and the errors that mean it.
FAILURES: dict[int, tuple[str, tuple[type[Exception], ...]]] = {
    2: ("wrong usage", (RequestError, EnvironmentVariableError, BackendError)),
    _NOT_FOUND: (
        "no such repository, version, revision, folder or benchmark",
        (KernelNotFoundError, VersionNotFoundError, RedirectError, BenchmarkNotFoundError),
    ),
    4: (
        "the kernel has no build that runs here",
        (NoVariantError, UnsupportedKernelError, UnsupportedArchError),
    ),
    5: ("the publisher is not trusted", (UntrustedKernelError,)),
    6: (
        "a kernel is not what was published, locked or signed, or is malformed",
        (IntegrityError, SignatureError, MetadataError, KernelIdError, KernelDependencyError),
    ),
    7: ("the Hub is out of reach, and the cache does not help", (HubUnreachableError, NotCachedError)),
    8: ("the lock, or what it is made from, cannot be used", (LockError, LockNotFoundError, NotLockedError)),
    9: (
        "a Python package, a publisher policy or a trust root is missing or cannot be used",
        (MissingDependencyError, UnknownDependencyError, PublisherPolicyError, TrustRootError, ImportError),
    ),
    10: ("a benchmark script cannot be used", (BenchmarkScriptError,)),
    11: ("a benchmark script raised an exception", (BenchmarkFailedError,)),
}


def describe_statuses() -> str:
    """The exit statuses, for the help."""
    lines = {
        0: "done, and all is well",
        _OTHER: "what was checked is not well, or something else went wrong",
        **{status: text for status, (text, _) in FAILURES.items()},
        INTERRUPTED: "interrupted",
    }
    return "\n".join(["exit status:", *(f"  {status:>3}  {text}" for status, text in lines.items())])


def exit_status(error: BaseException) -> int:
    """The exit status that stands for an error."""
    if _http_status(error) in _HIDDEN:
        return _NOT_FOUND
    return next((status for status, (_, errors) in FAILURES.items() if isinstance(error, errors)), _OTHER)


def explain(error: BaseException, what: str | None = None) -> str:
    """An error in words; those of the Hub's client, which have paragraphs about addresses, in one sentence.

    Args:
        error: the error.
        what: the repository or folder that the command is about.
    """
    status = _http_status(error)
    if status is None:
        return str(error) or type(error).__name__
    kernel = f"the kernel {what}" if what else "that kernel"
    headers = error.response.headers  # type: ignore[attr-defined]
    reason = headers.get("X-Error-Code")
    if reason == "GatedRepo":
        return f"{kernel} is gated: ask for access to it on the Hub, and log in with `hf auth login`"
    if reason == "RevisionNotFound":
        return f"{kernel} has no such branch, tag or commit"
    if status in _HIDDEN:
        advice = "check the name, and log in with `hf auth login` if it is private"
        return f"the Hub does not have {kernel}, or does not show it: {advice}"
    message = headers.get("X-Error-Message", "no reason given")
    return f"the Hub refused a request about {kernel} with the HTTP status {status}: {message}"


def _http_status(error: BaseException) -> int | None:
    """The status of the Hub's answer, where an error of its client has one; told without importing the client."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
