"""From a method and a path to the function that answers."""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from support.hub.protocol import Call, HubError, Request, Response
from support.hub.store import Store

__all__ = ["answer", "route"]

_Route = Callable[[Call], Response]
_ROUTES: list[tuple[str, re.Pattern[str], _Route]] = []
_PARTS = {
    "{type}": "(?P<type>models|datasets|spaces|kernels)",
    "{type/}": "(?:(?P<type>datasets|spaces|kernels)/)?",
    "{repo}": "(?P<repo>[^/]+/[^/]+)",
    "{path}": "(?P<path>.+)",
}


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    named = (_PARTS.get(part, f"(?P<{part[1:-1]}>[^/]+)") if part[:1] == "{" else re.escape(part) for part in parts)
    return re.compile("".join(named))


def route(method: str, *templates: str) -> Callable[[_Route], _Route]:
    """Say which requests a function answers; `GET` answers `HEAD` too.

    A template is a quoted path with names in braces: `{path}` is any rest, `{repo}` is `owner/name`, `{type}` is the
    plural of a repository type, `{type/}` is the same with its slash and absent for models, others are one segment.
    """

    def add(function: _Route) -> _Route:
        _ROUTES.extend((method, _pattern(template), function) for template in templates)
        return function

    return add


def answer(store: Store, request: Request) -> Response:
    """Answer a request, with errors as answers."""
    method = "GET" if request.method == "HEAD" else request.method
    for known, pattern, function in _ROUTES:
        match = pattern.fullmatch(request.path) if known == method else None
        if match:
            arguments = {name: unquote(value or "") for name, value in match.groupdict().items()}
            try:
                with store.lock:
                    return function(Call(store, request, arguments))
            except HubError as error:
                return error.response()
    return HubError(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.").response()
