"""The compiler of shaders is found as Xcode has it, or where a person says that it is."""

import shutil
import sys
from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.xcode import Xcode, install_xcode

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.accelerator import Accelerator, find_accelerator
from kernel_builder.toolchain.metal import metal_accelerator


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool."""
    monkeypatch.delenv("METAL_TOOLCHAIN", raising=False)
    return empty_machine(tmp_path, monkeypatch)


def _install(tools: Tools, *, component: bool = True, xcrun: bool = True) -> Xcode:
    """Xcode with all its programs on PATH."""
    xcode = install_xcode(tools.folder.parent / "xcode", component=component, xcrun=xcrun)
    for program in xcode.bin.iterdir():
        shutil.copy(program, tools.folder)
    return xcode


def test_xcode(tools: Tools, tmp_path: Path) -> None:
    """With Xcode, its xcrun runs the compiler, and CMake needs no word of it."""
    _install(tools)
    expected = Accelerator(
        backend="metal",
        version=None,
        name="metal 32023.830",
        settings=(),
        identity=("xcrun", "-sdk", "macosx", "metal", "32023.830", str(tmp_path / "xcode" / "MacOSX.sdk"), "26.1"),
    )
    assert expected == find_accelerator("metal", None, cache=tmp_path)


def test_a_toolchain_that_xcrun_does_not_know(tools: Tools, tmp_path: Path) -> None:
    """A toolchain that Xcode has mounted is used although xcrun does not find it."""
    xcode = _install(tools, xcrun=False)
    found = metal_accelerator(None, tmp_path)
    assert ("metal 32023.830", (f"-DMETAL_TOOLCHAIN={xcode.toolchain}",)) == (found.name, found.settings)


@pytest.mark.parametrize("inside", [True, False])
def test_a_toolchain_that_is_named(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """METAL_TOOLCHAIN comes before what Xcode has; it may be the folder around the toolchain. No Xcode is needed."""
    xcode = install_xcode(tmp_path / "xcode")
    monkeypatch.setenv("METAL_TOOLCHAIN", str(xcode.toolchain if inside else xcode.toolchain.parent))
    found = metal_accelerator(None, tmp_path)
    assert (f"-DMETAL_TOOLCHAIN={xcode.toolchain}",) == found.settings
    assert str(xcode.toolchain / "usr" / "bin" / "metal") == found.identity[0]


@pytest.mark.parametrize(("system", "reason"), [("linux", "this is another system"), ("darwin", "xcrun was not found")])
def test_no_xcode(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, reason: str) -> None:
    """Without Xcode, the error says on which system it would be, and how to install all that is needed."""
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(ToolchainError) as failure:
        metal_accelerator(None, tmp_path)
    assert f"kernels for metal are built on macOS with Xcode; {reason}" == str(failure.value)
    assert "xcodebuild -downloadComponent MetalToolchain" in failure.value.hint


def test_no_toolchain(tools: Tools, tmp_path: Path) -> None:
    """Without the Metal toolchain, the error has xcrun's own words, and the command that installs it."""
    _install(tools, component=False, xcrun=False)
    with pytest.raises(ToolchainError, match=r"does not run: error: .* missing Metal Toolchain") as failure:
        metal_accelerator(None, tmp_path)
    assert failure.value.hint.endswith("xcodebuild -downloadComponent MetalToolchain")


def test_a_wrong_folder(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is no toolchain is refused by its name, also where Xcode has one."""
    _install(tools)
    monkeypatch.setenv("METAL_TOOLCHAIN", str(tmp_path))
    with pytest.raises(ToolchainError, match=f"METAL_TOOLCHAIN is {tmp_path}, in which there is no usr/bin/metal"):
        metal_accelerator(None, tmp_path)


def test_another_program(tools: Tools, tmp_path: Path) -> None:
    """What answers, but not as the compiler of shaders does, is none."""
    tools.add("xcrun", "clang version 19")
    with pytest.raises(ToolchainError, match="says nothing of a compiler of Metal shaders"):
        metal_accelerator(None, tmp_path)
