"""What icpx is called with is explained, to people too."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kernel_builder.resources import templates_dir
from kernels.backend import MajorMinor

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "explanation" / "xpu.md"


@pytest.fixture
def facts() -> dict[str, Any]:
    """The data that the generated CMake code reads."""
    path = templates_dir() / "project" / "backend-xpu" / "cmake" / "xpu.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_the_documentation_has_every_flag(facts: dict[str, Any]) -> None:
    """The tables for people are the data, row by row."""
    rows = re.findall(r"^\| `(.+)` \| (.+) \| (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    flags = [one for key in ("compile", "link", "offline") for one in facts[key]]
    expected = [(one["flag"].replace("@TARGETS@", "spir64_gen,spir64"), one["why"], one["source"]) for one in flags]
    assert expected == rows


def test_releases(facts: dict[str, Any]) -> None:
    """Releases go from old to new, as the code that looks for the last one before a compiler expects."""
    releases = [MajorMinor.parse(one["oneapi"]) for one in facts["releases"]]
    assert sorted(set(releases)) == releases
