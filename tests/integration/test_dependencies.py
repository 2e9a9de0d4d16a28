"""Libraries that components depend on: where a copy is taken from, and what is never taken."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.icpx import install_icpx
from support.projects import ROOT, copy_example, kernel_builder
from support.sycl_runtime import sycl_runtime
from support.torches import xpu_torch

from kernel_builder.config.names import component_depends
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.tools import find_tool

CMAKE = templates_dir() / "project"
MODULES = (CMAKE / "dependencies" / "cmake" / "dependencies.cmake", CMAKE / "compiled" / "cmake" / "facts.cmake")
DATA = ROOT / "builder" / "kernel_builder" / "project" / "dependencies.json"
TABLE = {name: row for name, row in json.loads(DATA.read_text("utf-8")).items() if name != "doc"}
MARKER = "include/cutlass/version.h"
#: What is compiled: the component `a` depends on `demo`, `b` on nothing, and `c`, if there is one, on another library.
SOURCES = {
    "a.cpp": "#include <cutlass/version.h>\n#ifndef USE_DEMO\n#error\n#endif\n",
    "b.cpp": "#if __has_include(<cutlass/version.h>) || defined USE_DEMO\n#error\n#endif\n",
    "c.cpp": "#include <other.h>\n#if __has_include(<cutlass/version.h>) || defined USE_DEMO\n#error\n#endif\n",
}


@pytest.mark.parametrize("name", sorted(set(component_depends()) - {"torch"}))
def test_every_name_has_a_row(name: str) -> None:
    """What build.toml may name is known, with a version, and with a digest for all that may be downloaded."""
    row = TABLE[name]
    assert {"name", "folder", "variable", "marker", "include", "definitions"} <= set(row)
    # In CMake a list is a text with semicolons.
    assert ";" not in json.dumps(row)
    releases = list(row.get("releases", {"": row}).values())
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)*", release["version"]) for release in releases)
    sources = [source for release in releases for source in release["sources"]]
    for source in sources:
        assert ("url" in source) != ("package" in source)
        assert re.fullmatch(r"SHA256=[0-9a-f]{64}|SHA512=[0-9a-f]{128}", source["digest"])
        assert source["origin"]
    # Of SYCL*TLA there are packages, but not of each version, and nobody has published digests of its archives.
    assert [] == [
        release["version"] for release in releases if not release["sources"] and release["version"] != "0.9.2"
    ]


def test_there_are_no_other_rows() -> None:
    """Every row is of a name that build.toml may use."""
    assert sorted(set(component_depends()) - {"torch"}) == sorted(TABLE)


@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("cutlass")])
def test_the_name_says_the_version(name: str) -> None:
    """The version of CUTLASS is one of those that the name means."""
    assert name.removeprefix("cutlass_").split("_") == TABLE[name]["version"].split(".")[:2]


def _configure(
    folder: Path,
    *,
    row: Mapping[str, Any] | None = None,
    other: Mapping[str, Any] | None = None,
    options: tuple[str, ...] = (),
    code: int = 0,
    env: Mapping[str, str] | None = None,
) -> str:
    """Configure a project of components, and compile it; what CMake says of it, on one line."""
    demo = {
        "backends": ["metal"], "name": "Demo", "folder": "demo", "version": "1.0.2", "marker": MARKER,
        "macros": "DEMO", "include": ["include", "missing"], "variable": "DEMO_SRC_DIR", "definitions": ["USE_DEMO"],
        "sources": [], **(row or {}),
    }  # fmt: skip
    rows = {"demo": demo, "other": {**demo, **(other or {})}}
    project = folder / "project"
    (project / "cmake").mkdir(parents=True, exist_ok=True)
    (project / "cmake" / "dependencies.json").write_text(json.dumps(rows), "utf-8")
    for module in MODULES:
        (project / "cmake" / module.name).write_text(module.read_text("utf-8"), "utf-8")
    for name, text in SOURCES.items():
        (project / name).write_text(text, "utf-8")
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\n"
        "project(demo LANGUAGES CXX)\n"
        'list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_SOURCE_DIR}/cmake")\n'
        "if(ONEAPI)\nset(CMAKE_CXX_COMPILER_VERSION ${ONEAPI})\nendif()\n"
        "include(dependencies)\n"
        "add_library(a OBJECT a.cpp)\nadd_library(b OBJECT b.cpp)\nkernel_depend(a demo)\n"
        + ("add_library(c OBJECT c.cpp)\nkernel_depend(c other)\n" if other else ""),
        "utf-8",
    )
    quiet = {name: text for name, text in os.environ.items() if name != "KERNEL_BUILDER_DEPENDENCIES"}
    command: list[str | Path] = [find_tool("cmake"), "-S", project, "-B", folder / "build", "-G", "Ninja"]
    command += [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DPython_EXECUTABLE={sys.executable}"]
    command += [f"-DKERNEL_CACHE_DIR={folder / 'cache'}", "-DKERNEL_BACKEND=metal", *options]
    done = subprocess.run(command, env={**quiet, **(env or {})}, capture_output=True, text=True, check=False)
    assert code == done.returncode, done.stdout + done.stderr
    if code == 0:
        subprocess.run([find_tool("cmake"), "--build", folder / "build"], check=True, capture_output=True)
    return " ".join(done.stderr.split())


def _header(version: str = "1.0") -> str:
    major, minor = version.split(".")
    return f"#pragma once\n#define DEMO_MAJOR {major}\n#define DEMO_MINOR {minor}\n"


def _copy(folder: Path, version: str = "1.0") -> Path:
    (folder / "include" / "cutlass").mkdir(parents=True)
    (folder / MARKER).write_text(_header(version), "utf-8")
    return folder


def _digest(path: Path, algorithm: str = "sha256") -> str:
    return f"{algorithm.upper()}={hashlib.new(algorithm, path.read_bytes()).hexdigest()}"


def _archive(path: Path, top: str = "demo-1.0.2/", algorithm: str = "sha256") -> dict[str, Any]:
    """A published archive, as the table has it."""
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{top}{MARKER}", _header())
        archive.writestr(f"{top}LICENSE.txt", "Free.\n")
    return {"sources": [{"url": path.as_uri(), "digest": _digest(path, algorithm), "origin": "a test"}]}


def _kept(folder: Path) -> list[str]:
    """The folders in the cache, each with whether it is a whole copy."""
    return [f"{path.name}: {(path / MARKER).is_file()}" for path in sorted((folder / "cache").glob("*"))]


# Copies of one's own


def test_the_folder_that_the_variable_names(tmp_path: Path) -> None:
    """A person's own copy goes first; only the component that depends on it gets its headers and definitions."""
    _copy(tmp_path / "copies" / "demo-1.0.2", "3.0")
    env = {"DEMO_SRC_DIR": str(_copy(tmp_path / "mine")), "KERNEL_BUILDER_DEPENDENCIES": str(tmp_path / "copies")}
    _configure(tmp_path, env=env)


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (None, f"which has no {MARKER}: it is no copy of Demo."),
        ("2.1", "which is Demo 2.1; Demo 1.0 is needed."),
    ],
)
def test_a_folder_with_something_else(tmp_path: Path, version: str | None, problem: str) -> None:
    """A folder that is no copy, or one of another version, is refused."""
    mine = _copy(tmp_path / "mine", version) if version else tmp_path
    assert f"demo: DEMO_SRC_DIR names {mine}, {problem}" in _configure(
        tmp_path, code=1, env={"DEMO_SRC_DIR": str(mine)}
    )


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_folder_of_copies(tmp_path: Path, by: str) -> None:
    """Where machines have no network, copies lie in one folder, by name and version."""
    copies = _copy(tmp_path / "copies" / "demo-1.0.2").parent
    if by == "option":
        _configure(tmp_path, options=(f"-DKERNEL_DEPENDENCIES_DIR={copies}",))
    else:
        _configure(tmp_path, env={"KERNEL_BUILDER_DEPENDENCIES": str(copies)})


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("name", ["demo-1.0.2.zip", "published.zip"])
def test_an_archive_in_a_folder_of_copies(tmp_path: Path, name: str, algorithm: str) -> None:
    """A copy there may be the archive as it was published, under the name of the folder or its own."""
    row = _archive(tmp_path / "copies" / name, algorithm=algorithm)
    row["sources"][0] |= {"url": (tmp_path / "nowhere.zip").as_uri(), "file": "published.zip"}
    for _ in range(2):
        _configure(tmp_path, row=row, env={"KERNEL_BUILDER_DEPENDENCIES": str(tmp_path / "copies")})
    start = row["sources"][0]["digest"].partition("=")[2][:12]
    assert [f"demo-1.0.2-{start}: True"] == _kept(tmp_path)


