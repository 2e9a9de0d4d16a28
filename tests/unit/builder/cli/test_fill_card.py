"""`kernel-builder fill-card`."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.projects import copy_relu, kernel_builder

from kernel_builder.cli import cli
from kernel_builder.config.reader import load_config
from kernel_builder.publish.card import fill_card


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The relu example."""
    return copy_relu(tmp_path / "relu")


def test_the_card_is_printed_or_written(project: Path, tmp_path: Path) -> None:
    """Without OUTPUT the card is the whole of standard output; with it, the file is, and nothing is printed there."""
    expected = fill_card(project, load_config(project))
    printed = CliRunner().invoke(cli, ["fill-card", str(project)])
    assert (0, expected) == (printed.exit_code, printed.stdout)
    written = CliRunner().invoke(cli, ["fill-card", str(project), str(tmp_path / "README.md")])
    assert (0, "", expected) == (written.exit_code, written.stdout, (tmp_path / "README.md").read_text("utf-8"))


def test_the_builds_are_known(project: Path) -> None:
    """The card can name the builds that are in build/."""
    for name in ("torch-cuda", "torch-cpu", "other"):
        (project / "build" / name).mkdir(parents=True)
    (project / "CARD.md").write_text("{{ variants | join(' ') }}\n", "utf-8")
    assert "torch-cpu torch-cuda\n" == CliRunner().invoke(cli, ["fill-card", str(project)]).stdout


def test_a_card_that_cannot_be_filled(project: Path) -> None:
    """No template, and one with a mistake, end with 9; what was at OUTPUT stays."""
    output = project / "README.md"
    output.write_text("old", "utf-8")
    (project / "CARD.md").write_text("{{ no_such_variable }}\n", "utf-8")
    result = kernel_builder("fill-card", project, output)
    assert (9, True, "old") == (result.returncode, "CARD.md:1" in result.stderr, output.read_text("utf-8"))
    (project / "CARD.md").unlink()
    result = kernel_builder("fill-card", project)
    assert (9, f"error: {project} has no CARD.md") == (result.returncode, result.stderr.splitlines()[0])


def test_the_template_is_not_overwritten(project: Path) -> None:
    """The template is refused as OUTPUT, however it is spelled, and stays."""
    template = (project / "CARD.md").read_text("utf-8")
    result = kernel_builder("fill-card", project, project / "torch-ext" / ".." / "CARD.md")
    assert (2, True) == (result.returncode, "is the template itself" in result.stderr)
    assert template == (project / "CARD.md").read_text("utf-8")


def test_a_card_for_nobody_says_so(project: Path) -> None:
    """Where build.toml names no repository, the card stands, and a note says what is missing."""
    file = project / "build.toml"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("repo-id")), "utf-8")
    result = kernel_builder("fill-card", project)
    assert (0, True, "note: `repo-id` is missing in [general.hub]; in its place the card has OWNER\n") == (
        result.returncode,
        "OWNER/" in result.stdout,
        result.stderr,
    )


def test_a_folder_that_is_not_there(project: Path) -> None:
    """OUTPUT in a folder that does not exist is wrong usage, and the folder is named."""
    result = kernel_builder("fill-card", project, Path("nowhere", "README.md"))
    assert (2, True) == (result.returncode, "there is no folder 'nowhere'" in result.stderr)
