"""Reading a JSON object key by key while collecting everything that is wrong with it."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["OBJECT", "OBJECTS", "TEXT", "TEXTS", "Fields", "Form", "oddity", "show"]

#: How deep objects and lists may lie in each other: far below where Python gives up.
MAX_DEPTH = 64
_WIDTH = 60
_SURROGATE = re.compile("[\ud800-\udfff]")


class Form(NamedTuple):
    """What a value must look like: in words, and as a test."""

    words: str
    fits: Callable[[object], bool]


TEXT = Form("a string", lambda value: isinstance(value, str))
TEXTS = Form("a list of strings", lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value))
OBJECT = Form("an object", lambda value: isinstance(value, dict))
OBJECTS = Form(
    "a list of objects", lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value)
)


class Fields:
    """One object of a document.

    Attributes:
        data: the object.
        problems: one sentence for each key that is wrong; shared by all objects of the document.
        prefix: the keys that lead to the object, each with a dot behind it.
    """

    def __init__(self, data: Mapping[str, Any], problems: list[str], prefix: str = "") -> None:
        self.data = data
        self.problems = problems
        self.prefix = prefix

    def required(self, key: str, form: Form) -> Any:
        """The value of a key; `None`, with a problem noted, when it is missing or has another form."""
        if key not in self.data:
            self.problems.append(f"`{self.prefix}{key}` is missing")
            return None
        return self._checked(key, form)

    def optional(self, key: str, form: Form) -> Any:
        """The value of a key; `None` when it is missing or null and, with a problem noted, when it has another form."""
        return None if self.data.get(key) is None else self._checked(key, form)

    def nested(self, key: str) -> "Fields":
        """The object under an optional key; an empty one when it is missing or null, or (a problem) no object."""
        return Fields(self.optional(key, OBJECT) or {}, self.problems, f"{self.prefix}{key}.")

    def _checked(self, key: str, form: Form) -> Any:
        value = self.data[key]
        if form.fits(value):
            return value
        self.problems.append(f"`{self.prefix}{key}` is {show(value)}, expected {form.words}")
        return None


def show(value: object) -> str:
    """A value as JSON in at most a line, for an error message."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except RecursionError:
        return "a deeply nested value"
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def oddity(value: object, depth: int = MAX_DEPTH) -> str | None:
    """What keeps a value that Python reads as JSON from being shown or written again; `None` when nothing does."""
    if isinstance(value, str):
        return f"it holds {show(value)}, which is no Unicode" if _SURROGATE.search(value) else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"it holds the number {show(value)}"
    if not isinstance(value, (dict, list)):
        return None
    if depth == 0:
        return f"it is more than {MAX_DEPTH} levels deep"
    inside = [*value, *value.values()] if isinstance(value, dict) else value
    return next(filter(None, (oddity(one, depth - 1) for one in inside)), None)
