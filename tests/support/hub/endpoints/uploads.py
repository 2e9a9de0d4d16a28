"""Endpoints that put commits, after the questions that come before one."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from support.hub.protocol import Call, HubError, Response, json_response
from support.hub.routing import route
from support.hub.store import Blob, Commit, Repository

__all__: list[str] = []

_MOST_FILES = 256
_LARGE = 10 * 1024 * 1024


def _target(call: Call) -> Repository:
    """The repository; whoever can read it may open a pull request."""
    if call.flag("create_pr"):
        call.need_user()
        return call.repository()
    return call.writable()


def _lfs_patterns(commit: Commit) -> list[str]:
    """The names that `.gitattributes` gives to LFS."""
    blob = commit.files.get(".gitattributes")
    lines = [line.split() for line in blob.content.decode().splitlines()] if blob else []
    return [words[0] for words in lines if "filter=lfs" in words]


def _ignored(commit: Commit, sent: str | None) -> list[str]:
    """The names that the sender's `.gitignore` has, or else that of the repository."""
    blob = commit.files.get(".gitignore")
    text = sent if sent is not None else blob.content.decode() if blob else ""
    return text.split()


def _is_named(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path.rpartition("/")[2], pattern) for pattern in patterns)


@route("POST", "/api/{type}/{repo}/preupload/{revision}")
def preupload(call: Call) -> Response:
    """For each file: whether it goes by LFS, and what the Hub has in its place."""
    commit = call.commit(_target(call))
    document = call.json()
    files = document["files"]
    if len(files) > _MOST_FILES:
        raise HubError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MOST_FILES} files in a request")
    patterns = _lfs_patterns(commit)
    ignored = _ignored(commit, document.get("gitIgnore"))

    def answer(file: dict[str, Any]) -> dict[str, Any]:
        path = file["path"]
        lfs = _is_named(path, patterns) or file["size"] > _LARGE or b"\0" in base64.b64decode(file["sample"])
        known = {"oid": commit.files[path].etag} if path in commit.files else {}
        return {
            "path": path,
            "uploadMode": "lfs" if lfs else "regular",
            "shouldIgnore": _is_named(path, ignored),
            **known,
        }

    return json_response({"commitOid": commit.id, "files": [answer(file) for file in files]})


@dataclass(slots=True)
class _Change:
    """What the lines of a commit say."""

    header: dict[str, str] = field(default_factory=dict)
    files: dict[str, Blob] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)


def _lines(body: bytes) -> Iterator[tuple[str, Any]]:
    for line in body.splitlines():
        document = json.loads(line)
        yield document["key"], document["value"]


def _change(call: Call, base: Commit) -> _Change:
    """Read the lines of a commit: `header`, `file`, `lfsFile`, `deletedFile` and `deletedFolder`."""
    change = _Change()
    for key, value in _lines(call.request.body):
        if key == "header":
            change.header = value
            continue
        path = _checked(value["path"])
        if key == "file":
            change.files[path] = Blob.of(base64.b64decode(value["content"]), lfs=False)
        elif key == "lfsFile":
            change.files[path] = _uploaded(call, path, value)
        elif key == "deletedFile" and path not in base.files:
            raise HubError(HTTPStatus.NOT_FOUND, f"A file with this name doesn't exist: {path}", "EntryNotFound")
        elif key in {"deletedFile", "deletedFolder"}:
            change.delete.append(path + "/" * (key == "deletedFolder"))
        else:
            raise HubError(HTTPStatus.BAD_REQUEST, f"Unknown operation: {key}")
    return change


def _checked(path: str) -> str:
    path = path.rstrip("/")
    if {"", ".", "..", ".git"} & set(path.split("/")):
        raise HubError(HTTPStatus.BAD_REQUEST, f"Invalid path: {path}")
    return path


def _uploaded(call: Call, path: str, value: dict[str, Any]) -> Blob:
    """The LFS file that was uploaded before the commit."""
    content = call.store.object(value["oid"], value["size"])
    if content is None:
        raise HubError(HTTPStatus.BAD_REQUEST, f"The LFS file {path} was not uploaded: {value['oid']}")
    return Blob.of(content, lfs=True)


def _ref(call: Call, repository: Repository) -> str:
    """The ref that the commit goes to: a branch, a pull request, or a new pull request."""
    if call.flag("create_pr"):
        return f"refs/pr/{1 + sum(ref.startswith('refs/pr/') for ref in repository.refs)}"
    ref = repository.find_ref(call.arguments["revision"])
    if ref is None or ref.startswith("refs/tags/"):
        raise HubError(HTTPStatus.BAD_REQUEST, f"Not a branch: {call.arguments['revision']}")
    return ref


@route("POST", "/api/{type}/{repo}/commit/{revision}")
def commit(call: Call) -> Response:
    """Put a commit, or none if the branch is no longer where the sender thinks it is."""
    repository = _target(call)
    base = call.commit(repository)
    change = _change(call, base)
    if not base.id.startswith(change.header.get("parentCommit", "")):
        raise HubError(HTTPStatus.PRECONDITION_FAILED, "A commit has happened since. Please refresh and try again.")
    ref = _ref(call, repository)
    made = repository.commit(
        ref,
        change.files,
        delete=change.delete,
        title=change.header["summary"],
        description=change.header.get("description", ""),
        parent=base,
    )
    url = call.store.web_url(repository)
    document = {"success": True, "commitOid": made.id, "commitUrl": f"{url}/commit/{made.id}", "hookOutput": ""}
    if call.flag("create_pr"):
        document["pullRequestUrl"] = f"{url}/discussions/{ref.removeprefix('refs/pr/')}"
    return json_response(document)


@route("POST", "/api/validate-yaml")
def validate_yaml(call: Call) -> Response:
    """Look at the metadata of a card: it is missing, or it does not end, or it is taken as good."""
    content = call.json()["content"]
    if not content.startswith("---\n"):
        warning = {"message": "empty or missing yaml metadata in repo card"}
        return json_response({"errors": [], "warnings": [warning]})
    if "\n---\n" not in content + "\n":
        error = {"message": "the yaml metadata has no end"}
        return json_response({"errors": [error], "warnings": []}, status=HTTPStatus.BAD_REQUEST)
    return json_response({"errors": [], "warnings": []})
