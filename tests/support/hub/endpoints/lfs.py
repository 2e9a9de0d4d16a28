"""Endpoints of LFS (https://github.com/git-lfs/git-lfs/tree/main/docs/api) and the tokens of Xet."""

import hashlib
import time
from http import HTTPStatus
from typing import Any

from support.hub.protocol import Call, HubError, Response, json_response
from support.hub.routing import route

__all__: list[str] = []

_TOKEN_SECONDS = 3600


@route("POST", "/{type/}{repo}.git/info/lfs/objects/batch")
def batch(call: Call) -> Response:
    """Where each object goes; nothing to do for those that are here."""
    call.need_user()
    call.repository()
    objects = [_object(call, wanted["oid"], wanted["size"]) for wanted in call.json()["objects"]]
    return json_response({"transfer": "basic", "objects": objects})


def _object(call: Call, oid: str, size: int) -> dict[str, Any]:
    document: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
    if oid not in call.store.objects:
        where = f"{call.store.endpoint}/lfs/{oid}"
        document["actions"] = {"upload": {"href": where}, "verify": {"href": f"{where}/verify"}}
    return document


@route("PUT", "/lfs/{oid}")
def put(call: Call) -> Response:
    """Take the content of an object, if it is the content that its name says."""
    if hashlib.sha256(call.request.body).hexdigest() != call.arguments["oid"]:
        raise HubError(HTTPStatus.BAD_REQUEST, "The content does not have the sha256 that was announced")
    call.store.add_object(call.request.body)
    return Response(headers={"ETag": f'"{call.arguments["oid"]}"'})


@route("POST", "/lfs/{oid}/verify")
def verify(call: Call) -> Response:
    """Whether an object is here, whole."""
    content = call.store.objects.get(call.arguments["oid"])
    if content is None or len(content) != call.json()["size"]:
        raise HubError(HTTPStatus.NOT_FOUND, "The object was not uploaded")
    return json_response({})


@route("GET", "/api/{type}/{repo}/xet-{access}-token/{revision}")
def xet_token(call: Call) -> Response:
    """Where the Xet client finds the content store, and a token for it."""
    repository = call.repository()
    if call.arguments["access"] == "write":
        call.need_user()
    if call.store.xet is None:
        raise HubError(HTTPStatus.NOT_FOUND, f"Xet is not enabled for {repository.id}")
    url, token, end = call.store.xet.url, "xet-token", int(time.time()) + _TOKEN_SECONDS
    headers = {"X-Xet-Cas-Url": url, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(end)}
    return json_response({"casUrl": url, "accessToken": token, "exp": end}, headers=headers)
