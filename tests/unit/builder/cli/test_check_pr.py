"""`kernel-builder check-pr`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.repositories import Repository, needs_git, own_git

from kernel_builder.cli import cli

pytestmark = needs_git

_BUILT_LATER = (
    "Take it out with `git rm -r --cached -- build` and list it in .gitignore; a kernel is built after the merge, by "
    "those who publish it."
)
_SOURCES = (
    "Take it out with `git rm --cached -- tool.exe` and add *.exe to .gitignore; what it is made from can be reviewed."
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with a good and a bad branch."""
    own_git(monkeypatch, tmp_path)
    repository = Repository(tmp_path / "kernel", {"build.toml": ""})
    repository.branch("good", {"a.cpp": "int a;\n"})
    repository.branch("bad", {"build/torch-cpu/a.so": "", "build/torch-cpu/b.py": "", "tool.exe": ""})
    return repository


def _check(repository: Repository, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check-pr", str(repository.top), *arguments])


def test_a_good_pull_request(repository: Repository) -> None:
    """One line says how many files were looked at."""
    result = _check(repository, "--head", "good")
    assert (0, "1 file added or changed, 0 refused\n") == (result.exit_code, result.output)


def test_a_bad_pull_request(repository: Repository) -> None:
    """Each file is named with why; the remedy stands once for neighbours; the code is 8."""
    why = "is what a build leaves, and may be of other sources than these [pull-request: build-output]"
    expected = [
        f"error: build/torch-cpu/a.so: {why}",
        f"error: build/torch-cpu/b.py: {why}",
        f"  {_BUILT_LATER}",
        "error: tool.exe: is a library or a program, which can do anything and shows nothing [pull-request: library]",
        f"  {_SOURCES}",
        "3 files added or changed, 3 refused",
    ]
    result = _check(repository)
    assert (8, expected) == (result.exit_code, result.output.splitlines())


def test_the_remedy_mends_it(repository: Repository) -> None:
    """After the two commands that the remedies name, the pull request is good, and the files are still there."""
    repository.git("rm", "-r", "--cached", "--", "build")
    repository.git("rm", "--cached", "--", "tool.exe")
    repository.git("commit", "--quiet", "--message", "mend")
    assert (0, True) == (_check(repository).exit_code, (repository.top / "tool.exe").is_file())


def test_json(repository: Repository) -> None:
    """As JSON: whether it is good, the two commits, how many files, and each finding."""
    result = _check(repository, "--json", "--head", "bad")
    document = json.loads(result.stdout)
    commits = {"base": repository.git("rev-parse", "main"), "head": repository.git("rev-parse", "bad")}
    assert (8, {"ok": False, **commits, "files": 3}) == (
        result.exit_code,
        {key: value for key, value in document.items() if key != "findings"},
    )
    assert ["build/torch-cpu/a.so", "build/torch-cpu/b.py", "tool.exe"] == [one["file"] for one in document["findings"]]


def test_the_base_of_a_workflow(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a workflow of GitHub, the branch that the pull request is for is that of origin; --base goes first."""
    monkeypatch.setenv("GITHUB_BASE_REF", "release/1")
    result = _check(repository)
    assert (1, "the repository has no commit 'origin/release/1'") == (result.exit_code, str(result.exception))
    repository.git("update-ref", "refs/remotes/origin/release/1", "bad")
    assert (0, 8) == (_check(repository).exit_code, _check(repository, "--base", "main").exit_code)