def test_another_archive_in_a_folder_of_copies(tmp_path: Path) -> None:
    """An archive there that is not what was published is not used."""
    archive = tmp_path / "copies" / "demo-1.0.2.zip"
    row = _archive(archive)
    archive.write_bytes(archive.read_bytes() + b"x")
    env = {"KERNEL_BUILDER_DEPENDENCIES": str(archive.parent)}
    said = _configure(tmp_path, row=row, code=1, env=env)
    assert f"{archive} is not an archive that is known to have been published" in said
    assert f"unpack it into {archive.with_suffix('')}." in said
    assert [] == _kept(tmp_path)


# Downloads


@pytest.mark.parametrize("top", ["demo-1.0.2/", ""])
def test_a_published_archive(tmp_path: Path, top: str) -> None:
    """An archive of the known digest is downloaded once, and kept without its top folder."""
    row = _archive(tmp_path / "demo.zip", top)
    start = row["sources"][0]["digest"].partition("=")[2][:12]
    _configure(tmp_path, row=row)
    (tmp_path / "demo.zip").unlink()
    _configure(tmp_path, row=row)
    assert [f"demo-1.0.2-{start}: True"] == _kept(tmp_path)


def test_an_archive_of_another_digest(tmp_path: Path) -> None:
    """What is not what was published is not used, and not kept."""
    row = _archive(tmp_path / "demo.zip")
    (tmp_path / "demo.zip").write_bytes((tmp_path / "demo.zip").read_bytes() + b"x")
    said = _configure(tmp_path, row=row, code=1)
    assert f"{(tmp_path / 'demo.zip').as_uri()}: its digest is not the one that is known" in said
    assert [] == _kept(tmp_path)


