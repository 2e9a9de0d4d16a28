"""The metadata of a card: YAML between two lines `---`, at the beginning of `README.md`.

The Hub reads the license, the library and the tags there, and refuses a card whose metadata it cannot read: that would
be after the builds are on their branch, so it is told before.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kernel_builder.checks.findings import Finding

__all__ = ["check_front_matter"]

_BLOCK = re.compile(r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_MEND = "Mend the project's CARD.md, and build again."


def check_front_matter(text: str, file: str = "README.md") -> Iterator[Finding]:
    """Tell what the Hub would refuse of a card's metadata, and what it would miss.

    Args:
        text: the card.
        file: what the findings name.
    """
    if not text.lstrip().startswith("---"):
        message = "has no metadata at its beginning, so that the Hub shows neither license nor tags"
        yield _finding("no-front-matter", message, file, severity="warning")
        return
    block = _BLOCK.match(text)
    if block is None:
        yield _finding("front-matter", "the metadata at its beginning has no second line `---`", file)
        return
    first_line = text.count("\n", 0, block.start(1)) + 1
    yield from _check_yaml(block.group(1), file, first_line)


def _check_yaml(text: str, file: str, first_line: int) -> Iterator[Finding]:
    import yaml

    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or "a value that YAML does not have"
        line = first_line + mark.line if mark is not None else None
        yield _finding("front-matter", f"the metadata at its beginning is no YAML: {words}", file, line=line)
        return
    document = {} if document is None else document
    if not isinstance(document, dict):
        yield _finding("front-matter", "the metadata at its beginning is no table of keys", file, line=first_line)
        return
    yield from _check_keys(document, file)


def _check_keys(document: dict[Any, Any], file: str) -> Iterator[Finding]:
    license_, tags = document.get("license"), document.get("tags", [])
    licenses = license_ if isinstance(license_, list) else [license_]
    if license_ is None:
        yield _finding("card-license", "the metadata names no `license`", file, severity="warning")
    elif odd := [one for one in licenses if not isinstance(one, str) or one not in _licenses()]:
        message = f"the Hub knows no license {', '.join(map(repr, odd))}, and refuses the card"
        remedy = (
            "Set `license` in build.toml to an identifier of the Hub's page 'Licenses', such as apache-2.0, or to "
            "`other` and add `license_name` to the metadata of CARD.md."
        )
        yield _finding("card-license", message, file, remedy=remedy, severity="warning")
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        yield _finding("front-matter", "`tags` in its metadata is no list of words", file)
    if not isinstance(document.get("library_name", ""), str):
        yield _finding("front-matter", "`library_name` in its metadata is no text", file)


def _licenses() -> frozenset[str]:
    document = json.loads(Path(__file__).with_name("front_matter.json").read_text("utf-8"))
    return frozenset(document["licenses"])


def _finding(
    code: str, message: str, file: str, *, line: int | None = None, remedy: str = _MEND, severity: str = "error"
) -> Finding:
    return Finding(check="card", code=code, message=message, file=file, line=line, remedy=remedy, severity=severity)
