"""The script that changes the build matrix, on a copy of it."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.scripts import load_script

from kernel_builder.matrix.rows import matrix_path


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with its file replaced by a copy."""
    module = load_script("update_matrix")
    copy = Path(shutil.copy(matrix_path(), tmp_path / "build-matrix.json"))
    monkeypatch.setattr(module, "matrix_path", lambda: copy)
    return module


def _run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["update_matrix.py", *arguments])
    status: int = script.main()
    return status


def test_a_release_is_added_in_its_place_and_dropped_again(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding and dropping one release gives the file back byte for byte."""
    before = script.matrix_path().read_bytes()
    assert 0 == _run(script, monkeypatch, "add", "2.10", "--cuda", "12.6", "--rocm", "7.1")
    releases = json.loads(script.matrix_path().read_bytes())["torch"]
    assert ["2.10", "2.11", "2.12", "2.13"] == [release["version"] for release in releases]
    assert {"cuda": ["12.6"], "rocm": ["7.1"], "xpu": []} == {key: releases[0][key] for key in ("cuda", "rocm", "xpu")}
    assert 0 == _run(script, monkeypatch, "drop", "2.10")
    assert before == script.matrix_path().read_bytes()


def test_a_release_is_required_and_no_longer(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only whether it is required changes, and back it is the same file."""
    before = script.matrix_path().read_bytes()
    assert 0 == _run(script, monkeypatch, "require", "2.13")
    releases = json.loads(script.matrix_path().read_bytes())["torch"]
    assert [True, True, True] == [release["required"] for release in releases]
    assert 0 == _run(script, monkeypatch, "waive", "2.13")
    assert before == script.matrix_path().read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "2.12"),
        ("drop", "1.0"),
        ("require", "1.0"),
        ("waive", "2.14"),
        ("add", "2.15", "--cuda", "thirteen"),
        ("add", "two"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """A release that is there already or is not, and a version that is none, end with an error."""
    before = script.matrix_path().read_bytes()
    assert 1 == _run(script, monkeypatch, *arguments)
    assert before == script.matrix_path().read_bytes()