def test_no_network(tmp_path: Path) -> None:
    """An archive that cannot be had is said to be so, with the three things that can be done."""
    row = _archive(tmp_path / "demo.zip")
    (tmp_path / "demo.zip").unlink()
    said = _configure(tmp_path, row=row, code=1)
    assert "demo needs Demo 1.0.2, and there is no copy of it." in said
    assert "the environment variable DEMO_SRC_DIR; put it, as the folder demo-1.0.2 or as" in said
    assert "into a folder that KERNEL_BUILDER_DEPENDENCIES names; or build where it can be downloaded." in said
    assert [] == _kept(tmp_path)


def test_nothing_is_downloaded_without_a_digest(tmp_path: Path) -> None:
    """Where no digest is known, a copy has to be there."""
    said = _configure(tmp_path, code=1)
    assert "Nothing of it can be downloaded, since no digest of an archive of it is known." in said
    assert "DEMO_SRC_DIR; or put it, as the folder demo-1.0.2, into a folder that KERNEL_BUILDER_DEPENDENCIES" in said


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    """An archive without the file that every copy has is refused."""
    said = _configure(tmp_path, row={**_archive(tmp_path / "demo.zip"), "marker": "include/other.h"}, code=1)
    assert "which has no include/other.h: it is no copy of Demo." in said


def _package(folder: Path) -> dict[str, Any]:
    """A package of Python with a copy in it, as the table has it."""
    info = "demo_headers-1.0.2.dist-info"
    files = {
        f"inner/source/{MARKER}": _header(),
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: demo-headers\nVersion: 1.0.2\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    folder.mkdir()
    wheel = folder / "demo_headers-1.0.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    source = {"package": "demo-headers==1.0.2", "file": wheel.name, "root": "inner/source", "origin": "pip"}
    return {"sources": [{**source, "digest": _digest(wheel)}]}


def _pip(folder: Path) -> dict[str, str]:
    """The environment of a pip that knows the packages of one folder only."""
    quiet = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "HOME": str(folder)}
    return {**quiet, "PIP_FIND_LINKS": str(folder / "wheels")}


def test_a_package_of_python(tmp_path: Path) -> None:
    """A copy is taken out of a package, by pip, whose file has the known digest; nothing is installed."""
    row = _package(tmp_path / "wheels")
    start = row["sources"][0]["digest"].partition("=")[2][:12]
    _configure(tmp_path, row=row, env=_pip(tmp_path))
    assert [f"demo-1.0.2-{start}: True"] == _kept(tmp_path)
    # The file itself may lie in a folder of copies, too.
    _configure(tmp_path / "b", row=row, env={"KERNEL_BUILDER_DEPENDENCIES": str(tmp_path / "wheels")})
    assert [f"demo-1.0.2-{start}: True"] == _kept(tmp_path / "b")


def test_the_next_source(tmp_path: Path) -> None:
    """Where a package cannot be had, the archive is taken; what was in the way is said only if nothing can be had."""
    sources = _package(tmp_path / "elsewhere")["sources"] + _archive(tmp_path / "demo.zip")["sources"]
    (tmp_path / "wheels").mkdir()
    assert "" == _configure(tmp_path, row={"sources": sources}, env=_pip(tmp_path))
    (tmp_path / "demo.zip").unlink()
    said = _configure(tmp_path / "b", row={"sources": sources}, env=_pip(tmp_path), code=1)
    assert "the Python package demo-headers==1.0.2: ERROR: No matching distribution found" in said
    assert f"{(tmp_path / 'demo.zip').as_uri()}: " in said


