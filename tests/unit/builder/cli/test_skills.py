"""`kernel-builder skills`, as a person or a script meets it."""

import json
from collections.abc import Sequence
from pathlib import Path

import click.testing
import pytest

from kernel_builder.cli.skills import skills
from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.skills import list_skills

EVERYWHERE = ["--claude", "--codex", "--opencode"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own; the current folder is `project`, beside it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "home"


def _skills(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(skills, arguments)


def _found(folder: Path) -> list[str]:
    return sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob("SKILL.md"))


def test_the_default_is_the_skill_for_cuda_in_the_current_folder(tmp_path: Path) -> None:
    """`add --claude` gives one folder, says where it is, and touches nothing else."""
    result = _skills("add", "--claude")
    path = tmp_path / "project" / ".claude" / "skills" / "cuda-kernels"
    assert (0, f"added: {path}\n") == (result.exit_code, result.stdout)
    assert ["project/.claude/skills/cuda-kernels"] == _found(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--skill", "rocm-kernels", "--codex"], ["project/.codex/skills/rocm-kernels"]),
        (["--codex", "--global"], ["home/.codex/skills/cuda-kernels"]),
        (
            EVERYWHERE,
            [f"project/.{assistant}/skills/cuda-kernels" for assistant in ("claude", "codex", "opencode")],
        ),
        (
            [*EVERYWHERE, "-g"],
            [
                "home/.claude/skills/cuda-kernels",
                "home/.codex/skills/cuda-kernels",
                "home/.config/opencode/skills/cuda-kernels",
            ],
        ),
        (["--dest", "~/my-skills", "--force"], ["home/my-skills/cuda-kernels"]),
        (["--dest", "here", "-g"], ["project/here/cuda-kernels"]),
        (
            ["--claude", "--dest", "here"],
            ["project/.claude/skills/cuda-kernels", "project/here/cuda-kernels"],
        ),
        (["--claude", "--dest", ".claude/skills"], ["project/.claude/skills/cuda-kernels"]),
        (
            ["--codex", "--skill", "cpu-kernels", "--skill", "xpu-kernels", "--skill", "cpu-kernels"],
            ["project/.codex/skills/cpu-kernels", "project/.codex/skills/xpu-kernels"],
        ),
    ],
)
def test_where_skills_go(tmp_path: Path, arguments: Sequence[str], expected: list[str]) -> None:
    """Each option has its folder, and they can be combined; a place that is named twice is one place."""
    result = _skills("add", *arguments)
    assert (0, len(expected)) == (result.exit_code, len(result.stdout.splitlines())), result.output
    assert expected == _found(tmp_path)


def test_the_folder_for_settings_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCode's folder follows `XDG_CONFIG_HOME`, unless it is no absolute path."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    assert 0 == _skills("add", "--opencode", "--global").exit_code
    monkeypatch.setenv("XDG_CONFIG_HOME", "settings")
    assert 0 == _skills("add", "--opencode", "--global").exit_code
    assert ["home/.config/opencode/skills/cuda-kernels", "settings/opencode/skills/cuda-kernels"] == _found(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--claude, --codex, --opencode, or a folder with --dest PATH"),
        (["--global"], "--claude, --codex, --opencode, or a folder with --dest PATH"),
        (["--claude", "--skill", "cuda"], "'cuda' is not one of 'cuda-kernels'"),
        (["--dest", "~no.such.user/skills"], "--dest"),
        (["--dest", ""], "the path is empty"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], words: str) -> None:
    """Without anybody to add a skill for, and for a skill that there is not, the options are named."""
    result = _skills("add", *arguments)
    assert (2, True) == (result.exit_code, words in result.stderr), result.stderr
    assert [] == _found(tmp_path)


def test_the_second_time() -> None:
    """What is the same is up to date; what differs needs --force."""
    _skills("add", "--claude")
    assert _skills("add", "--claude").stdout.startswith("up to date: ")
    Path(".claude/skills/cuda-kernels/SKILL.md").write_text("mine\n", "utf-8")
    refused = _skills("add", "--claude")
    assert isinstance(refused.exception, ExistingFilesError)
    assert "SKILL.md" in str(refused.exception)
    assert _skills("add", "--claude", "--force").stdout.startswith("replaced: ")


def test_a_home_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no home folder, the way around it is named."""

    def unknown() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", unknown)
    result = _skills("add", "--claude", "--global")
    assert isinstance(result.exception, BuilderError)
    assert "--dest" in result.exception.hint


def test_a_home_that_could_be_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder that depends on the current folder is none."""
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    result = _skills("add", "--claude", "--global")
    assert isinstance(result.exception, BuilderError)
    assert "--dest" in result.exception.hint


def test_for_a_script(tmp_path: Path) -> None:
    """`--json` gives the skill, its folder and what came of it, for each place."""
    result = _skills("add", "--claude", "--dest", "here", "--json")
    project = tmp_path / "project"
    expected = [
        {"skill": "cuda-kernels", "path": str(project / place / "cuda-kernels"), "state": "added"}
        for place in (".claude/skills", "here")
    ]
    assert {"skills": expected} == json.loads(result.stdout)


def test_list() -> None:
    """Every skill is listed with what it is for, as text and as JSON."""
    found = list_skills()
    lines = _skills("list").stdout.splitlines()
    assert [skill.name for skill in found] == [line for line in lines if not line.startswith(" ")]
    expected = [{"name": skill.name, "description": skill.description} for skill in found]
    assert {"skills": expected} == json.loads(_skills("list", "--json").stdout)
