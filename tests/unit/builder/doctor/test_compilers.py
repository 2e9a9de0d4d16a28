"""The C++ compiler and the tools of every local build."""

import os
import shutil
from pathlib import Path

import pytest
from support.machines import LINUX, MAC, Tools, by_id, machine, statuses

from kernel_builder.doctor.compilers import examine_compilers
from kernel_builder.doctor.model import Status

REAL_PATH = os.environ["PATH"]
REAL_CXX = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ here")


@REAL_CXX
def test_a_real_machine(tools: Tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real compiler makes a program; CMake and Ninja are those that came with us. Nothing is left behind."""
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("CXX", "g++")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temp").mkdir()
    found = by_id(examine_compilers(machine()))
    assert [Status.YES] * 3 == [found[name].status for name in ("c++", "cmake", "ninja")]
    assert found["c++"].detail.endswith(f", {shutil.which('g++')}")
    assert [] == list((tmp_path / "temp").iterdir())


@REAL_CXX
def test_a_compiler_that_cannot_link(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that tells its version and makes no program is a "no", in the linker's own words."""
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("CXX", "g++ -lno_such_library")
    found = by_id(examine_compilers(machine()))["c++"]
    assert (Status.NO, True) == (found.status, "cannot find -lno_such_library" in found.said)


@REAL_CXX
def test_flags_of_the_environment_do_not_count(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds set aside the flags of the environment, so they cannot spoil the answer either."""
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("CXX", "g++")
    monkeypatch.setenv("LIBRARY_PATH", "/no/such/folder")
    monkeypatch.setenv("CPATH", "/no/such/folder")
    assert Status.YES is by_id(examine_compilers(machine()))["c++"].status


def test_nothing_on_path(tools: Tools) -> None:
    """Without any tool, each "no" has its remedy; CMake and Ninja are there, since they come as packages."""
    tools.add("apt-get")
    found = by_id(examine_compilers(machine()))
    expected = {"c++": "no", "libstdc++.a": "not-here", "cmake": "yes", "ninja": "yes", "git": "no", "ccache": "no"}
    assert expected == statuses(list(found.values()))
    commands = {name: one.remedy.commands for name, one in found.items() if one.remedy}
    root = "" if os.geteuid() == 0 else "sudo "
    assert {
        name: (f"{root}apt-get install -y {what}",)
        for name, what in (("c++", "g++"), ("git", "git"), ("ccache", "ccache"))
    } == commands


def test_cxx_names_nothing(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """When CXX names no program, the remedy is to mend CXX, and not to install another compiler."""
    tools.add("apt-get")
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = by_id(examine_compilers(machine()))["c++"]
    assert found.remedy is not None
    assert ("Mend or unset the environment variable CXX.", ()) == (found.remedy.step, found.remedy.commands)


def test_a_compiler_that_hangs(tools: Tools) -> None:
    """A compiler that does not answer is unknown."""
    path = tools.hang("c++")
    found = by_id(examine_compilers(machine()))["c++"]
    assert (Status.UNKNOWN, f"{path} did not answer within 1 seconds") == (found.status, found.detail)


def test_no_static_library(tools: Tools) -> None:
    """A compiler prints the bare name of a library that it does not have."""
    tools.add("c++", "libstdc++.a")
    tools.add("dnf")
    found = by_id(examine_compilers(machine()))["libstdc++.a"]
    assert found.remedy is not None
    assert (Status.NO, ()) == (found.status, found.question.needed_for)
    assert found.remedy.commands[0].endswith("dnf install -y libstdc++-static")


def test_only_linux_has_a_static_library_to_ask_for(tools: Tools) -> None:
    """Apple's macOS has no such question, and its compiler comes with Xcode's tools."""
    found = by_id(examine_compilers(machine(platform=MAC)))
    assert "libstdc++.a" not in found
    assert found["c++"].remedy is not None
    assert ("xcode-select --install",) == found["c++"].remedy.commands


def test_tools_that_are_there(tools: Tools) -> None:
    """Both git and a compiler cache are found, and git tells its version."""
    git, cache = tools.add("git", "git version 2.39.5"), tools.add("sccache")
    found = by_id(examine_compilers(machine(platform=LINUX)))
    assert f"2.39.5, {git}" == found["git"].detail
    assert f"{cache}, used when CMAKE_CXX_COMPILER_LAUNCHER is set to sccache" == found["ccache"].detail