# Components


def test_each_component_has_its_own(tmp_path: Path) -> None:
    """Two components that depend on different libraries do not see each other's."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "other.h").write_text("#define DEMO_MAJOR 1\n#define DEMO_MINOR 0\n", "utf-8")
    other = {"marker": "other.h", "include": ["."], "variable": "OTHER_SRC_DIR", "definitions": []}
    _configure(tmp_path, other=other, env={"DEMO_SRC_DIR": str(_copy(tmp_path / "mine")), "OTHER_SRC_DIR": str(theirs)})


def test_a_library_of_another_backend(tmp_path: Path) -> None:
    """It is not looked for, nor its headers given: check-config says that it should be left out."""
    row = {"definitions": [], "backends": ["cuda"]}
    with pytest.raises(subprocess.CalledProcessError) as raised:
        _configure(tmp_path, row=row)
    assert b"cutlass/version.h: No such file" in raised.value.stdout


# Releases of oneAPI


def test_the_release_of_oneapi_decides(tmp_path: Path) -> None:
    """Each release of oneAPI has its version; others are refused, unless there is a copy of one's own."""
    row = {"releases": {"2025.3": {"version": "0.8", "sources": []}, "2026.0": {"version": "0.9.2", "sources": []}}}
    compiled = "-DONEAPI={}"
    said = _configure(tmp_path / "a", row=row, options=(compiled.format("2026.0.1"),), code=1)
    assert "demo needs Demo 0.9.2" in said
    said = _configure(tmp_path / "b", row=row, options=(compiled.format("2026.2.0"),), code=1)
    assert "There is no demo for oneAPI 2026.2; there is one for each of 2025.3, 2026.0." in said
    env = {"DEMO_SRC_DIR": str(_copy(tmp_path / "mine"))}
    _configure(tmp_path / "c", row=row, options=(compiled.format("2026.2.0"),), env=env)


# The real libraries (that of CUDA is in test_cuda.py)


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="the compilers and their stand-ins are those of Linux")
@pytest.mark.timeout(1200)
def test_the_example_with_sycl_tla(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """SYCL*TLA comes out of its package, and a clang compiles the example with it, for the host, as CMake would."""
    clang = shutil.which("clang++-19") or shutil.which("clang++")
    if clang is None:
        pytest.skip("there is no clang")
    sycl = sycl_runtime(pytestconfig.cache.mkdir("sycl"), "2026.0.0")
    kernel, build = copy_example(ROOT / "examples" / "gemm-cutlass", tmp_path / "kernel"), tmp_path / "build"
    assert 0 == kernel_builder("create-pyproject", kernel).returncode
    icpx = install_icpx(tmp_path / "oneapi", "2025.3.0").icpx
    command: list[str | Path] = [find_tool("cmake"), "-S", kernel, "-B", build, "-G", "Ninja"]
    command += ["-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}"]
    command += [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_CXX_COMPILER={icpx}", "-DKERNEL_BACKEND=xpu"]
    command += [f"-DKERNEL_CACHE_DIR={pytestconfig.cache.mkdir('dependencies')}"]
    own = {name: text for name, text in os.environ.items() if name not in ("KERNEL_BUILDER_DEPENDENCIES", "CXX")}
    env = {**own, "PYTHONPATH": str(xpu_torch(tmp_path / "site", "2025.3"))}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if "and there is no copy of it" in " ".join(done.stderr.split()):
        pytest.skip("SYCL*TLA cannot be had")
    assert 0 == done.returncode, done.stderr
    commands = json.loads((build / "compile_commands.json").read_text("utf-8"))
    seen = {}
    for one in commands:
        words = shlex.split(one["command"])
        kept = [word for word in words if word.startswith(("-D", "-I", "-std="))]
        kept += [word for at, name in enumerate(words) if name == "-isystem" for word in words[at : at + 2]]
        # What icpx says of itself and of SYCL.
        kept += ["-D__INTEL_LLVM_COMPILER=20250300", "-DSYCL_LANGUAGE_VERSION=202012L", "-isystem", f"{sycl}/include"]
        syntax = [clang, "-fsyntax-only", "-w", *kept, one["file"]]
        compiled = subprocess.run(syntax, cwd=build, capture_output=True, text=True, check=False)
        assert 0 == compiled.returncode, compiled.stderr
        seen[Path(one["file"]).name] = any("sycl-tla-0.8-" in word for word in kept)
    assert {"gemm.cpp": True, "torch_binding.cpp": False} == seen
