"""Device libraries are completed with what a compiler knows and they lack."""

import re
from pathlib import Path

import pytest
from support.rocm import install_rocm

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain.accelerators import find_device_libraries, find_hip_clang
from kernel_builder.toolchain.rocm import compilable_archs, complete_device_libraries, missing_archs
from kernel_builder.toolchain.tools import find_tool


@pytest.fixture
def clang() -> Path:
    """A clang of this machine that compiles for AMD's GPUs."""
    found = find_hip_clang()
    if found is None:
        pytest.skip("no clang++-19 or later is installed (Debian: clang-19)")
    return found


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    """A folder of device libraries for one device; what the files hold does not matter."""
    folder = tmp_path / "bitcode"
    folder.mkdir()
    for name in ("ocml.bc", "ockl.bc", "oclc_isa_version_906.bc"):
        (folder / name).write_text(name, "utf-8")
    return folder


def test_what_a_compiler_knows(clang: Path) -> None:
    """A real one lists at least what LLVM 19 has, and no whole families."""
    known = compilable_archs(clang)
    assert set(rocm_archs().supported) - {"gfx950"} <= known
    assert {"gfx9", "gfx10"}.isdisjoint({arch for arch in known if arch in rocm_archs().known})


def test_a_compiler_for_other_processors() -> None:
    """A program that does not know the question is an error, not an empty list."""
    with pytest.raises(ProcessError):
        compilable_archs(find_tool("ninja"))


def test_nothing_is_missing(libraries: Path, tmp_path: Path) -> None:
    """Libraries that have all that is asked for are used as they are, without a compiler."""
    assert [] == missing_archs(libraries, ["gfx906"])
    assert libraries == complete_device_libraries(libraries, Path("none"), frozenset({"gfx906"}), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_what_is_missing_is_made(clang: Path, libraries: Path, tmp_path: Path) -> None:
    """The folder has links to what there was, and a file for each of the others, with the number that its name says."""
    expected = {"gfx908": 9008, "gfx90a": 9010, "gfx942": 9402, "gfx1030": 10300, "gfx1101": 11001, "gfx1200": 12000}
    made = complete_device_libraries(libraries, clang, frozenset({"gfx906", *expected}), tmp_path / "cache")
    linked = {path.name: path.resolve() for path in made.iterdir() if path.is_symlink()}
    assert {path.name: path for path in libraries.iterdir()} == linked
    own = {path.name for path in made.iterdir()} - linked.keys()
    assert {f"oclc_isa_version_{arch[3:]}.bc" for arch in expected} == own
    assert expected == {arch: _number(clang, made, arch) for arch in expected}


def test_numbers_of_the_distribution(clang: Path, libraries: Path, tmp_path: Path) -> None:
    """What is made for a device says what the distribution's own file for it says."""
    theirs = find_device_libraries(clang)
    if theirs is None:
        pytest.skip("no device libraries of ROCm are installed (Debian: rocm-device-libs)")
    archs = set(rocm_archs().known) & compilable_archs(clang)
    archs -= {"gfx906", *missing_archs(theirs, archs)}
    made = complete_device_libraries(libraries, clang, frozenset(archs), tmp_path / "cache")
    assert {arch: _number(clang, theirs, arch) for arch in archs} == {
        arch: _number(clang, made, arch) for arch in archs
    }


def _number(clang: Path, libraries: Path, arch: str) -> int:
    """The constant that a device's file defines."""
    bitcode = libraries / f"oclc_isa_version_{arch[3:]}.bc"
    text = run([clang, "-x", "ir", "-S", "-emit-llvm", "--target=amdgcn-amd-amdhsa", "-nogpulib", bitcode, "-o", "-"])
    (number,) = re.findall(r"^@__oclc_ISA_version = .*constant i32 (\d+)", text, re.MULTILINE)
    return int(number)


def test_it_is_made_once(clang: Path, libraries: Path, tmp_path: Path) -> None:
    """The same question has the same answer; other libraries, or other devices, have a folder of their own."""
    cache, archs = tmp_path / "cache", frozenset({"gfx906", "gfx942"})
    first = complete_device_libraries(libraries, clang, archs, cache)
    before = {path.name: path.lstat().st_mtime_ns for path in first.iterdir()}
    assert first == complete_device_libraries(libraries, clang, archs, cache)
    assert before == {path.name: path.lstat().st_mtime_ns for path in first.iterdir()}
    more = complete_device_libraries(libraries, clang, archs | {"gfx1100"}, cache)
    (libraries / "ocml.bc").write_text("another release", "utf-8")
    assert 3 == len({first, more, complete_device_libraries(libraries, clang, archs, cache)})


def test_what_cannot_be_made(libraries: Path, tmp_path: Path) -> None:
    """Nothing is left of a folder that could not be completed."""
    rocm = install_rocm(tmp_path / "rocm")
    with pytest.raises((ProcessError, ToolchainError)):
        complete_device_libraries(libraries, rocm.clang, frozenset({"gfx942"}), tmp_path / "cache")
    assert [] == [path for path in (tmp_path / "cache").rglob("*") if path.suffix == ".bc"]
