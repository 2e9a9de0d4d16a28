"""The metadata of a card."""

import json
from pathlib import Path

import pytest

from kernel_builder.publish import front_matter
from kernel_builder.publish.front_matter import check_front_matter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# No metadata\n", ("warning", "no-front-matter", None)),
        ("---\nlicense: mit\n# No end\n", ("error", "front-matter", None)),
        ("---\nlicense: mit\ntags: [\n---\n", ("error", "front-matter", 4)),
        ("---\na: b: c\n---\n", ("error", "front-matter", 2)),
        ("\n\n---\n- a\n---\n", ("error", "front-matter", 4)),
        ("---\na: 2026-99-99\n---\n", ("error", "front-matter", None)),
        ("---\nlicense: mit\ntags: kernels\n---\n", ("error", "front-matter", None)),
        ("---\nlicense: mit\ntags: [1]\n---\n", ("error", "front-matter", None)),
        ("---\nlicense: mit\nlibrary_name: 3\n---\n", ("error", "front-matter", None)),
        ("---\ntags: []\n---\n", ("warning", "card-license", None)),
        ("---\n---\n", ("warning", "card-license", None)),
        ("---\nlicense: Apache 2\n---\n", ("warning", "card-license", None)),
        ("---\nlicense: {a: b}\n---\n", ("warning", "card-license", None)),
        ("---\r\nlicense: mit\r\n---\r\n# Windows\r\n", None),
        ("\n---\nlicense: [mit, apache-2.0]\n---", None),
        ("---\nlicense: other\nlicense_name: mine\ntags: []\nlibrary_name: kernels\n---\n---\nmore\n---\n", None),
    ],
)
def test_findings(text: str, expected: tuple[str, str, int | None] | None) -> None:
    """What the Hub would refuse is an error or, where its list may have grown, a warning; each has a remedy."""
    found = list(check_front_matter(text))
    assert ([expected] if expected else []) == [(one.severity, one.code, one.line) for one in found]
    assert all(finding.remedy and finding.file == "README.md" for finding in found)


def test_the_licenses() -> None:
    """The identifiers say where they are from, and are sorted, each once."""
    document = json.loads(Path(front_matter.__file__).with_name("front_matter.json").read_text("utf-8"))
    assert ["doc", "licenses"] == list(document)
    assert sorted(set(document["licenses"])) == document["licenses"]
