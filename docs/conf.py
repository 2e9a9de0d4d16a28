"""The site that `make docs` makes of these pages."""

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

#: Where files of the repository that are no pages can be read.
_REPOSITORY = "https://github.com/huggingface/kernels"
_DOCS = Path(__file__).resolve().parent
_LINK = re.compile(r"(?<=\]\()((?:\.\./)+[^)#\s]*)")
_OUTSIDE = re.compile(r"\]\((https?://[^)\s]+)\)")

project = "kernels and kernel-builder"
author = "The authors of kernels and kernel-builder"
release = version = version_of("kernels")
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = project
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
nitpicky = True
exclude_patterns = ["_build"]


def setup(app: Any) -> dict[str, bool]:
    """Let links to files of the repository lead there, and list the links that lead out."""
    app.connect("source-read", _lead_to_repository)
    app.connect("build-finished", _list_outside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _lead_to_repository(app: Any, name: str, source: list[str]) -> None:
    page = Path(app.srcdir, name)

    def lead(match: re.Match[str]) -> str:
        target = (page.parent / match[1]).resolve()
        if target.is_relative_to(_DOCS):
            return match[1]
        kind = "tree" if target.is_dir() else "blob"
        return f"{_REPOSITORY}/{kind}/main/{target.relative_to(_DOCS.parent).as_posix()}"

    source[0] = _LINK.sub(lead, source[0])


def _list_outside(app: Any, exception: Exception | None) -> None:
    """They are written to a file, one in a line; nothing is fetched."""
    if exception is None:
        texts = [path.read_text("utf-8") for path in sorted(_DOCS.rglob("*.md"))]
        links = sorted({link for text in texts for link in _OUTSIDE.findall(text)})
        Path(app.outdir, "outside-links.txt").write_text("".join(f"{link}\n" for link in links), "utf-8")
