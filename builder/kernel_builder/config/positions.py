"""Where each key and value of a TOML document stands.

No maintained run-time library gives the positions of keys, so this is a small scanner. It reads text that `tomllib` has
accepted: it need not find mistakes, only places. Lines and columns are 1-based and count characters, a CRLF is one end
of line, and nothing but an end of line begins a line.
"""

import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

__all__ = ["KeyPath", "Position", "Positions", "dotted", "locate"]

#: The way to a value: keys, and indices of array elements.
KeyPath = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = r"'[^'\n]*'"
_KEY = re.compile(rf"{_BARE_KEY.pattern}|{_BASIC}|{_LITERAL}")
_BLANK = re.compile(r"[ \t]*")
_FILLER = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    rf"|{_BASIC}|{_LITERAL}|[^\s\[\]{{}},#\"'][^\]}},#\n]*",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_LAST_SHORT = 0xFFFF
#: What lies deeper has the place of what is around it: no file needs it, and each value has a path as long.
_DEEPEST = 64
_SHORT_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Position(NamedTuple):
    """A place in a text: 1-based line, and 1-based column in characters."""

    line: int
    column: int


class Positions:
    """The places of the keys and values of one document.

    A path that the document does not have gets the place of what is around it, at last the top of the file: a finding
    always has a place.
    """

    def __init__(self, text: str = "", places: Mapping[KeyPath, tuple[int, int]] | None = None) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._places = dict(places or {})

    def key(self, path: KeyPath) -> Position:
        """Where the key of `path` stands; for an array element, where the element does."""
        return self._position(self._places[path][0]) if path in self._places else self.value(path[:-1])

    def value(self, path: KeyPath) -> Position:
        """Where the value of `path` begins; for a `[table]` or `[[table]]`, its opening bracket."""
        while path and path not in self._places:
            path = path[:-1]
        return self._position(self._places[path][1]) if path else Position(1, 1)

    def origin(self, path: KeyPath) -> KeyPath:
        """The path as the file has it: another one where the data is no longer as the file has it."""
        return path

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._places)

    def __contains__(self, path: object) -> bool:
        return path in self._places

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)


def dotted(path: KeyPath) -> str:
    """Spell a path as TOML does, with quotes where a key needs them: `kernel."my relu".src[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else _quoted(part))
    return text


def locate(text: str) -> Positions:
    """Find the place of every key and value of a document that `tomllib` accepts.

    Text that is not TOML is followed as far as it goes; no error is raised.
    """
    text = text.replace("\r\n", "\n")
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.document()
    return Positions(text, scanner.places)


class _LostError(Exception):
    """The text is not TOML here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counts: dict[KeyPath, int] = {}
        self.places: dict[KeyPath, tuple[int, int]] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_FILLER)
        while self._at < len(self._text):
            table = self._header() if self._peek() == "[" else self._pair(table)
            self._skip(_FILLER)

    def _header(self) -> KeyPath:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 1 + is_array
        self._skip(_BLANK)
        path: KeyPath = ()
        keys = self._keys()
        for name, offset in keys:
            path = self._last_element(path)
            path += (name,)
            self.places.setdefault(path, (offset, offset))
        offset = keys[-1][1]
        if is_array:
            count = self._counts[path] = self._counts.get(path, 0) + 1
            if count == 1:
                self.places[path] = (offset, start)
            path += (count - 1,)
        self.places[path] = (offset, start)
        for _ in range(1 + is_array):
            self._expect("]")
        return path

    def _last_element(self, path: KeyPath) -> KeyPath:
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _pair(self, table: KeyPath) -> KeyPath:
        path = table
        keys = self._keys()
        for name, offset in keys:
            path = _below(path, name)
            if len(path) <= _DEEPEST:
                self.places.setdefault(path, (offset, offset))
        self._expect("=")
        self._value(path, keys[-1][1])
        return table

    def _value(self, path: KeyPath, key: int) -> None:
        if len(path) <= _DEEPEST:
            self.places[path] = (key, self._at)
        opening = self._peek()
        if opening == "[":
            self._at += 1
            index = 0
            while not self._closes("]"):
                self._value(_below(path, index), self._at)
                self._separator("]")
                index += 1
        elif opening == "{":
            self._at += 1
            while not self._closes("}"):
                self._pair(path)
                self._separator("}")
        else:
            self._token(_SCALAR)

    def _closes(self, closing: str) -> bool:
        self._skip(_FILLER)
        found = self._peek() == closing
        self._at += found
        return found

    def _separator(self, closing: str) -> None:
        self._skip(_FILLER)
        if self._peek() != closing:
            self._expect(",")

    def _keys(self) -> list[tuple[str, int]]:
        keys = []
        while True:
            offset = self._at
            keys.append((_unquoted(self._token(_KEY)), offset))
            self._skip(_BLANK)
            if self._peek() != ".":
                return keys
            self._at += 1
            self._skip(_BLANK)

    def _token(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._at = match.end()
        return match[0]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._token(pattern)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise _LostError
        self._at += 1
        self._skip(_BLANK)


def _below(path: KeyPath, part: str | int) -> KeyPath:
    """The path one step down; of what lies too deep to have a place, one and the same path."""
    return (*path, part) if len(path) <= _DEEPEST else path


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    return _ESCAPE.sub(_unescape, key[1:-1]) if key[0] == '"' else key


def _unescape(match: re.Match[str]) -> str:
    code = match[0][1:]
    if len(code) == 1:
        return _SHORT_ESCAPES.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number <= sys.maxunicode else "\N{REPLACEMENT CHARACTER}"


def _quoted(key: str) -> str:
    text = json.dumps(key, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def _escaped(code: int) -> str:
    return f"\\u{code:04X}" if code <= _LAST_SHORT else f"\\U{code:08X}"
