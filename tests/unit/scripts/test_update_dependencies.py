"""The script that refreshes the packages of libraries, on a copy of the table and an index of its own."""

import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.scripts import load_script


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with its table replaced by a copy, and a pip that knows the packages of one folder."""
    module = load_script("update_dependencies")
    monkeypatch.setattr(module, "TABLE", Path(shutil.copy(module.TABLE, tmp_path / "dependencies.json")))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(tmp_path), "HOME": str(tmp_path)}
    for name, text in pip.items():
        monkeypatch.setenv(name, text)
    return module


def _wheel(folder: Path, name: str, version: str, root: str = "cutlass_library/source", macros: str = "3.9") -> str:
    """Put a package with a copy of CUTLASS into a folder; its digest, as the table has it."""
    info = f"{name}-{version}.dist-info"
    major, minor = macros.split(".")
    files = {
        f"{root}/include/cutlass/version.h": f"#define CUTLASS_MAJOR {major}\n#define CUTLASS_MINOR {minor}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return f"SHA256={hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def _run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *names: str) -> int:
    monkeypatch.setattr(sys, "argv", ["update_dependencies.py", *names])
    status: int = script.main()
    return status


def _sources(script: ModuleType, name: str) -> list[dict[str, Any]]:
    row = json.loads(script.TABLE.read_text("utf-8"))[name]
    return [source for release in row.get("releases", {"": row}).values() for source in release["sources"]]


def test_without_packages_nothing_changes(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip does not find leaves the table as it is, byte for byte."""
    before = script.TABLE.read_bytes()
    assert 0 == _run(script, monkeypatch)
    assert before == script.TABLE.read_bytes()


def test_a_new_package_goes_first(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package of the version gets its digest and place before the archive, once; of another version it does not."""
    (archive,) = _sources(script, "cutlass_3_9")
    _wheel(tmp_path, "nvidia_cutlass", "3.9.1.0")
    digest = _wheel(tmp_path, "nvidia_cutlass", "3.9.2.0")
    expected = {
        "package": "nvidia-cutlass==3.9.2.0",
        "file": "nvidia_cutlass-3.9.2.0-py3-none-any.whl",
        "digest": digest,
        "root": "cutlass_library/source",
        "origin": "pip",
    }
    for words in ("is new", "is as it was"):
        assert 0 == _run(script, monkeypatch, "cutlass_3_9")
        assert f"cutlass_3_9 3.9.2: nvidia_cutlass-3.9.2.0-py3-none-any.whl {words}\n" == capsys.readouterr().out
        assert [expected, archive] == _sources(script, "cutlass_3_9")


def test_a_package_for_one_release_of_oneapi(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each release of oneAPI has its version, and gets its own package."""
    before = _sources(script, "sycl_tla")
    # Of this library, the marker tells the version of the CUTLASS that it is made from.
    digest = _wheel(tmp_path, "sycl_tla", "0.9.2", macros="4.2")
    assert 0 == _run(script, monkeypatch, "sycl_tla")
    assert [*(one["digest"] for one in before), digest] == [one["digest"] for one in _sources(script, "sycl_tla")]


@pytest.mark.parametrize(
    ("wheel", "problem"),
    [
        ({"root": "elsewhere", "version": "3.9.2.0"}, "has no cutlass_library/source/include/cutlass/version.h"),
        ({"macros": "4.0", "version": "3.9.2.0"}, "has version 4.0"),
    ],
)
def test_a_package_of_something_else(
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wheel: dict[str, str],
    problem: str,
) -> None:
    """A package whose copy is elsewhere, or of another version, is an error, and nothing is written."""
    before = script.TABLE.read_bytes()
    _wheel(tmp_path, "nvidia_cutlass", **wheel)
    assert 1 == _run(script, monkeypatch, "cutlass_3_9")
    assert problem in capsys.readouterr().out
    assert before == script.TABLE.read_bytes()


def test_another_digest_of_the_same_file(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that has been replaced under its name is an error, and nothing is written."""
    before = script.TABLE.read_bytes()
    digest = _wheel(tmp_path, "nvidia_cutlass", "3.8.0.0", macros="3.8")
    assert 1 == _run(script, monkeypatch, "cutlass_3_8")
    assert f"has the digest {digest}, which is not the one in the table" in capsys.readouterr().out
    assert before == script.TABLE.read_bytes()


def test_names_that_have_no_package(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library that no package is known of is refused by its name."""
    with pytest.raises(SystemExit):
        _run(script, monkeypatch, "metal-cpp")
    assert "there is no package of metal-cpp" in capsys.readouterr().err
