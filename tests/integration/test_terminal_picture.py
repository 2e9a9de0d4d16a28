"""The picture of a terminal in README.md: its commands work, and say what the picture shows."""

import os
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.projects import ROOT

sys.path.insert(0, str(ROOT))

from scripts.update_terminal import PICTURE, SCENE, draw, perform

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")

#: What differs from run to run, and from machine to machine.
_OWN = re.compile(r"\d+(\.\d+)?|torch\d+-\S+")


def _words(picture: str) -> list[str]:
    texts = [one.text or "" for one in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours
    return _OWN.sub("", "".join(texts).replace("\N{NO-BREAK SPACE}", " ")).split()


@pytest.mark.heavy
def test_the_picture_is_that_of_a_run(tmp_path: Path) -> None:
    """The commands succeed, and their words are those of the picture, in that order."""
    assert _words(PICTURE.read_text("utf-8")) == _words(draw(perform(tmp_path, os.environ)))


def test_the_picture_fetches_nothing() -> None:
    """It has the commands, leads nowhere, and README.md shows it."""
    picture = PICTURE.read_text("utf-8")
    shown = " ".join(_words(picture))
    assert [] == [line for line in SCENE.splitlines() if _OWN.sub("", line) not in shown]
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?://[^\s\"<)]*", picture)
    assert "](docs/_static/terminal.svg)" in (ROOT / "README.md").read_text("utf-8")
