"""`kernel-builder check-config`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.projects import make_tiny

from kernel_builder.cli import cli


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without a finding, whose file says its edition."""
    top = make_tiny(tmp_path / "tiny")
    _replace(top, "version = 1\n", "version = 1\nedition = 5\n")
    return top


def _replace(project: Path, old: str, new: str) -> None:
    file = project / "build.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def _check(project: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["check-config", str(project), *options])


def _document(project: Path, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_check(project, "--json", *options).stdout)
    return document


def _warn(project: Path) -> None:
    _replace(project, 'src = ["tiny_cpu/tiny.cpp"]', 'src = ["tiny_cpu/tiny.cpp"]\ninclude = ["nowhere"]')


def test_a_file_without_a_finding(project: Path) -> None:
    """It is valid, strictly too, and that is all that is said."""
    for options in ((), ("--strict",)):
        result = _check(project, *options)
        assert (0, f"{project / 'build.toml'} is valid\n", "") == (result.exit_code, result.stdout, result.stderr)


def test_warnings_fail_only_when_they_are_to(project: Path) -> None:
    """The last line says how many there are."""
    _warn(project)
    finding = (
        "build.toml:15:12: warning: kernel.tiny_cpu.include[0]: "
        "'nowhere' is not a folder of the project: mend it, or leave it out\n"
    )
    file = project / "build.toml"
    usual, strict = _check(project), _check(project, "--strict")
    assert (0, f"{finding}{file} is valid, with 1 warning\n", "") == (usual.exit_code, usual.stdout, usual.stderr)
    assert (3, finding, f"{file} has 1 warning\n") == (strict.exit_code, strict.stdout, strict.stderr)


def test_errors_fail(project: Path) -> None:
    """All are listed on standard output, and counted on standard error."""
    _warn(project)
    (project / "tiny_cpu/tiny.cpp").unlink()
    (project / "torch-ext/binding.cpp").unlink()
    result = _check(project)
    assert (3, f"{project / 'build.toml'} has 2 errors and 1 warning\n") == (result.exit_code, result.stderr)
    assert ["error", "error", "warning"] == [line.split(": ")[1] for line in result.stdout.splitlines()]


def test_a_note_is_no_finding(project: Path) -> None:
    """That a file is of an older edition is said, and fails nothing."""
    _replace(project, "edition = 5\n", "")
    result = _check(project, "--strict")
    note, last = result.stdout.splitlines()
    assert (0, "note", f"{project / 'build.toml'} is valid") == (result.exit_code, note.split(": ")[1], last)
    assert (True, 4, ["note"]) == (
        _document(project, "--strict")["valid"],
        _document(project)["edition"],
        [finding["severity"] for finding in _document(project)["findings"]],
    )


def test_findings_as_json(project: Path) -> None:
    """One document: whether the file passes, its edition, and each finding with its place."""
    _warn(project)
    finding = {
        "line": 15,
        "column": 12,
        "severity": "warning",
        "key": "kernel.tiny_cpu.include[0]",
        "message": "'nowhere' is not a folder of the project: mend it, or leave it out",
        "suggestion": None,
        "file": "build.toml",
    }
    assert {"valid": True, "edition": 5, "findings": [finding]} == _document(project)
    assert {"valid": False, "edition": 5, "findings": [finding]} == _document(project, "--strict")
    assert (0, 3) == (_check(project, "--json").exit_code, _check(project, "--json", "--strict").exit_code)


def test_a_file_that_is_no_toml(project: Path) -> None:
    """Has no edition, and one finding."""
    (project / "build.toml").write_text("[general\n")
    document = _document(project)
    assert (False, None, 1) == (document["valid"], document["edition"], len(document["findings"]))


def test_findings_are_painted(project: Path) -> None:
    """As the other commands paint them."""
    _warn(project)
    result = CliRunner().invoke(cli, ["check-config", str(project)], color=True, env={"NO_COLOR": ""})
    assert "build.toml:15:12: \x1b[33m\x1b[1mwarning:\x1b[0m kernel" in result.stdout


def test_the_build_matrix_counts(project: Path) -> None:
    """Bounds that leave no variant are an error at the bound."""
    _replace(project, "[torch]\n", '[torch]\nminver = "9.0"\n')
    result = _check(project)
    assert 3 == result.exit_code
    assert result.stdout.startswith("build.toml:9:10: error: torch.minver: leaves no variant for cpu, ")
