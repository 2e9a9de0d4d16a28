"""From the bytes of a file to plain TOML data, with every way in which that can fail as a finding."""

import re
import sys
from typing import Any

from kernel_builder.config.findings import Finding

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["LARGEST_FILE", "decode", "parse"]

#: Files above this many bytes are refused unread; the largest of kernels-community has some 70 thousand.
LARGEST_FILE = 512 * 1024

#: A key of more parts than this is refused before it is parsed: the parser's time grows with their square.
_MOST_PARTS = 64
_STRING = r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'"
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)' + r"|'''.*?(?:'''|\Z)|#[^\n]*"
    rf"|(?P<chain>(?:(?:[A-Za-z0-9_-]+|{_STRING})[ \t]*\.[ \t]*){{{_MOST_PARTS}}})"
    rf"|{_STRING}|[A-Za-z0-9_-]+|[\"'][^\n]*|.",
    re.DOTALL,
)
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{4000,}")
_PLACE = re.compile(
    r"(?P<message>.*) \(at (?:line (?P<line>[0-9]+), column (?P<column>[0-9]+)|end of document)\)", re.DOTALL
)


def decode(raw: bytes) -> str | Finding:
    """Read the bytes of a file as UTF-8."""
    if len(raw) > LARGEST_FILE:
        return _finding(f"the file has more than {LARGEST_FILE // 1024} KiB, which no build.toml needs")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        return _at(before, len(before), f"the byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8")
    if text.startswith("\ufeff"):
        return _finding("the file begins with a byte order mark: save it as UTF-8 without one")
    return text


def parse(text: str) -> dict[str, Any] | Finding:
    """Read a text as TOML; the first mistake of syntax ends it."""
    for token in _TOKEN.finditer(text):
        if token["chain"]:
            return _at(text, token.start(), f"a key has more than {_MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _syntax_error(text, str(error))
    except ValueError:
        number = _LONG_NUMBER.search(text)
        return _at(text, number.start() if number else 0, "a number is out of range")
    except RecursionError:
        return _finding("arrays or tables are nested too deeply")


def _syntax_error(text: str, message: str) -> Finding:
    match = _PLACE.fullmatch(message)
    if match is None:
        return _finding(f"not TOML: {message}")
    if match["line"] is None:
        return _at(text, len(text), f"not TOML: {match['message']}")
    return _finding(f"not TOML: {match['message']}", int(match["line"]), int(match["column"]))


def _at(text: str, offset: int, message: str) -> Finding:
    return _finding(message, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _finding(message: str, line: int = 1, column: int = 1) -> Finding:
    return Finding(line=line, column=column, severity="error", key="", message=message)
