"""Every page of the reference documents has a counterpart among ours."""

import os
import re
from pathlib import Path

import pytest
import tomlkit
from support.projects import ROOT

DOCS = ROOT / "docs"
PAGES: dict[str, list[str]] = tomlkit.parse((DOCS / "counterparts.toml").read_text("utf-8")).unwrap()["pages"]


@pytest.mark.parametrize("name", PAGES)
def test_counterpart(name: str) -> None:
    """The pages that are named are there, with the headings that are named."""
    assert PAGES[name]
    for place in PAGES[name]:
        path, _, anchor = place.partition("#")
        text = (DOCS / path).read_text("utf-8")
        headings = re.findall(r"(?m)^#+ (.+)$", text)
        assert not anchor or anchor in [heading.lower().replace(" ", "-") for heading in headings]


def test_the_list_is_whole() -> None:
    """It has the pages that the documents have, where they are at hand (KERNELS_REFERENCE), and no others."""
    assert 31 == len(PAGES)
    reference = os.environ.get("KERNELS_REFERENCE")
    if not reference:
        pytest.skip("KERNELS_REFERENCE names no file of documents")
    found = re.findall(r"(?m)^https://\S+/docs/kernels/main/(\S+)\.md$", Path(reference).read_text("utf-8"))
    assert set(found) == PAGES.keys()
