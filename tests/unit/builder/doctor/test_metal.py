"""Metal, as Xcode describes it."""

from pathlib import Path

import pytest
from support.machines import LINUX, MAC, WINDOWS, Tools, by_id, machine, statuses

from kernel_builder.doctor.metal import examine_metal
from kernel_builder.doctor.model import Diagnosis, Status
from kernels.variant import Platform

HERE = machine("metal", platform=MAC)
TOOLCHAIN = """Asset Path: /System/Library/AssetsV2/com_apple_MobileAsset_MetalToolchain/68d8.asset/AssetData
Build Version: 17B54
Status: {status}
Toolchain Identifier: com.apple.dt.toolchain.Metal.32023"""
COMPILER = "Apple metal version 32023.830 (metalfe-32023.830.2)\nTarget: air64-apple-darwin25.1.0"


def _xcode(tools: Tools, version: str = "26.1", status: str = "installed") -> None:
    shown = TOOLCHAIN.format(status=status)
    tools.add(
        "xcodebuild",
        f"Xcode {version}\nBuild version 17B55",
        body=f'test "$1" = -version || {{ echo "{shown}"; exit 0; }}',
    )
    metal = tools.add("toolchain/usr/bin/metal", COMPILER)
    answers = f"case $3 in --find) echo {metal};; *version) echo 26.1;; *path) echo /Xcode/MacOSX.sdk;; esac"
    tools.add("xcrun", body=answers)


@pytest.fixture(autouse=True)
def _no_toolchain_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METAL_TOOLCHAIN", raising=False)


@pytest.mark.parametrize("platform", [LINUX, WINDOWS])
def test_other_systems(tools: Tools, platform: Platform) -> None:
    """Elsewhere it is no question."""
    assert {"xcode": "not-here"} == statuses(examine_metal(machine(platform=platform)))


@pytest.mark.parametrize("status", ["installed", "installedUpdateAvailable"])
def test_metal(tools: Tools, status: str) -> None:
    """With Xcode and its Metal toolchain, the compiler is found; one that could be updated is installed too."""
    _xcode(tools, status=status)
    details = {name: one.detail for name, one in by_id(examine_metal(HERE)).items()}
    expected = {
        "xcode": f"26.1, {tools.folder}/xcodebuild",
        "macos-sdk": "26.1, /Xcode/MacOSX.sdk",
        "metal-toolchain": f"32023.830, {tools.folder}/toolchain/usr/bin/metal",
    }
    assert expected == details


def test_no_xcode(tools: Tools) -> None:
    """Without Xcode, the remedy is to install it and to choose it."""
    (found,) = examine_metal(HERE)
    assert found.remedy is not None
    assert (Status.NO, True) == (found.status, "xcode-select -s" in found.remedy.commands[0])


def test_only_the_command_line_tools(tools: Tools) -> None:
    """With the command line tools alone, xcodebuild's own words say what is missing."""
    said = "xcode-select: error: tool 'xcodebuild' requires Xcode, but active developer directory is something else"
    tools.add("xcodebuild", error=said, status=1)
    (found,) = examine_metal(HERE)
    assert (Status.NO, said) == (found.status, found.said)


def test_an_old_xcode(tools: Tools) -> None:
    """An Xcode before 26 is not enough."""
    _xcode(tools, version="16.4")
    (found,) = examine_metal(HERE)
    assert (Status.NO, f"Xcode 16.4 is older than 26.0, {tools.folder}/xcodebuild") == (found.status, found.detail)


def _metal_toolchain() -> Diagnosis:
    return by_id(examine_metal(HERE))["metal-toolchain"]


def test_no_toolchain(tools: Tools) -> None:
    """Without the Metal toolchain, the remedy is to download it."""
    _xcode(tools, status="uninstalled")
    found = _metal_toolchain()
    assert found.remedy is not None
    assert ("is uninstalled", ("xcodebuild -downloadComponent MetalToolchain",)) == (
        found.detail,
        found.remedy.commands,
    )


def test_a_toolchain_that_is_not_found(tools: Tools) -> None:
    """What xcrun does not find is a "no" in its own words: the SDK as well as the compiler."""
    _xcode(tools)
    said = "error: cannot execute tool 'metal' due to missing Metal Toolchain"
    tools.add("xcrun", error=said, status=1)
    found = by_id(examine_metal(HERE))
    for name in ("macos-sdk", "metal-toolchain"):
        assert (Status.NO, said) == (found[name].status, found[name].said)


def test_a_compiler_that_does_not_run(tools: Tools) -> None:
    """A compiler that is found and fails is a "no", in its own words."""
    _xcode(tools)
    tools.add("toolchain/usr/bin/metal", error="missing Metal Toolchain", status=1)
    assert (Status.NO, "missing Metal Toolchain") == (_metal_toolchain().status, _metal_toolchain().said)


@pytest.mark.parametrize("inside", ["", "Metal.xctoolchain"])
def test_a_toolchain_of_ones_own(tools: Tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inside: str) -> None:
    """The toolchain that METAL_TOOLCHAIN names is the one that is looked at; it may be the folder around it."""
    _xcode(tools, status="uninstalled")
    monkeypatch.setenv("METAL_TOOLCHAIN", str(tmp_path / "own"))
    assert f"METAL_TOOLCHAIN is {tmp_path / 'own'}, in which there is no usr/bin/metal" == _metal_toolchain().detail
    program = Tools(tmp_path / "own" / inside).add("usr/bin/metal", COMPILER.replace("830", "999"))
    assert (Status.YES, f"32023.999, {program}") == (_metal_toolchain().status, _metal_toolchain().detail)
