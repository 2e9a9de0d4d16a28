"""Reading the project that a command works on."""

from pathlib import Path

import pytest
from support.projects import make_tiny

from kernel_builder.cli._project import check_project, load_project
from kernel_builder.errors import ConfigError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project."""
    return make_tiny(tmp_path / "tiny")


def _append(project: Path, text: str, before: str = "[kernel.tiny_cpu]") -> None:
    file = project / "build.toml"
    file.write_text(file.read_text("utf-8").replace(before, f"{text}\n{before}"), "utf-8")


def test_a_right_project_is_read_in_silence(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Notes are for check-config."""
    assert "tiny" == load_project(project).general.name
    assert ("", "") == capsys.readouterr()


def test_warnings_are_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, where they are in nobody's way."""
    _append(project, 'include = ["nowhere"]')
    load_project(project)
    out, err = capsys.readouterr()
    assert ("", True) == (out, err.startswith("build.toml:10:12: warning: torch.include[0]: 'nowhere' is not a folder"))


def test_a_machine_is_not_bound_to_the_matrix(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That the matrix has no variant is an error of check-config, and shown as a warning by what builds here."""
    _append(project, 'maxver = "2.9"')
    assert ["error"] == [finding.severity for finding in check_project(project).errors]
    load_project(project)
    assert "build.toml:10:10: warning: torch.maxver: leaves no variant for cpu" in capsys.readouterr().err


def test_errors_are_raised(project: Path) -> None:
    """With every finding."""
    (project / "tiny_cpu/tiny.cpp").unlink()
    with pytest.raises(ConfigError) as caught:
        load_project(project)
    assert ["error: kernel.tiny_cpu.src[0]: 'tiny_cpu/tiny.cpp' does not exist"] == [
        line.split(": ", 1)[1] for line in caught.value.findings if ": error: " in line
    ]


def test_the_config_has_the_files_of_patterns(project: Path) -> None:
    """So that what builds need not know of patterns."""
    file = project / "build.toml"
    file.write_text(file.read_text("utf-8").replace("tiny_cpu/tiny.cpp", "tiny_*/*.cpp"), "utf-8")
    assert ("tiny_cpu/tiny.cpp",) == load_project(project).kernels[0].src
