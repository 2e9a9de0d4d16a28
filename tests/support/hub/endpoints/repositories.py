"""Endpoints that make and remove repositories, branches and tags."""

from http import HTTPStatus

from support.hub.protocol import Call, HubError, Response, json_response
from support.hub.routing import route

__all__: list[str] = []


@route("POST", "/api/repos/create")
def create(call: Call) -> Response:
    """Make a repository below the sender's name or an organization that may have it."""
    user, document = call.need_user(), call.json()
    owner = document.get("organization") or user.name
    repo_type, repo_id = document.get("type") or "model", f"{owner}/{document['name']}"
    account = call.store.account(owner)
    if not call.may_write(owner):
        raise HubError(HTTPStatus.FORBIDDEN, f"You don't have the rights to create a {repo_type} under {owner}")
    if repo_type == "kernel" and not account.may_publish_kernels:
        raise HubError(HTTPStatus.FORBIDDEN, f"{owner} is not allowed to publish kernels")
    known = call.store.repositories.get((repo_type, repo_id))
    if known is not None:
        url = call.store.web_url(known)
        return json_response({"error": f"You already created this {repo_type} repo", "url": url}, status=409)
    private = document.get("visibility") == "private" or bool(document.get("private"))
    made = call.store.create(repo_id, repo_type, private=private)
    return json_response({"url": call.store.web_url(made), "name": repo_id})


@route("DELETE", "/api/repos/delete")
def delete(call: Call) -> Response:
    """Remove a repository."""
    user, document = call.need_user(), call.json()
    owner = document.get("organization") or user.name
    key = document.get("type") or "model", f"{owner}/{document['name']}"
    if key not in call.store.repositories:
        raise call.no_repository()
    if not call.may_write(owner):
        raise HubError(HTTPStatus.FORBIDDEN, "You do not have write access to this repository")
    del call.store.repositories[key]
    return json_response({})


def _conflict(what: str) -> HubError:
    return HubError(HTTPStatus.CONFLICT, f"Reference already exists: {what}")


@route("POST", "/api/{type}/{repo}/branch/{branch}")
def create_branch(call: Call) -> Response:
    """Make a branch at `startingPoint`, by default at `main`."""
    repository, name = call.writable(), call.arguments["branch"]
    if f"refs/heads/{name}" in repository.refs:
        raise _conflict(name)
    start = call.json().get("startingPoint") or "main"
    commit = repository.find(start)
    if commit is None:
        raise HubError(HTTPStatus.NOT_FOUND, f"Invalid rev id: {start}", "RevisionNotFound")
    repository.refs[f"refs/heads/{name}"] = commit.id
    return json_response({})


@route("POST", "/api/{type}/{repo}/tag/{revision}")
def create_tag(call: Call) -> Response:
    """Make a tag at a revision."""
    repository, name = call.writable(), call.json()["tag"]
    if f"refs/tags/{name}" in repository.refs:
        raise _conflict(name)
    repository.refs[f"refs/tags/{name}"] = call.commit(repository).id
    return json_response({})


def _remove(call: Call, ref: str) -> Response:
    if call.writable().refs.pop(ref, None) is None:
        raise HubError(HTTPStatus.NOT_FOUND, f"Reference does not exist: {ref}", "RevisionNotFound")
    return json_response({})


@route("DELETE", "/api/{type}/{repo}/branch/{branch}")
def delete_branch(call: Call) -> Response:
    """Remove a branch, but not `main`."""
    if call.arguments["branch"] == "main":
        raise HubError(HTTPStatus.FORBIDDEN, "The default branch cannot be deleted")
    return _remove(call, f"refs/heads/{call.arguments['branch']}")


@route("DELETE", "/api/{type}/{repo}/tag/{tag}")
def delete_tag(call: Call) -> Response:
    """Remove a tag."""
    return _remove(call, f"refs/tags/{call.arguments['tag']}")
