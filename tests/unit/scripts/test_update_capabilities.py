"""The script that holds the table of devices against compilers, on texts and on the compilers that are installed."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.scripts import load_script

from kernel_builder.config import capabilities
from kernel_builder.config.capabilities import Capability
from kernel_builder.toolchain.accelerators import find_hip_clang, find_nvcc
from kernels.backend import MajorMinor

_TABLE = Path(capabilities.__file__).with_name("capabilities.json")
#: What the compilers of some releases list; those of CUDA 12 are as its documentation has them.
_CUDA_128 = "5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0 9.0a 10.0 10.0a 10.1 10.1a 12.0 12.0a"
_CUDA_130 = (
    "7.5 8.0 8.6 8.7 8.8 8.9 9.0 9.0a 10.0 10.0a 10.0f 10.3 10.3a 10.3f 11.0 11.0a 11.0f 12.0 12.0a 12.0f 12.1 12.1a "
    "12.1f"
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    return load_script("update_capabilities")


def _nvcc(script: ModuleType, release: str, listed: str) -> Any:
    found = frozenset(filter(None, map(Capability.parse, listed.split())))
    assert len(found) == len(listed.split())
    return script.Nvcc(release=MajorMinor.parse(release), capabilities=found)


def test_what_is_shipped_is_current(script: ModuleType) -> None:
    """The compilers of this machine know nothing that the table does not, and do what it says."""
    nvcc, clang = find_nvcc(), find_hip_clang()
    if nvcc is None and clang is None:
        pytest.skip("there is no compiler for CUDA or ROCm")
    nvccs = [script.ask_nvcc(nvcc)] if nvcc else []
    archs = script.ask_clang(clang) if clang else set()
    shipped = _TABLE.read_text("utf-8")
    assert shipped == script.refreshed(shipped, nvccs, archs)
    assert [] == [doubt for one in nvccs for doubt in script.doubts(one, json.loads(shipped)["cuda"])]


def test_what_nvcc_says(script: ModuleType) -> None:
    """The capabilities of an installed nvcc are read in full: those of CUDA 13.0 are the documented ones."""
    nvcc = find_nvcc()
    if nvcc is None:
        pytest.skip("there is no nvcc")
    found = script.ask_nvcc(nvcc)
    if found.release != MajorMinor(13, 0):
        pytest.skip(f"nvcc is of CUDA {found.release}")
    assert _CUDA_130.split() == [str(one) for one in sorted(found.capabilities)]


def test_what_clang_says(script: ModuleType) -> None:
    """Of the processors of an installed clang, single ones are taken, and families (gfx9-generic) are not."""
    clang = find_hip_clang()
    if clang is None:
        pytest.skip("there is no clang for ROCm")
    found = script.ask_clang(clang)
    assert {"gfx803", "gfx906", "gfx90a", "gfx942", "gfx1030", "gfx1201"} <= found
    assert [] == [arch for arch in found if "-" in arch]


def test_a_table_that_is_current_stays_as_it_is(script: ModuleType) -> None:
    """With nothing to add, the text is the same byte for byte, whatever an old compiler does not know any more."""
    shipped = _TABLE.read_text("utf-8")
    assert shipped == script.refreshed(shipped, [], [])
    assert shipped == script.refreshed(shipped, [_nvcc(script, "13.0", _CUDA_130)], ["gfx90a", "gfx942", "gfx803"])


def test_what_is_new_comes_to_its_place(script: ModuleType) -> None:
    """New devices are added in order, and nothing else changes."""
    shipped = _TABLE.read_text("utf-8")
    expected = json.loads(shipped)
    expected["cuda"]["known"].insert(expected["cuda"]["known"].index("10.0"), "9.9")
    expected["cuda"]["known"].append("14.0")
    expected["rocm"]["other"].append("gfx1310")
    nvcc = _nvcc(script, "14.0", "9.9 14.0 14.0a")
    refreshed = script.refreshed(shipped, [nvcc], ["gfx1310", "gfx942", "gfx940", "gfx906"])
    assert expected == json.loads(refreshed)
    assert refreshed == script.refreshed(refreshed, [nvcc], ["gfx1310"])
    assert max(map(len, refreshed.splitlines()[2:])) <= 120


@pytest.mark.parametrize(
    ("release", "listed", "expected"),
    [
        ("12.8", _CUDA_128, []),
        ("13.0", _CUDA_130, []),
        ("13.3", _CUDA_130 + " 13.0 13.0a 13.0f", []),
        (
            "14.0",
            _CUDA_130.removeprefix("7.5 "),
            [
                "of nvcc 14.0 the row from 13.0 has 7.5 among its capabilities, which it does not compile for",
                "of nvcc 14.0 the row from 13.0 names 7.5 as the oldest capability; it is 8.0",
            ],
        ),
        ("12.8", _CUDA_128 + " 10.0f", ["nvcc 12.8 takes 'f' with 10.0"]),
        ("12.9", _CUDA_128, ["nvcc 12.9 takes 'f' with nothing"]),
        ("12.8", _CUDA_128 + " 8.9a", ["nvcc 12.8 takes 'a' with 10.0, 10.1, 12.0, 8.9, 9.0"]),
    ],
)
def test_what_is_changed_by_hand_is_said(script: ModuleType, release: str, listed: str, expected: list[str]) -> None:
    """What the table says of a release and its compiler does not do is a sentence each."""
    cuda = json.loads(_TABLE.read_text("utf-8"))["cuda"]
    assert expected == script.doubts(_nvcc(script, release, listed), cuda)


def test_the_command(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --write a change is shown and fails; with it the table is written, after which nothing is left."""
    clang = find_hip_clang()
    if clang is None:
        pytest.skip("there is no clang for ROCm")
    table = Path(shutil.copy(_TABLE, tmp_path / _TABLE.name))
    table.write_text(table.read_text("utf-8").replace('"gfx1103", ', ""), "utf-8")
    monkeypatch.setattr(script, "_TABLE", table)
    monkeypatch.setenv("KERNEL_BUILDER_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str) -> tuple[int, bool, bool]:
        before = table.read_bytes()
        monkeypatch.setattr(sys, "argv", ["update_capabilities.py", *arguments])
        status: int = script.main()
        return status, "gfx1103" in capsys.readouterr().out, before != table.read_bytes()

    assert (1, True, False) == run()
    assert (0, True, True) == run("--write")
    assert (0, False, False) == run()
    assert _TABLE.read_bytes() == table.read_bytes()
