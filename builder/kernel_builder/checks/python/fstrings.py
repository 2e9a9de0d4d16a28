"""f-strings that Python 3.12 and later read, and Python 3.9 does not (PEP 701).

Until 3.11 an f-string was one text to the tokenizer, which ended at the first quote of its own kind; the expressions in
it were cut out and read on their own, and could have neither backslashes nor comments. The running Python, when it is
3.12 or later, gives the parts of an f-string as tokens; what the older ones would have said is told from these.
"""

import io
import re
import token
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["newer_fstrings"]

_START = getattr(token, "FSTRING_START", -1)
_END = getattr(token, "FSTRING_END", -1)
_OPENING = re.compile(r"""([A-Za-z]*)('''|\"""|'|")""")
#: A field, a field in its format, and no further.
_MOST_FIELDS = 2


@dataclass(slots=True)
class _String:
    """An f-string that is being read: where it starts, and how deep its fields and the brackets in them are."""

    start: tuple[int, int]
    opening: str
    fields: list[tuple[int, int] | None] = field(default_factory=list)
    brackets: int = 0
    after_conversion: bool = False


def newer_fstrings(text: str) -> Iterator[tuple[int, str]]:
    """The lines of f-strings that Python 3.9 does not read, and why; none where the running Python is older than 3.12.

    Args:
        text: what the running Python could parse.
    """
    if _START == -1 or not re.search(r"""[fF][rR]?['"]""", text):
        return
    found: dict[int, str] = {}
    reader = _Reader(text)
    try:
        for one in tokenize.generate_tokens(io.StringIO(text).readline):
            for line, why in reader.take(one):
                found.setdefault(line, why)
    except (tokenize.TokenError, SyntaxError):  # the tokenizer in Python is stricter than the parser in rare cases
        pass
    yield from found.items()


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = io.StringIO(text).readlines()
        self.open: list[_String] = []

    def take(self, one: tokenize.TokenInfo) -> Iterator[tuple[int, str]]:
        """Take the next token; gives what is wrong with the strings that it ends."""
        if one.type == _START:
            self.open.append(_String(one.start, one.string))
        elif not self.open:
            return
        elif one.type == _END:
            string = self.open.pop()
            if why := _end_too_early(self._between(string.start, one.end), string.opening):
                yield string.start[0], why
        elif one.type == tokenize.COMMENT:
            yield one.start[0], "has a comment in its braces"
        else:
            yield from self._in_field(self.open[-1], one)

    def _in_field(self, string: _String, one: tokenize.TokenInfo) -> Iterator[tuple[int, str]]:
        inside = bool(string.fields) and string.fields[-1] is not None
        if one.type != tokenize.OP:
            if not (string.after_conversion and one.type == tokenize.NAME):
                string.after_conversion = False
            return
        if inside and string.brackets and one.string in ")]}":
            string.brackets -= 1
        elif inside and one.string in ("(", "[", "{"):
            string.brackets += 1
        elif one.string == "{":
            string.fields.append(one.end)
            if len(string.fields) > _MOST_FIELDS:
                yield one.start[0], "has braces in braces in braces"
        elif inside and not string.brackets and one.string in (":", "!", "}"):
            yield from self._end_of_expression(string, one)
        elif one.string == "}" and string.fields:
            string.fields.pop()

    def _end_of_expression(self, string: _String, one: tokenize.TokenInfo) -> Iterator[tuple[int, str]]:
        start = string.fields[-1]
        if start is not None and "\\" in (said := self._between(start, one.start)):
            yield start[0], "has a backslash in its braces"
        elif start is not None and string.after_conversion and said != said.rstrip():
            yield start[0], "has a space after a conversion in its braces"
        string.after_conversion = one.string == "!"
        if one.string == "}":
            string.fields.pop()
        elif one.string == ":":
            string.fields[-1] = None

    def _between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        first, last = start[0] - 1, end[0] - 1
        if first == last:
            return self.lines[first][start[1] : end[1]]
        return "".join([self.lines[first][start[1] :], *self.lines[first + 1 : last], self.lines[last][: end[1]]])


def _end_too_early(text: str, opening: str) -> str | None:
    """Why the tokenizer of Python 3.9 would end a text before its end."""
    matched = _OPENING.match(opening)
    if matched is None:
        return None
    quote = matched[2]
    body = text[len(opening) : -len(quote)]
    outside = re.sub(r"\\.", "  ", body, flags=re.DOTALL)
    if quote in outside:
        return "has its own quotes in its braces"
    if len(quote) == 1 and "\n" in outside:
        return "has the end of a line in its braces"
    return None
