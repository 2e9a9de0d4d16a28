"""Endpoints about users and organizations."""

from http import HTTPStatus
from typing import Any

from support.hub.protocol import Call, HubError, Response, json_response
from support.hub.routing import route

__all__: list[str] = []


@route("GET", "/api/whoami-v2")
def whoami(call: Call) -> Response:
    """Who the token belongs to and the organizations they can write to."""
    user = call.need_user()
    organizations = [account for account in call.store.accounts.values() if account.kind == "org"]
    return json_response(
        {
            "type": "user",
            "name": user.name,
            "fullname": user.name,
            "orgs": [{"type": "org", "name": org.name, "roleInOrg": "write"} for org in organizations],
            "auth": {"type": "access_token", "accessToken": {"displayName": "tests", "role": "write"}},
        }
    )


def _overview(call: Call, kind: str) -> dict[str, Any]:
    account = call.store.accounts.get(call.arguments["name"])
    if account is None or account.kind != kind:
        raise HubError(HTTPStatus.NOT_FOUND, f"This {'organization' if kind == 'org' else 'user'} does not exist")
    return {"fullname": account.name, "avatarUrl": "", "isFollowing": False, "trustedKernelPublisher": account.trusted}


@route("GET", "/api/organizations/{name}/overview")
def organization(call: Call) -> Response:
    """An organization, with whether its kernels are trusted; a user account is not found here."""
    return json_response({"name": call.arguments["name"], **_overview(call, "org")})


@route("GET", "/api/users/{name}/overview")
def user(call: Call) -> Response:
    """A user account; an organization is not found here."""
    return json_response({"user": call.arguments["name"], "isPro": False, "type": "user", **_overview(call, "user")})
