"""Writes the generated pages of the reference anew.

    python scripts/update_docs.py

Tests hold the pages to what this writes.
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import kernels
from kernel_builder.cli import cli
from kernel_builder.cli._docs import PAGES, page

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
_INTRO = """\
# The Python API of kernels

Made from the code by `scripts/update_docs.py`. [Use kernels](../how-to/use-kernels.md) and
[Layers](../how-to/layers.md) show how it is used. Errors are in `kernels.errors`; each is also one of Python's own.
"""
#: A section of a docstring.
_SECTION = re.compile(r"(?m)^(Args|Attributes|Returns|Raises|Yields|Example):\n")


def python_api() -> str:
    """The page, in Markdown."""
    names = sorted((name for name in kernels.__all__ if not name.startswith("_")), key=str.lower)
    return "\n".join([_INTRO, *(part for name in names for part in _entry(name))])


def _entry(name: str) -> Iterator[str]:
    thing = getattr(kernels, name)
    kind = "class" if inspect.isclass(thing) else "def"
    yield f"## {name}\n"
    yield f"```python\n{kind} {name}{_signature(thing)}\n```\n".replace("```python", "```text")
    yield _text(thing)
    if inspect.isclass(thing):
        for member, function in vars(thing).items():
            if not member.startswith("_") and callable(function) and inspect.getdoc(function):
                yield f"### {name}.{member}\n"
                yield f"```text\ndef {member}{_signature(function)}\n```\n"
                yield _text(function)


def _signature(thing: object) -> str:
    try:
        signature = inspect.signature(thing)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    return str(signature).replace("'", "")


def _text(thing: object) -> str:
    """A docstring: its text, and lists of what its sections name."""
    first, *sections = _SECTION.split(inspect.getdoc(thing) or "")
    lines = [_plain(first)]
    for heading, body in zip(sections[::2], sections[1::2], strict=True):
        lines += [f"**{heading}**\n", _items(textwrap.dedent(body))]
    return "\n".join(lines)


def _items(body: str) -> str:
    entries = re.split(r"(?m)^(?=\S)", body.strip())
    listed = []
    for entry in filter(None, entries):
        name, colon, said = entry.partition(":")
        said = " ".join(said.split())
        listed.append(
            f"- `{name}`: {said}" if colon and re.fullmatch(r"[\w.*, ]+", name) else f"- {' '.join(entry.split())}"
        )
    return "\n".join(listed) + "\n"


def _plain(text: str) -> str:
    """Paragraphs; what is indented stays as it is, as a block."""
    paragraphs = text.strip().split("\n\n")
    return "\n".join(
        f"```text\n{textwrap.dedent(one)}\n```\n" if one.startswith("    ") else f"{one}\n" for one in paragraphs
    )


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    pages = {name: page(cli, name) for name in PAGES} | {"python-api": python_api()}
    for name, text in pages.items():
        (REFERENCE / f"{name}.md").write_text(text, "utf-8", newline="\n")
        print(REFERENCE / f"{name}.md")
