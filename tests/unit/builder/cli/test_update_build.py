"""The command `update-build`."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.projects import contents, kernel_builder

from kernel_builder.cli.update_build import update_build
from kernel_builder.errors import ConfigError

_OLD = b'# A kernel.\r\n[general]\r\nname = "relu" # its name\r\nbackends = ["cuda"]\r\n'
_NEW = (
    b'# A kernel.\r\n[general]\r\nname = "relu" # its name\r\nversion = 1\r\nedition = 5\r\nlicense = "MIT"\r\n'
    b'backends = ["cuda"]\r\n\r\n[torch-noarch]\r\n'
)
_LICENSE = ("--license", "MIT")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a file of edition 3."""
    (tmp_path / "build.toml").write_bytes(_OLD)
    return tmp_path


def _run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(update_build, [str(project), *arguments])


def test_the_file_is_brought_to_the_current_edition(project: Path) -> None:
    """In one step, with its ends of lines; a second run leaves it alone, byte for byte, and says so."""
    first = _run(project, *_LICENSE)
    assert (0, f"{project / 'build.toml'} is of edition 5 now\n") == (first.exit_code, first.stdout)
    assert {"build.toml": _NEW} == contents(project)
    second = _run(project)
    assert (0, f"{project / 'build.toml'} is of edition 5 already\n") == (second.exit_code, second.output)
    assert {"build.toml": _NEW} == contents(project)


def test_what_was_chosen_is_told(project: Path) -> None:
    """The notes go to standard error."""
    told = _run(project, *_LICENSE).stderr
    assert [True, True] == [text in told for text in ("read as version = 1", "read as [torch-noarch], Python only")]


@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (["--check"], 3, ["FILE is of edition 3, and would be of edition 5"]),
        (["--check", "--to", "6"], 3, ["FILE is of edition 3, and would be of edition 6"]),
        (["--diff"], 0, ["+version = 1", '+license = "MIT"', "+[torch-noarch]", " # A kernel."]),
        (["--diff", "--check"], 3, ["+version = 1"]),
    ],
)
def test_nothing_is_written_where_it_is_only_asked(
    project: Path, arguments: list[str], code: int, lines: list[str]
) -> None:
    """`--check` answers by the exit code, `--diff` by what would change."""
    result = _run(project, *_LICENSE, *arguments)
    found = result.stdout.replace(str(project / "build.toml"), "FILE").split("\n")
    assert (code, []) == (result.exit_code, [line for line in lines if line not in found])
    assert {"build.toml": _OLD} == contents(project)


def test_a_file_of_the_edition_passes_the_check(project: Path) -> None:
    """Then there is no change to show either."""
    (project / "build.toml").write_bytes(_NEW)
    assert (0, "") == ((result := _run(project, "--check", "--diff")).exit_code, result.stdout)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"edition": 3, "target": 5, "changes": True, "written": True}),
        (["--check"], {"edition": 3, "target": 5, "changes": True, "written": False}),
        (["--to", "4"], {"edition": 3, "target": 4, "changes": True, "written": True}),
    ],
)
def test_the_result_as_json_is_one_document(project: Path, arguments: list[str], expected: dict[str, Any]) -> None:
    """With the change, which begins with the names of the file."""
    document = json.loads(_run(project, "--json", *_LICENSE, *arguments).stdout)
    assert document.pop("diff").startswith("--- a/build.toml\n+++ b/build.toml\n@@ ")
    assert expected == document


def test_a_license_is_asked_for(project: Path) -> None:
    """Nothing is written without one."""
    error = _run(project).exception
    assert isinstance(error, ConfigError)
    assert {"build.toml": _OLD} == contents(project)


@pytest.mark.parametrize("arguments", [["--license", " "], ["--license", "a\nb"], ["--to", "3"], ["--to", "7"]])
def test_what_cannot_be_is_wrong_usage(project: Path, arguments: list[str]) -> None:
    """An empty license, one with an end of line, and editions that cannot be written."""
    assert _run(project, *arguments).exit_code == 2


def test_the_mode_of_the_file_stays(project: Path) -> None:
    """Whatever the umask is."""
    (project / "build.toml").chmod(0o640)
    _run(project, *_LICENSE)
    assert (project / "build.toml").stat().st_mode & 0o777 == 0o640


def test_a_link_is_replaced_and_never_followed(project: Path) -> None:
    """What it leads to is somebody else's."""
    other = project / "other.toml"
    (project / "build.toml").rename(other)
    (project / "build.toml").symlink_to(other)
    _run(project, *_LICENSE)
    assert {"build.toml": _NEW, "other.toml": _OLD} == contents(project)
    assert not (project / "build.toml").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error(project: Path) -> None:
    """The file stays as it is."""
    project.chmod(0o500)
    assert isinstance(_run(project, *_LICENSE).exception, OSError)
    project.chmod(0o700)
    assert {"build.toml": _OLD} == contents(project)


def test_a_broken_file_is_refused_with_all_that_is_wrong(project: Path) -> None:
    """As check-config says it, in a process of its own."""
    (project / "build.toml").write_bytes(_OLD.replace(b"relu", b"Relu").replace(b"cuda", b"cuba"))
    result = kernel_builder("update-build", project, *_LICENSE)
    places = [line.partition(": error: ")[0] for line in result.stderr.splitlines() if ": error: " in line]
    assert (3, "", ["build.toml:3:8", "build.toml:4:13"]) == (result.returncode, result.stdout, places)


def test_an_updated_file_is_clean(project: Path) -> None:
    """`check-config --strict` has nothing to say of it."""
    package = project / "torch-ext" / "relu"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert kernel_builder("update-build", project, *_LICENSE).returncode == 0
    result = kernel_builder("check-config", "--strict", project)
    assert (0, f"{project / 'build.toml'} is valid\n") == (result.returncode, result.stdout)
