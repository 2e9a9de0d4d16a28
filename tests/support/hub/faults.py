"""What can go wrong between a client and the Hub, one value for each.

A fault is given to `HubServer.fail` with a pattern of requests and a number of times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote

from support.hub.protocol import Delivery, HubError, Request, Response

__all__ = [
    "FORBIDDEN",
    "GATED",
    "NOT_FOUND",
    "SERVER_ERROR",
    "UNAUTHORIZED",
    "Close",
    "Drop",
    "Fault",
    "LostResponse",
    "PlannedFault",
    "Slow",
    "Status",
    "WrongBytes",
    "too_many_requests",
]


class Fault(Protocol):
    """Something that comes between a request and its answer."""

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """What the client gets; `carry_out` does what was asked and gives the answer of a healthy Hub."""


@dataclass(frozen=True, slots=True)
class Close:
    """The connection closes before anything is done."""

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Do nothing."""
        return Delivery(None)


@dataclass(frozen=True, slots=True)
class LostResponse:
    """What was asked is done, then the connection closes without an answer."""

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Do it and say nothing."""
        carry_out()
        return Delivery(None)


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection closes after some bytes of the body, whose length was announced."""

    after: int

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Send the start of the body."""
        return Delivery(carry_out(), cut=self.after)


@dataclass(frozen=True, slots=True)
class Slow:
    """The body comes at a number of bytes per second."""

    rate: float

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Send the body piece by piece."""
        return Delivery(carry_out(), rate=self.rate)


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """One bit of the body is flipped; its length and all headers are right."""

    at: int = 0

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Flip a bit of byte `at`."""
        response = carry_out()
        body = bytearray(response.body)
        if body:
            body[self.at] ^= 1
        return Delivery(Response(response.status, response.headers, bytes(body)))


@dataclass(frozen=True, slots=True)
class Status:
    """An error instead of the answer; nothing is done."""

    status: int
    message: str = "The Hub is not well"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Answer with the error."""
        return Delivery(HubError(self.status, self.message, self.code, self.headers).response())


UNAUTHORIZED = Status(HTTPStatus.UNAUTHORIZED, "Invalid username or password.", "RepoNotFound")
FORBIDDEN = Status(HTTPStatus.FORBIDDEN, "Forbidden")
GATED = Status(HTTPStatus.FORBIDDEN, "Access to this repository is restricted.", "GatedRepo")
NOT_FOUND = Status(HTTPStatus.NOT_FOUND, "Repository not found", "RepoNotFound")
SERVER_ERROR = Status(HTTPStatus.INTERNAL_SERVER_ERROR)


def too_many_requests(retry_after: int) -> Status:
    """429, with the number of seconds after which the client may come back."""
    return Status(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", headers={"Retry-After": str(retry_after)})


@dataclass(slots=True)
class PlannedFault:
    """A fault that waits for requests of a pattern, a number of times."""

    pattern: str
    fault: Fault
    times: int

    def matches(self, request: Request) -> bool:
        """Whether the fault hits this request."""
        return self.times > 0 and fnmatchcase(f"{request.method} {unquote(request.path)}", self.pattern)
