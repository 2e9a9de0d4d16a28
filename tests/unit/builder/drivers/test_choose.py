"""Which driver builds, and why."""

from pathlib import Path

import pytest

from kernel_builder.drivers.choose import DRIVERS, choose_driver


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without a flake, on a machine without Nix."""
    for name in ("bin", "project"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "project"


def _add(project: Path, *, nix: bool, flake: bool) -> None:
    if nix:
        program = project.parent / "bin" / "nix"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    if flake:
        (project / "flake.nix").write_text("{ }\n")


@pytest.mark.parametrize(
    ("name", "nix", "flake", "expected"),
    [
        ("auto", True, True, ("nix", "nix and flake.nix are here")),
        ("auto", True, False, ("local", "the project has no flake.nix")),
        ("auto", False, True, ("local", "nix is not installed")),
        ("auto", False, False, ("local", "nix is not installed")),
        ("local", True, True, ("local", "asked for")),
        ("nix", True, True, ("nix", "asked for")),
        ("nix", False, False, ("nix", "asked for")),
    ],
)
def test_choice(project: Path, name: str, expected: tuple[str, str], *, nix: bool, flake: bool) -> None:
    """Automatically, Nix builds where it is installed and the project has a flake; a wish comes first."""
    _add(project, nix=nix, flake=flake)
    driver, reason = choose_driver(name, project)
    assert expected == (driver.name, reason)
    assert name in DRIVERS
