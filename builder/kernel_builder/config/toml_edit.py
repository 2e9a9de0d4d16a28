"""Edits a TOML text, and leaves every character that an edit is not about as it is.

The text is held as a tomlkit document, whose bodies are the statements, comments and blanks of the text in their order.
Edits change the bodies and not the tables: to remove or rename a key of a table would lose comments, or its place, or
fail where a table is written in several parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel_builder.config.positions import KeyPath, dotted

if TYPE_CHECKING:
    from tomlkit.items import Item, Key, Whitespace

__all__ = ["TomlEditor", "as_toml", "comments"]

_COMMENT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' + r"|'''.*?'''" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'|(?P<comment>#[^\r\n]*)", re.DOTALL
)

_Body = list[tuple["Key | None", "Item"]]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a key stands.

    Attributes:
        path: its path.
        body: the body that holds it, and `index` its place there.
        outer: the body that holds its whole statement; another one for a dotted key. `outer_index` is the place there.
        base: how many parts of the path the statement leaves to the header above it.
        is_inline: whether it is within an inline table.
    """

    path: KeyPath
    body: _Body
    index: int
    outer: _Body
    outer_index: int
    base: int
    is_inline: bool

    @property
    def key(self) -> "Key":
        key = self.body[self.index][0]
        assert key is not None  # noqa: S101 - spots are made for keys
        return key

    @property
    def item(self) -> "Item":
        return self.body[self.index][1]

    @property
    def is_whole(self) -> bool:
        """Whether its value is written in one place, in place of key by key."""
        return not self.key.is_dotted()


def comments(text: str) -> list[str]:
    """The comments of a TOML text, in their order, each with its `#`."""
    return [found["comment"] for found in _COMMENT.finditer(text) if found["comment"]]


def as_toml(value: Any) -> str:
    """A plain value as TOML."""
    import tomlkit

    text: str = tomlkit.item(value).as_string()
    return text


class TomlEditor:
    """A TOML text that is edited.

    Args:
        text: TOML.
    """

    def __init__(self, text: str) -> None:
        import tomlkit

        first, _, rest = text.partition("\n")
        self._nl = "\r\n" if first.endswith("\r") else "\n"
        self._lacks_end = bool(first or rest) and not text.endswith("\n")
        self._document = tomlkit.parse(text + self._nl * self._lacks_end)

    def text(self) -> str:
        """The text with all edits."""
        text = self._document.as_string()
        return text.removesuffix(self._nl) if self._lacks_end else text

    def __contains__(self, table: str) -> bool:
        return bool(self._spots((table,)))

    def spelled(self, path: KeyPath, *, with_comment: bool = False) -> str:
        """The value at a path as the text has it, with the comments that are within it, and behind it if wanted."""
        item = self._one(path).item
        return item.as_string() + (item.trivia.comment_ws + item.trivia.comment if with_comment else "")

    def set(self, path: KeyPath, value: Any) -> None:
        """Give the key at a path another value."""
        for spot in self._spots(path):
            spot.body[spot.index] = (spot.key, _valued(value, spot.item))

    def rename(self, path: KeyPath, name: str, value: Any = None) -> None:
        """Give the key at a path another name, which may be dotted, and another value if there is one."""
        for spot in self._spots(path):
            spelled = spot.key.as_string()
            key = _key(name, spelled.replace(spelled.strip(), name), spot.key)
            spot.body[spot.index] = (key, spot.item if value is None else _valued(value, spot.item))

    def rename_table(self, old: str, new: str) -> None:
        """Give a table at the top of the document another name, however it is written."""
        from tomlkit.items import Table

        for spot in self._spots((old,)):
            if isinstance(spot.item, Table) and spot.is_whole:
                spot.item.display_name = new
        self.rename((old,), new)

    def remove(self, path: KeyPath, *, keep_comments: bool = True) -> None:
        """Remove the statement of a key; its comments stay, each on a line of its own."""
        for spot in reversed(self._spots(path)):
            if spot.is_inline:
                _remove_inline(spot)
                continue
            item = spot.item
            kept = [*comments(item.as_string()), item.trivia.comment] if keep_comments else []
            lines = [comment for comment in kept if comment]
            spot.outer[spot.outer_index] = (None, self._lines(lines, item.trivia.indent))

    def insert_after(self, anchor: KeyPath, statements: dict[str, str]) -> None:
        """Insert statements, key → TOML, after that of another key of the same table."""
        spot = self._one(anchor)
        self._insert(spot, _assignments(anchor[spot.base : -1], statements), after=1)

    def insert_first(self, table: KeyPath, statements: dict[str, str]) -> None:
        """Insert statements, key → TOML, before all others of a table that has some; in an inline table, among them."""
        first = next(spot for spot in self._all() if spot.path[:-1] == table and spot.is_whole)
        assignments = _assignments(table[first.base :], statements)
        if first.is_inline or first.outer is not first.body:
            self._insert(first, assignments, after=0)
        else:
            # Right below the header: comments above the first key are about that key.
            first.body.insert(0, (None, self._lines(assignments, first.item.trivia.indent)))

    def append_table(self, name: str) -> None:
        """Append an empty table to the document."""
        self._document.body.append((None, self._lines(["", f"[{name}]"])))

    def copy_table(self, path: KeyPath, name: str, statements: dict[str, str]) -> None:
        """Put a table of other statements, key → TOML, behind a table, written in the same form.

        Args:
            path: the table that is there.
            name: the name of the new one, within the same table.
            statements: what it holds.
        """
        from tomlkit.items import Table

        new = (*path[:-1], name)
        spot = self._spots(path)[-1]
        if not isinstance(spot.item, Table):
            inline = f"{{ {', '.join(_assignments((), statements))} }}"
            self._insert(spot, _assignments(new[spot.base : -1], {name: inline}), after=1)
        elif spot.is_whole:
            body = spot.item.value.body
            last = max((index for index, (key, _) in enumerate(body) if key is not None), default=-1)
            header = ["", f"[{dotted(new)}]"]
            body.insert(last + 1, (None, self._lines([*header, *_assignments((), statements)])))
        else:
            leaf = [one for one in self._all() if one.path[:-1] == path][-1]
            self._insert(leaf, _assignments(new[leaf.base :], statements), after=1)

    def _insert(self, spot: _Spot, assignments: list[str], *, after: int) -> None:
        if spot.is_inline:
            # The versions of tomlkit set the commas of what is inserted differently, but a value they give back.
            text = ", ".join([spot.item.as_string(), *assignments])
            spot.body[spot.index] = (spot.key, _verbatim(text, spot.item))
        else:
            lines = self._lines(assignments, spot.item.trivia.indent)
            spot.outer.insert(spot.outer_index + after, (None, lines))

    def _lines(self, lines: list[str], indent: str = "") -> "Whitespace":
        """Lines that stand between statements, which tomlkit gives back as they are."""
        from tomlkit.items import Whitespace

        return Whitespace("".join(f"{indent if line else ''}{line}{self._nl}" for line in lines))

    def _one(self, path: KeyPath) -> _Spot:
        return self._spots(path)[0]

    def _spots(self, path: KeyPath) -> list[_Spot]:
        return [spot for spot in self._all() if spot.path == path]

    def _all(self) -> Iterator[_Spot]:
        return _walk(self._document.body, (), None, is_inline=False)


