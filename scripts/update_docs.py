"""Writes the generated pages of the reference anew.

    python scripts/update_docs.py

A test holds the pages to what this writes.
"""

from pathlib import Path

from kernel_builder.cli import cli
from kernel_builder.cli._docs import PAGES, page

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (REFERENCE / f"{name}.md").write_text(page(cli, name), "utf-8", newline="\n")
        print(REFERENCE / f"{name}.md")
