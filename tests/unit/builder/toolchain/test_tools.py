"""CMake, Ninja and the C++ compiler are found where they are."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain import tools
from kernel_builder.toolchain.tools import available_cores, compile_jobs, find_compiler, find_launcher, find_tool


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("CMAKE_CXX_COMPILER_LAUNCHER", raising=False)
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
    assert ("clang++", _identity(clang)) == find_compiler()
    compiler = _program(folder, "c++")
    assert ("c++", _identity(compiler)) == find_compiler()


def test_a_compiler_that_is_replaced_is_another(folder: Path) -> None:
    """An update in place, under the same path, is told from the compiler that was there before."""
    compiler = _program(folder, "c++")
    before = find_compiler()
    compiler.write_text(compiler.read_text() + "# updated\n")
    assert before != find_compiler()


@pytest.mark.parametrize(("quote", "words"), [("", []), ("", ["-m64"]), ("'", []), ("", ["other"])])
def test_compiler_that_was_named(folder: Path, monkeypatch: pytest.MonkeyPatch, quote: str, words: list[str]) -> None:
    """CXX comes first and is read as a shell reads it; every word and every program in it counts."""
    _program(folder, "c++")
    mine, other = _program(folder, "mine"), _program(folder, "other")
    monkeypatch.setenv("CXX", " ".join([f"{quote}{mine}{quote}", *words]))
    programs = [mine, *([other] if "other" in words else [])]
    assert (str(mine), *words, *map(_identity, programs)) == find_compiler()


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_cxx_names_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """An empty CXX is as none."""
    compiler = _program(folder, "g++")
    monkeypatch.setenv("CXX", value)
    assert ("g++", _identity(compiler)) == find_compiler()


def test_no_compiler(folder: Path) -> None:
    """Without a compiler, the message says what was looked for and how to get one."""
    with pytest.raises(
        ToolchainError, match=r"^no C\+\+ compiler was found \(looked for c\+\+, g\+\+, clang\+\+, cl\)$"
    ):
        find_compiler()


@pytest.mark.parametrize("value", ["no-such", "no-such c++"])
def test_a_named_compiler_is_not_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """When CXX names a program that does not exist, that is said, and no other compiler is taken."""
    _program(folder, "c++")
    monkeypatch.setenv("CXX", value)
    with pytest.raises(ToolchainError, match=r"^CXX names the compiler 'no-such', which was not found$"):
        find_compiler()


def _identity(program: Path) -> str:
    facts = program.stat()
    return f"{program.resolve()} {facts.st_size} {facts.st_mtime_ns}"


def test_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processors that this process may use count, or all where the system cannot tell."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert 3 == available_cores()
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert 7 == available_cores()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert 1 == available_cores()


def test_a_compiler_cache_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ccache and sccache the first is taken; what CMake is told of by its own variable is left to CMake."""
    assert find_launcher() is None
    other = _program(folder, "sccache")
    assert other == find_launcher()
    launcher = _program(folder, "ccache")
    assert launcher == find_launcher()
    monkeypatch.setenv("CMAKE_CXX_COMPILER_LAUNCHER", "distcc")
    assert find_launcher() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is free")
def test_jobs_are_bounded_by_processors_and_by_memory() -> None:
    """As many compilers as processors, fewer where the memory does not last, and always one."""
    assert (available_cores(), 1) == (compile_jobs(1), compile_jobs(1 << 60))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
def test_jobs_are_bounded_by_the_memory_of_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a container may still take counts, not what the machine has; without a limit, the machine's counts."""
    monkeypatch.setattr(tools, "_CGROUP", tmp_path)
    monkeypatch.setattr(tools, "available_cores", lambda: 64)
    (tmp_path / "memory.max").write_text("5000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    assert 3 == compile_jobs(1_000_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert 64 == compile_jobs(1)
