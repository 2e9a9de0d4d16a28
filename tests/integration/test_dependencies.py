"""Libraries that components depend on: where a copy is taken from, and what is never taken."""

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from kernel_builder.config.names import component_depends
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.tools import find_tool

MODULE = templates_dir() / "project" / "dependencies" / "cmake" / "dependencies.cmake"
DATA = Path(__file__).parents[2] / "builder" / "kernel_builder" / "project" / "dependencies.json"
TABLE = {name: row for name, row in json.loads(DATA.read_text("utf-8")).items() if name != "doc"}
MARKER = "include/cutlass/version.h"


def test_every_name_has_a_row() -> None:
    """What build.toml may name can be found, and what is downloaded has a digest."""
    names = set(component_depends()) - {"torch"}
    assert names == set(TABLE)
    for row in TABLE.values():
        assert {"name", "folder", "version", "marker", "include", "variable"} <= set(row)
        assert ("url" in row) == ("sha256" in row)
        assert len(row.get("sha256", "0" * 64)) == 64


def _configure(
    folder: Path, name: str = "demo", *, row: dict[str, object] | None = None, code: int = 0, **env: str
) -> str:
    """Configure a project of two components, of which one depends on a library; what CMake says, on one line."""
    row = {
        "name": "Demo", "folder": "demo", "version": "1.0", "marker": MARKER, "include": ["include", "missing"],
        "variable": "DEMO_SRC_DIR", **(row or {}),
    }  # fmt: skip
    project = folder / "project"
    (project / "cmake").mkdir(parents=True, exist_ok=True)
    (project / "cmake" / "dependencies.json").write_text(json.dumps({"demo": row}), "utf-8")
    (project / "cmake" / MODULE.name).write_text(MODULE.read_text("utf-8"), "utf-8")
    (project / "a.cpp").write_text(f'#include "{MARKER.removeprefix("include/")}"\n', "utf-8")
    (project / "b.cpp").write_text("#if __has_include(<cutlass/version.h>)\n#error\n#endif\n", "utf-8")
    (project / "CMakeLists.txt").write_text(
        f"""\
cmake_minimum_required(VERSION 3.26)
project(demo LANGUAGES CXX)
include(cmake/dependencies.cmake)
add_library(a OBJECT a.cpp)
add_library(b OBJECT b.cpp)
kernel_depend(a {name})
""",
        "utf-8",
    )
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **env}
    options = [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DKERNEL_CACHE_DIR={folder / 'cache'}"]
    command: list[str | Path] = [find_tool("cmake"), "-S", project, "-B", folder / "build", "-G", "Ninja", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert code == done.returncode, done.stderr
    if code == 0:
        subprocess.run([find_tool("cmake"), "--build", folder / "build"], check=True, capture_output=True)
    return " ".join(done.stderr.split())


def _copy(folder: Path) -> Path:
    (folder / "include" / "cutlass").mkdir(parents=True)
    (folder / MARKER).write_text("#pragma once\n", "utf-8")
    return folder


def _archive(path: Path, top: str = "demo-1.0/") -> dict[str, object]:
    """A published archive, as a row of the table has it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{top}{MARKER}", "#pragma once\n")
    return {"url": path.as_uri(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_the_folder_that_the_variable_names(tmp_path: Path) -> None:
    """A person's own copy goes first, and only the component that depends on it gets its headers."""
    _configure(tmp_path, DEMO_SRC_DIR=str(_copy(tmp_path / "mine")))
    said = _configure(tmp_path / "other", code=1, DEMO_SRC_DIR=str(tmp_path))
    assert f"DEMO_SRC_DIR names {tmp_path}, which has no {MARKER}: it is no copy of Demo." in said


def test_a_folder_of_copies(tmp_path: Path) -> None:
    """Where machines have no network, copies lie in one folder, by name and version."""
    _copy(tmp_path / "copies" / "demo-1.0")
    _configure(tmp_path, KERNEL_BUILDER_DEPENDENCIES=str(tmp_path / "copies"))


def test_a_published_archive(tmp_path: Path) -> None:
    """An archive of the known digest is downloaded once, and kept without its top folder."""
    row = _archive(tmp_path / "demo.zip")
    _configure(tmp_path, row=row)
    (kept,) = (tmp_path / "cache").iterdir()
    assert (f"demo-1.0-{row['sha256']}", True) == (kept.name, (kept / MARKER).is_file())
    (tmp_path / "demo.zip").unlink()
    _configure(tmp_path, row=row)


def test_an_archive_of_another_digest(tmp_path: Path) -> None:
    """What is not what was published is not used, and not kept."""
    row = _archive(tmp_path / "demo.zip")
    (tmp_path / "demo.zip").write_bytes((tmp_path / "demo.zip").read_bytes() + b"x")
    said = _configure(tmp_path, row=row, code=1)
    assert "Demo 1.0 could not be downloaded from" in said
    assert f"not {row['sha256']}. Name a copy with the environment variable DEMO_SRC_DIR" in said
    assert [] == list((tmp_path / "cache").glob("*"))


def test_no_network(tmp_path: Path) -> None:
    """An archive that cannot be had is said to be so, with what to do instead."""
    row = {**_archive(tmp_path / "demo.zip"), "url": (tmp_path / "nowhere.zip").as_uri()}
    said = _configure(tmp_path, row=row, code=1)
    assert "Demo 1.0 could not be downloaded from" in said
    assert "KERNEL_BUILDER_DEPENDENCIES" in said


def test_nothing_is_downloaded_without_a_digest(tmp_path: Path) -> None:
    """Where no digest is known, a copy has to be there."""
    said = _configure(tmp_path, code=1)
    assert "Demo 1.0 is needed, and there is no archive of it whose digest is known." in said


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    """An archive without the file that every copy has is refused."""
    said = _configure(tmp_path, row={**_archive(tmp_path / "demo.zip"), "marker": "include/other.h"}, code=1)
    assert "The archive of Demo 1.0 has no include/other.h" in said


@pytest.mark.parametrize("release", ["2025.3", "2026.0"])
def test_the_release_of_oneapi_decides(release: str) -> None:
    """Each release of oneAPI that kernels are built with has its SYCL*TLA."""
    assert release in TABLE["sycl_tla"]["releases"]
