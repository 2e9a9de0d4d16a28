"""CMake, Ninja and the C++ compiler are found where they are."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.tools import available_cores, find_compiler, find_tool


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


def _program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["cmake", "ninja"])
def test_tools_that_came_with_us(folder: Path, name: str) -> None:
    """The programs of the Python packages come before those on PATH, and run."""
    _program(folder, name)
    tool = find_tool(name)
    assert folder != tool.parent
    assert subprocess.run([tool, "--version"], check=True, capture_output=True).stdout


def test_tool_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, the program on PATH is taken."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert _program(folder, "cmake") == find_tool("cmake")


def test_no_tool(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either, the message says how to install it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolchainError, match=r"^ninja was not found$") as raised:
        find_tool("ninja")
    assert "Install it with: pip install ninja" == raised.value.hint


def test_compiler_on_path(folder: Path) -> None:
    """The first of c++, g++ and clang++ is taken."""
    clang = _program(folder, "clang++")
    assert str(clang) == find_compiler()
    compiler = _program(folder, "c++")
    assert str(compiler) == find_compiler()


@pytest.mark.parametrize("suffix", ["", " -m64", " other"])
def test_compiler_that_was_named(folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """CXX comes first; its first word is the program."""
    _program(folder, "c++")
    mine = _program(folder, "mine")
    monkeypatch.setenv("CXX", f"{mine}{suffix}")
    assert str(mine) == find_compiler()


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_cxx_names_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """An empty CXX is as none."""
    compiler = _program(folder, "g++")
    monkeypatch.setenv("CXX", value)
    assert str(compiler) == find_compiler()


@pytest.mark.parametrize(("cxx", "looked"), [(None, r"c\+\+, g\+\+, clang\+\+, cl"), ("no-such", "no-such")])
def test_no_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, cxx: str | None, looked: str) -> None:
    """Without a compiler, the message says what was looked for; a CXX that does not exist is not replaced."""
    if cxx:
        _program(folder, "c++")
        monkeypatch.setenv("CXX", cxx)
    with pytest.raises(ToolchainError, match=rf"no C\+\+ compiler was found \(looked for {looked}\)"):
        find_compiler()


def test_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processors that this process may use count, or all where the system cannot tell."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert 3 == available_cores()
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert 7 == available_cores()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert 1 == available_cores()