def _walk(body: _Body, path: KeyPath, outer: tuple[_Body, int, int] | None, *, is_inline: bool) -> Iterator[_Spot]:
    from tomlkit.items import InlineTable, Table

    for index, (key, item) in enumerate(body):
        if key is None:
            continue
        here = (*path, key.key)
        whole, at, base = outer or (body, index, len(path))
        yield _Spot(here, body, index, whole, at, base, is_inline)
        if isinstance(item, (Table, InlineTable)):
            inner = (whole, at, base) if key.is_dotted() else None
            yield from _walk(item.value.body, here, inner, is_inline=is_inline or isinstance(item, InlineTable))


def _assignments(prefix: KeyPath, statements: dict[str, str]) -> list[str]:
    return [f"{dotted((*prefix, key))} = {value}" for key, value in statements.items()]


def _remove_inline(spot: _Spot) -> None:
    """Remove a key of an inline table with the comma that divides it from the next, or from the one before."""
    keyed = [index for index, (key, _) in enumerate(spot.outer) if key is not None]
    at = keyed.index(spot.outer_index)
    if at + 1 < len(keyed):
        del spot.outer[keyed[at] : keyed[at + 1]]
    elif at:
        del spot.outer[keyed[at - 1] + 1 : keyed[at] + 1]
    else:
        del spot.outer[keyed[at]]


def _key(name: str, spelled: str, like: "Key") -> "Key":
    """A key that is rendered as spelled, with the equals sign of another one."""
    import tomlkit
    from tomlkit.items import SingleKey

    if like.is_dotted():
        key = tomlkit.parse(f"{spelled}.x = 0").body[0][0]
        assert key is not None  # noqa: S101 - the text has a key
        return key
    return SingleKey(name, sep=like.sep, original=spelled)


def _valued(value: Any, like: "Item") -> "Item":
    import tomlkit

    item: Item = tomlkit.item(value)
    for name in ("indent", "comment_ws", "comment", "trail"):
        setattr(item.trivia, name, getattr(like.trivia, name))
    return item


def _verbatim(text: str, like: "Item") -> "Item":
    """A value that is rendered as the text; a number, since that is the value that keeps its spelling."""
    from tomlkit.items import Integer

    return Integer(0, like.trivia, text)
