"""The release script keeps the versions of both distributions together."""

import pytest
from support.projects import ROOT
from support.scripts import load_script

SCRIPT = load_script("release")
TEXTS = {
    "loader/pyproject.toml": 'version = "0.18.100"\n',
    "builder/pyproject.toml": 'version = "0.18.100"\n  "kernels==0.18.100",\n',
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- A line.\n",
}


def test_every_place_is_changed() -> None:
    """Both versions, the builder's pin of the loader and the changelog have the new version."""
    assert {
        "loader/pyproject.toml": 'version = "0.18.101"\n',
        "builder/pyproject.toml": 'version = "0.18.101"\n  "kernels==0.18.101",\n',
        "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 0.18.101 (2026-11-23)\n\n- A line.\n",
    } == SCRIPT.released(TEXTS, "0.18.101", "2026-11-23")


def test_the_repository_can_be_released() -> None:
    """The files of the repository have each place that a release changes."""
    texts = {name: (ROOT / name).read_text("utf-8") for name in TEXTS}
    assert list(TEXTS) == list(SCRIPT.released(texts, "0.18.999", "2026-11-23"))


@pytest.mark.parametrize("version", ["0.19.0", "0.18.99", "0.18.100rc1"])
def test_a_version_that_clients_would_refuse(version: str) -> None:
    """Only 0.18.x with x of 100 or more is released."""
    with pytest.raises(ValueError, match=r"is not 0\.18\.x"):
        SCRIPT.released(TEXTS, version, "2026-11-23")
