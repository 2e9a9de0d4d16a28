"""The blocks as they stand in the documents, and the table that says how each is run."""

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FOLDER", "Block", "extract", "read_blocks"]

#: The blocks, one a file, and `blocks.toml`.
FOLDER = Path(__file__).parents[2] / "integration" / "reference_blocks"

_PAGE = re.compile(r"https://\S+/docs/kernels/main/(\S+)\.md")
#: A fence may stand in a quotation or in a list.
_FENCE = re.compile(r"(?P<margin>[> ]*)```(?P<language>\w*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a document, and how it is run.

    Attributes:
        file: its name in `FOLDER`.
        page: the document that it stands in.
        run: the method of `Scene` that runs it; empty for a block that is not run.
        reason: why it is not run; empty for one that is.
        needs: what the document takes for granted: the names that `Scene` has to provide.
        after: the blocks that come before it in the same session.
        replace: texts of the block that stand for something of the reader's, and what this reader has for them.
        device: the device that the block is for, where it is not the one of this machine.
        true: expressions that hold when it has run.
    """

    file: str
    page: str
    run: str = ""
    reason: str = ""
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    replace: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    true: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The block, exactly as in the document."""
        return (FOLDER / self.file).read_text("utf-8")


def read_blocks() -> dict[str, Block]:
    """Every block by the name of its file, in the order of the documents."""
    table = tomllib.loads((FOLDER / "blocks.toml").read_text("utf-8"))
    pages = table["pages"]
    blocks = {}
    for file, entry in table["blocks"].items():
        lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
        blocks[file] = Block(file, **{"page": _page(file, pages), **entry, **lists})
    return blocks


def _page(file: str, pages: Collection[str]) -> str:
    """The page that the name of a file begins with."""
    return next(page for page in pages if re.fullmatch(rf"{page.replace('/', '-')}-\d\d-.*", file))


def extract(document: str, pages: Collection[str]) -> list[tuple[str, str]]:
    """The code blocks of some pages of a collection of documents, in its order: page and text of each."""
    found: list[tuple[str, str]] = []
    page, margin = "", ""
    lines: list[str] | None = None
    for line in document.split("\n"):
        fence = _FENCE.fullmatch(line)
        if lines is not None:
            if fence and fence["margin"] == margin and not fence["language"]:
                found.append((page, "".join(f"{one}\n" for one in lines)))
                lines = None
            else:
                lines.append(line.removeprefix(margin))
        elif fence:
            margin, lines = fence["margin"], []
        elif heading := _PAGE.fullmatch(line):
            page = heading[1]
    return [block for block in found if block[0] in pages]
