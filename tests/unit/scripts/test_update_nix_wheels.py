"""The script that refreshes the wheels that Nix builds against, on a copy of the table and indexes of its own."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.projects import ROOT
from support.scripts import load_script
from support.torch_wheels import make_index, make_wheel


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, for one Python, with its table replaced by a copy, and a registry that is empty."""
    module = load_script("update_nix_wheels")
    monkeypatch.setattr(module, "TABLE", Path(shutil.copy(module.TABLE, tmp_path / "wheels.json")))
    monkeypatch.setattr(module, "_PYTHONS", ("3.12",))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "registry").mkdir()
    pip = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "PIP_INDEX_URL": (tmp_path / "registry").as_uri()}
    for name, text in pip.items():
        monkeypatch.setenv(name, text)
    return module


def _run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["update_nix_wheels.py", *arguments])
    status: int = script.main()
    return status


def _wheels(script: ModuleType) -> list[dict[str, str]]:
    wheels: list[dict[str, str]] = json.loads(script.TABLE.read_text("utf-8"))["wheels"]
    return wheels


def test_without_wheels_nothing_changes(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What pip does not find is said, also by the exit status, and leaves the table as it is, byte for byte."""
    before = script.TABLE.read_bytes()
    said = _run(script, monkeypatch)
    assert (1, True) == (said, "apache-tvm-ffi 0.1 for cpu: " in capsys.readouterr().err)
    assert before == script.TABLE.read_bytes()


def test_an_index(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest wheel of each release in an index is noted with its digest and its address; others stay."""
    before = _wheels(script)
    wheels = [make_wheel(tmp_path, f"{version}+cu126") for version in ("2.12.0", "2.12.1", "2.13.0")]
    address = make_index(tmp_path / "index", *wheels)
    _run(script, monkeypatch, "--index", f"cu126={address}")
    assert "torch 2.11 for cu126: ERROR: No matching distribution found" in capsys.readouterr().err
    expected = [
        {
            "pname": "torch",
            "version": wheel.name.split("-")[1],
            "compute": "cu126",
            "python": "cp312",
            "system": system,
            "file": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "url": wheel.as_uri().replace("+", "%2B"),
        }
        for wheel in wheels[1:]
        for system in ("aarch64-linux", "x86_64-linux")
    ]
    after = _wheels(script)
    assert expected == [wheel for wheel in after if wheel not in before]
    assert [] == [wheel for wheel in before if wheel not in after]
    once = script.TABLE.read_bytes()
    _run(script, monkeypatch, "--index", f"cu126={address}")
    assert once == script.TABLE.read_bytes()


def test_the_registry(script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wheels of the registry have no address, and a newer one takes the place of an older one of its release."""
    wheel = make_wheel(tmp_path, "2.13.99")
    monkeypatch.setenv("PIP_INDEX_URL", make_index(tmp_path / "index", wheel))
    assert _run(script, monkeypatch) > 0
    keys = ("version", "file", "sha256")
    (found,) = (
        one
        for one in _wheels(script)
        if (one["pname"], one["system"], one["python"]) == ("torch", "aarch64-darwin", "cp312")
        and one["version"].startswith("2.13.")
    )
    assert ("2.13.99", wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest()) == tuple(found[key] for key in keys)
    assert "url" not in found


def test_the_table() -> None:
    """Each wheel is listed once, and its name says what its entry says."""
    document = json.loads((ROOT / "nix" / "worlds" / "wheels.json").read_text("utf-8"))
    places = [
        tuple(one[key] for key in ("pname", "version", "compute", "python", "system")) for one in document["wheels"]
    ]
    assert sorted(set(places)) == sorted(places)
    for one in document["wheels"]:
        name, version, python, _, platform = one["file"].removesuffix(".whl").split("-")
        assert (one["pname"].replace("-", "_"), one["python"]) == (name, python)
        assert one["version"].partition("+")[0] == version.partition("+")[0]
        assert {"aarch64-darwin": "arm64"}.get(one["system"], one["system"].split("-")[0]) in platform
        assert 64 == len(one["sha256"])
