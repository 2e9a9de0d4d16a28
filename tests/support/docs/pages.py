"""Pages of the documentation, as their blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

__all__ = ["CHECKED", "READ", "RUN", "Block", "Page", "PageError", "read_page"]

#: Languages that are run, that are checked, and that are for people to read.
RUN = frozenset({"bash", "console", "python"})
CHECKED = frozenset({"json", "nix", "toml", "yaml"})
READ = frozenset({"cpp", "cuda", "ini", "mermaid", "metal", "objective-c++", "text", "{toctree}"})
_COMMENT = re.compile(r"<!--\s*([a-z ]+?)\s*(?::(.*?))?-->", re.DOTALL)
_OF_PAGES, _OF_BLOCKS = frozenset({"example", "heavy", "hub"}), frozenset({"file", "not run"})


class PageError(Exception):
    """A page is not written as pages are; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code.

    Attributes:
        language: what stands behind the fence.
        text: what is in it.
        line: the line of the page that its text starts in.
        file: the file that it is written to, or `None`.
        reason: why it is not run, or `None`.
    """

    language: str
    text: str
    line: int
    file: str | None = None
    reason: str | None = None

    @property
    def kind(self) -> str:
        """What becomes of it: `run`, `checked`, `written`, `read` or `not run`."""
        if self.reason is not None:
            return "not run"
        if self.file is not None and self.language not in CHECKED:
            return "written"
        return "run" if self.language in RUN else "checked" if self.language in CHECKED else "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        path: its file.
        blocks: its blocks, in their order.
        example: the example that its folder starts with, or `None`.
        hub: repository → the project that the Hub serves.
        is_heavy: whether it takes its time.
    """

    path: Path
    blocks: tuple[Block, ...]
    example: str | None
    hub: dict[str, str]
    is_heavy: bool


def read_page(path: Path) -> Page:
    """Read a page.

    Raises:
        PageError: for a language or a comment that is not known, and a comment that misses what it has to say.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    comments: dict[str, str] = {}
    blocks: list[Block] = []
    before: dict[str, str] = {}
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            found = _comments(token.content, f"{path}:{line}")
            comments |= {name: found[name] for name in found.keys() & _OF_PAGES}
            before = {name: found[name] for name in found.keys() & _OF_BLOCKS}
        elif token.type == "fence":
            language = token.info.strip()
            if language not in RUN | CHECKED | READ:
                message = f"{path}:{line}: {language or 'no language'} is none of the languages that a block can have"
                raise PageError(message)
            reason, file = before.get("not run"), before.get("file")
            blocks.append(Block(language=language, text=token.content, line=line + 1, file=file, reason=reason))
            before = {}
        elif before:
            message = f"{path}:{line}: a comment for a block stands before something else"
            raise PageError(message)
    hub = dict(word.split("=", 1) for word in comments.get("hub", "").split())
    return Page(path=path, blocks=tuple(blocks), example=comments.get("example"), hub=hub, is_heavy="heavy" in comments)


def _comments(text: str, place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, said in _COMMENT.findall(text):
        if name not in _OF_PAGES | _OF_BLOCKS:
            message = f"{place}: <!-- {name} --> is none of the comments that are known"
            raise PageError(message)
        if name != "heavy" and not said.strip():
            message = f"{place}: <!-- {name} --> does not say what"
            raise PageError(message)
        found[name] = said.strip()
    return found
