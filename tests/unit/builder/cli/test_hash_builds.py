"""`kernel-builder hash`."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builds import make_build

from kernel_builder.cli import cli


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a build that is whole and one that has been changed."""
    make_build(tmp_path / "build" / "torch-cpu")
    changed = make_build(tmp_path / "build" / "torch-cuda", backend={"type": "cuda"})
    (changed / "__init__.py").write_text("value = 2\n", "utf-8")
    return tmp_path


def _hash(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["hash", str(project), *arguments])


def test_check_writes_nothing(project: Path) -> None:
    """--check names the file that differs, ends with 8, and leaves every build as it is."""
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    result = _hash(project, "--check")
    expected = [
        "torch-cpu: every file is as the digest says",
        "torch-cuda:",
        "  __init__.py: has changed since the digest was written",
    ]
    assert (8, expected) == (result.exit_code, result.output.splitlines())
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_digests_are_written_once(project: Path) -> None:
    """Only the build that has changed is written; afterwards --check finds nothing."""
    result = _hash(project)
    expected = ["torch-cpu: the digest is up to date", "torch-cuda: digest written"]
    assert (0, expected) == (result.exit_code, result.output.splitlines())
    assert 0 == _hash(project, "--check").exit_code
    assert "torch-cuda: the digest is up to date" == _hash(project).output.splitlines()[1]


def test_json(project: Path) -> None:
    """As JSON, each build has whether it was written and what is wrong with it."""
    expected = {
        "torch-cpu": {"changed": False, "problems": []},
        "torch-cuda": {"changed": False, "problems": ["__init__.py: has changed since the digest was written"]},
    }
    result = _hash(project, "--check", "--json")
    assert (8, expected) == (result.exit_code, json.loads(result.stdout))
    expected["torch-cuda"] = {"changed": True, "problems": []}
    result = _hash(project, "--json")
    assert (0, expected) == (result.exit_code, json.loads(result.stdout))


def test_a_signature_that_is_no_longer_of_the_metadata(project: Path) -> None:
    """Where metadata.json changes and is signed, a warning says to sign it again; elsewhere there is none."""
    for name in ("torch-cpu", "torch-cuda"):
        (project / "build" / name / "metadata.json.sigstore").write_text("{}", "utf-8")
    signature = project / "build" / "torch-cuda" / "metadata.json.sigstore"
    assert [f"warning: {signature} signs the metadata.json before this one; sign the build again"] == (
        _hash(project).stderr.splitlines()
    )
    assert "" == _hash(project).stderr


def test_a_broken_build_does_not_hide_the_others(project: Path) -> None:
    """A build without usable metadata is named, the others are treated, and the code is 8."""
    (project / "build" / "torch-cpu" / "metadata.json").write_text("{", "utf-8")
    result = _hash(project)
    assert (8, True) == (result.exit_code, result.output.splitlines()[-1] == "torch-cuda: digest written")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_link_to_a_folder_is_a_problem(project: Path, arguments: list[str]) -> None:
    """What is behind a link to a folder has no digest, and the build is told so."""
    (project / "build" / "torch-cpu" / "linked").symlink_to(project)
    result = _hash(project, *arguments)
    assert (8, True) == (result.exit_code, "a build has no links to folders\n" in result.output)
