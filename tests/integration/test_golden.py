"""What each example renders to, as it is checked in."""

import importlib.metadata
from pathlib import Path

import pytest
from support.projects import ROOT

from kernel_builder.config.reader import load_config
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance

GOLDEN = ROOT / "tests" / "golden"
TEMPLATES = ROOT / "templates" / "project"
PROVENANCE = Provenance.of_commit("0123456789abcdef0123456789abcdef01234567", dirty=False)


@pytest.mark.parametrize("example", ["relu"])
def test_an_example_renders_to_its_golden_tree(
    example: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of a template shows as a change of a file that a reviewer can read."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.3")
    rendered = render(load_config(ROOT / "examples" / example), PROVENANCE)
    # What every project gets as it stands in the templates is not checked in a second time.
    common = {name: text for name, text in rendered.items() if _template(name)}
    own = {name: text for name, text in rendered.items() if name not in common}
    golden = GOLDEN / example
    if request.config.getoption("--update-golden"):
        _write(golden, own)
    assert {path.name: path.read_text("utf-8") for path in golden.iterdir()} == own
    assert {name: path.read_text("utf-8") for name in common if (path := _template(name))} == common
    assert {"cmake/kernel.cmake", "torch-ext/registration.h"} <= common.keys()


def _template(name: str) -> Path | None:
    """The template that a file of a Torch project is as it stands."""
    return next((path for layer in ("any", "compiled", "torch") if (path := TEMPLATES / layer / name).is_file()), None)


def _write(golden: Path, own: dict[str, str]) -> None:
    golden.mkdir(exist_ok=True)
    for path in golden.iterdir():
        path.unlink()
    for name, text in own.items():
        (golden / name).write_text(text, "utf-8", newline="\n")
