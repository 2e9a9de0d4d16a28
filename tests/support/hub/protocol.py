"""The words between the parts of the server: what came in, what goes out, and what is remembered of both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from support.hub.store import Account, Commit, Repository, Store

__all__ = ["Call", "Delivery", "HubError", "Record", "Request", "Response", "json_response"]

_PLURAL = {"models": "model", "datasets": "dataset", "spaces": "space", "kernels": "kernel"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is as sent (quoted, without the query), header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `Content-Length` follows from the body."""

    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer travels.

    `response` is None where the connection closes without a word; `cut` is the number of body bytes after which it
    closes; `rate` is in bytes of body per second.
    """

    response: Response | None
    cut: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of a request.

    `path` is unquoted; `status` is 0 where no answer was given; `received` and `sent` count the bytes of the bodies.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    status: int
    received: int
    sent: int

    @property
    def user_agent(self) -> str:
        """What the client says it is."""
        return self.headers.get("user-agent", "")


class HubError(Exception):
    """An answer that is an error, in the form that clients map to their exceptions."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, dict(headers or {})

    def response(self) -> Response:
        """The error as an answer: the message in header and body, the code in `X-Error-Code`."""
        headers = {"X-Error-Message": self.message.encode("ascii", "replace").decode(), **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return json_response({"error": self.message}, status=self.status, headers=headers)


def json_response(document: Any, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """A document as an answer."""
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(document).encode())


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has found its route: `arguments` are the unquoted parts of the path that the route names."""

    store: Store
    request: Request
    arguments: Mapping[str, str]

    @property
    def type(self) -> str:
        """The type of the repository that the path names."""
        return _PLURAL[self.arguments["type"] or "models"]

    @property
    def user(self) -> Account | None:
        """Who sends the request, by token."""
        token = self.request.headers.get("authorization", "").removeprefix("Bearer ")
        users = (account for account in self.store.accounts.values() if account.kind == "user")
        return next((account for account in users if account.token == token), None)

    def need_user(self) -> Account:
        """Who sends the request; 401 without a token that is known."""
        if self.user is None:
            raise HubError(HTTPStatus.UNAUTHORIZED, "Invalid username or password.")
        return self.user

    def may_write(self, owner: str) -> bool:
        """Whether the sender may write below this owner: users below their own name and below organizations."""
        account = self.store.accounts.get(owner)
        return self.user is not None and (self.user is account or (account is not None and account.kind == "org"))

    def repository(self) -> Repository:
        """The repository that the path names; an error as on the Hub if there is none that the sender may see."""
        found = self.store.repositories.get((self.type, self.arguments["repo"]))
        if found is None or (found.private and not self.may_write(found.owner)):
            raise self.no_repository()
        return found

    def no_repository(self) -> HubError:
        """The Hub does not tell strangers whether a repository exists."""
        if self.user is None:
            return HubError(HTTPStatus.UNAUTHORIZED, "Invalid username or password.", "RepoNotFound")
        return HubError(HTTPStatus.NOT_FOUND, "Repository not found", "RepoNotFound")

    def writable(self) -> Repository:
        """As `repository`, for somebody who may change it."""
        self.need_user()
        found = self.repository()
        if not self.may_write(found.owner):
            raise HubError(HTTPStatus.FORBIDDEN, "You do not have write access to this repository")
        return found

    def commit(self, repository: Repository) -> Commit:
        """The commit that the path names as `revision`, by default `main`."""
        revision = self.arguments.get("revision", "main")
        found = repository.find(revision)
        if found is None:
            raise HubError(HTTPStatus.NOT_FOUND, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    def json(self) -> Any:
        """The body as a JSON document."""
        return json.loads(self.request.body or b"{}")

    def flag(self, name: str) -> bool:
        """Whether the query says yes to a name."""
        return self.request.query.get(name, "").lower() in {"1", "true"}
