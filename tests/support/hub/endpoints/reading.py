"""Endpoints that read a repository: its facts, refs, commits, files and their content."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

from support.hub.git import lfs_pointer
from support.hub.protocol import Call, HubError, Response, json_response
from support.hub.routing import route
from support.hub.store import Blob, Commit, Repository, Store

__all__: list[str] = []

_EXPANDED_PAGE = 50


def _info(call: Call, repository: Repository, commit: Commit) -> dict[str, Any]:
    document = {
        "id": repository.id,
        "author": repository.owner,
        "sha": commit.id,
        "lastModified": commit.date,
        "private": repository.private,
        "gated": "auto" if repository.gated else False,
        "downloads": 0,
        "likes": 0,
    }
    if repository.type == "kernel":
        document["trustedKernelPublisher"] = call.store.accounts[repository.owner].trusted
    return document


@route("GET", "/api/{type}")
def list_repositories(call: Call) -> Response:
    """All public repositories of a type."""
    found = [known for (kind, _), known in sorted(call.store.repositories.items()) if kind == call.type]
    public = [known for known in found if not known.private]
    return json_response([_info(call, known, known.find("main") or known.root) for known in public])


@route("GET", "/api/{type}/{repo}", "/api/{type}/{repo}/revision/{revision}")
def info(call: Call) -> Response:
    """The facts of a repository at a revision; without `siblings`, on which client 1.10 stumbles for kernels."""
    repository = call.repository()
    return json_response(_info(call, repository, call.commit(repository)))


@route("GET", "/api/{type}/{repo}/refs")
def refs(call: Call) -> Response:
    """Branches, tags and, when asked for, pull requests."""
    repository = call.repository()

    def below(prefix: str) -> list[dict[str, str]]:
        return [
            {"name": ref.removeprefix(prefix), "ref": ref, "targetCommit": commit}
            for ref, commit in repository.refs.items()
            if ref.startswith(prefix)
        ]

    document = {"branches": below("refs/heads/"), "tags": below("refs/tags/"), "converts": []}
    if call.flag("include_prs"):
        document["pullRequests"] = below("refs/pr/")
    return json_response(document)


def _page(call: Call, entries: Sequence[Any], size: int) -> tuple[Sequence[Any], dict[str, str]]:
    """One page of entries and the header that leads to the next."""
    start = int(call.request.query.get("cursor", "0"))
    if start + size >= len(entries):
        return entries[start:], {}
    query = urlencode({**call.request.query, "cursor": start + size})
    return entries[start : start + size], {"Link": f'<{call.store.endpoint}{call.request.path}?{query}>; rel="next"'}


@route("GET", "/api/{type}/{repo}/commits/{revision}")
def commits(call: Call) -> Response:
    """The history of a revision, newest first."""
    repository = call.repository()
    history = list(repository.history(call.commit(repository)))
    page, headers = _page(call, history, call.store.page_size)
    documents = [
        {
            "id": commit.id,
            "title": commit.title,
            "message": commit.description,
            "authors": [{"user": repository.owner}],
            "date": commit.date,
        }
        for commit in page
    ]
    return json_response(documents, headers=headers)


def _last_change(repository: Repository, commit: Commit, path: str) -> dict[str, str]:
    """The newest commit that made a file or folder what it is."""

    def oid(at: Commit) -> str | None:
        return at.files[path].oid if path in at.files else at.folders.get(path)

    last = commit
    for earlier in repository.history(commit):
        if oid(earlier) != oid(commit):
            break
        last = earlier
    return {"id": last.id, "title": last.title, "date": last.date}


def _entry(store: Store, repository: Repository, commit: Commit, path: str, *, expand: bool) -> dict[str, Any]:
    """A file or a folder as the listings show it."""
    more: dict[str, Any] = {"lastCommit": _last_change(repository, commit, path)} if expand else {}
    if path not in commit.files:
        return {"type": "directory", "oid": commit.folders[path], "size": 0, "path": path, **more}
    blob = commit.files[path]
    document = {"type": "file", "oid": blob.oid, "size": len(blob.content), "path": path, **more}
    if blob.lfs:
        size = len(blob.content)
        document["lfs"] = {"oid": blob.sha256, "size": size, "pointerSize": len(lfs_pointer(blob.sha256, size))}
    if xet_hash := store.xet_hash(blob):
        document["xetHash"] = xet_hash
    return document


@route("GET", "/api/{type}/{repo}/tree/{revision}", "/api/{type}/{repo}/tree/{revision}/{path}")
def tree(call: Call) -> Response:
    """Files and folders below a path, all the way down with `recursive`, in pages."""
    repository = call.repository()
    commit = call.commit(repository)
    folder = call.arguments.get("path", "").strip("/")
    if folder not in commit.folders:
        raise _no_entry(folder, commit)
    prefix = f"{folder}/" if folder else ""
    below = sorted(path for path in [*commit.files, *commit.folders] if path.startswith(prefix) and path != folder)
    if not call.flag("recursive"):
        below = [path for path in below if "/" not in path[len(prefix) :]]
    expand = call.flag("expand")
    page, headers = _page(call, below, min(_EXPANDED_PAGE, call.store.page_size) if expand else call.store.page_size)
    return json_response(
        [_entry(call.store, repository, commit, path, expand=expand) for path in page], headers=headers
    )


@route("POST", "/api/{type}/{repo}/paths-info/{revision}")
def paths_info(call: Call) -> Response:
    """Those of some files and folders that exist."""
    repository = call.repository()
    commit = call.commit(repository)
    form = parse_qs(call.request.body.decode())
    expand = form.get("expand", [""])[0].lower() == "true"
    known = [path for path in form.get("paths", []) if path and (path in commit.files or path in commit.folders)]
    return json_response([_entry(call.store, repository, commit, path, expand=expand) for path in known])


@route("GET", "/{type/}{repo}/resolve/{revision}/{path}")
def resolve(call: Call) -> Response:
    """The content of a file, whole or a range."""
    repository = call.repository()
    if repository.gated and not call.may_write(repository.owner):
        message = "Access to this repository is restricted. You must be authenticated and on the list to access it."
        status = HTTPStatus.FORBIDDEN if call.user else HTTPStatus.UNAUTHORIZED
        raise HubError(status, message, "GatedRepo")
    commit = call.commit(repository)
    path = call.arguments["path"]
    if path not in commit.files:
        raise _no_entry(path, commit)
    blob = commit.files[path]
    headers = {"X-Repo-Commit": commit.id, "ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
    if blob.lfs:
        headers |= {"X-Linked-Etag": f'"{blob.etag}"', "X-Linked-Size": str(len(blob.content))}
    if xet_hash := call.store.xet_hash(blob):
        token_url = f"{call.store.endpoint}/api/{repository.type}s/{repository.id}/xet-read-token/{commit.id}"
        headers |= {"X-Xet-Hash": xet_hash, "X-Xet-Refresh-Route": token_url}
    return _content(call, blob, {"Content-Type": "application/octet-stream", **headers})


def _no_entry(path: str, commit: Commit) -> HubError:
    return HubError(HTTPStatus.NOT_FOUND, f"Entry not found: {path}", "EntryNotFound", {"X-Repo-Commit": commit.id})


def _content(call: Call, blob: Blob, headers: dict[str, str]) -> Response:
    """A file, or the part of it that `Range` asks for: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", call.request.headers.get("range", ""))
    if match is None or not any(match.groups()):
        return Response(HTTPStatus.OK, headers, blob.content)
    size = len(blob.content)
    first, last = match.groups()
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        return Response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(HTTPStatus.PARTIAL_CONTENT, headers, blob.content[start:stop])
