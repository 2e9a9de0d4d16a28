"""Of several releases of oneAPI, the compiler of the one that is needed is found and set up."""

import os
from pathlib import Path

import pytest
from support.icpx import install_icpx
from support.machines import Tools, empty_machine

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.oneapi import find_ocloc, installed_icpx, oneapi_accelerator
from kernels.backend import MajorMinor


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool; its oneAPI would be in `ONEAPI_DIR` of the test's folder."""
    return empty_machine(tmp_path, monkeypatch)


@pytest.fixture
def oneapi(tools: Tools, tmp_path: Path) -> Path:
    """The folder of oneAPI with three releases, of which `latest` names the newest."""
    root = tmp_path / "ONEAPI_DIR"
    for version in ("2025.3.2", "2026.0.0", "2025.10.1"):
        install_icpx(root, version)
    (root / "compiler" / "latest").symlink_to("2026.0")
    return root


def test_nothing(tools: Tools, tmp_path: Path) -> None:
    """Without oneAPI, the error says where was looked, and which package to install."""
    with pytest.raises(ToolchainError) as failure:
        oneapi_accelerator(MajorMinor(2025, 3), tmp_path)
    assert (
        "icpx of oneAPI 2025.3, which compiles for xpu, is not installed; none was found (CXX, CMPLR_ROOT, PATH, "
        "ONEAPI_ROOT, /opt/intel/oneapi)"
    ) == str(failure.value)
    assert "the package intel-oneapi-compiler-dpcpp-cpp-2025.3 of" in failure.value.hint


def test_side_by_side(oneapi: Path) -> None:
    """Every release is found once: the one that a shell would use first, the others from new to old."""
    assert ["2026.0.0", "2025.10.1", "2025.3.2"] == [one.version for one in installed_icpx()]


@pytest.mark.parametrize("release", ["2025.3", "2025.10", "2026.0"])
def test_the_release_that_is_needed(oneapi: Path, tmp_path: Path, release: str) -> None:
    """The compiler, the folder of its libraries and its name are those of one release; no compiler cache is used."""
    found = oneapi_accelerator(MajorMinor.parse(release), tmp_path)
    root = oneapi / "compiler" / release
    assert MajorMinor.parse(release) == found.version
    assert found.name.startswith(f"icpx {release}.")
    assert (root / "lib",) == found.libraries
    compiler = Path(found.settings[0].removeprefix("-DCMAKE_CXX_COMPILER="))
    assert root / "bin" / "icpx" == compiler.resolve()
    assert "-DCMAKE_CXX_COMPILER_LAUNCHER=" == found.settings[1]


def test_any_release(oneapi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is asked for, it is the one that a shell would use: of CXX, of CMPLR_ROOT, or the latest."""
    assert MajorMinor(2026, 0) == oneapi_accelerator(None, tmp_path).version
    monkeypatch.setenv("CMPLR_ROOT", str(oneapi / "compiler" / "2025.3"))
    assert MajorMinor(2025, 3) == oneapi_accelerator(None, tmp_path).version
    monkeypatch.setenv("CXX", str(oneapi / "compiler" / "2025.10" / "bin" / "icpx"))
    assert MajorMinor(2025, 10) == oneapi_accelerator(None, tmp_path).version


def test_another_release(oneapi: Path, tmp_path: Path) -> None:
    """Where only others are installed, the error names them."""
    with pytest.raises(ToolchainError) as failure:
        oneapi_accelerator(MajorMinor(2025, 2), tmp_path)
    assert f"2025.10.1 in {oneapi / 'compiler' / '2025.10'}, 2025.3.2 in" in str(failure.value)


def test_a_compiler_of_another_kind(tools: Tools) -> None:
    """What is called icpx and says nothing of the kind, or does not run, is none."""
    tools.add("icpx", "clang version 21.0.0")
    assert () == installed_icpx()
    tools.add("icpx", status=1)
    assert () == installed_icpx()


def test_ocloc(tools: Tools, tmp_path: Path) -> None:
    """Without the compiler for GPUs, nothing is begun; it may be beside icpx, with oneAPI, or on PATH."""
    icpx = install_icpx(tmp_path / "ONEAPI_DIR").icpx
    icpx.with_name("ocloc").unlink()
    with pytest.raises(ToolchainError) as failure:
        oneapi_accelerator(None, tmp_path)
    assert "icpx needs ocloc of Intel's compute runtime, which is neither beside it nor on PATH" in str(failure.value)
    path = tools.add("ocloc")
    assert path == find_ocloc(icpx)
    component = Tools(tmp_path / "ONEAPI_DIR" / "ocloc" / "latest" / "bin").add("ocloc")
    assert component == find_ocloc(icpx)
    assert MajorMinor(2025, 3) == oneapi_accelerator(None, tmp_path).version


def test_the_environment(oneapi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler finds its own libraries and its ocloc before those of a release that the shell was set up for."""
    for release in ("2025.3", "2026.0"):
        (oneapi / "compiler" / release / "bin" / "ocloc").unlink()
        Tools(oneapi / "ocloc" / release / "bin").add("ocloc")
    monkeypatch.setenv("CMPLR_ROOT", str(oneapi / "compiler" / "2026.0"))
    monkeypatch.setenv("LD_LIBRARY_PATH", "other")
    monkeypatch.setenv("ICPXCFG", "other.cfg")
    found = oneapi_accelerator(MajorMinor(2025, 3), tmp_path).environment
    compiler, ocloc = oneapi / "compiler" / "2025.3", oneapi / "ocloc" / "2025.3"
    assert str(compiler) == found["CMPLR_ROOT"]
    assert None is found["ICPXCFG"]
    assert [str(compiler / "bin"), str(ocloc / "bin"), os.environ["PATH"]] == str(found["PATH"]).split(os.pathsep)
    assert [str(compiler / "lib"), str(ocloc / "lib"), "other"] == str(found["LD_LIBRARY_PATH"]).split(os.pathsep)
    assert "DNNLROOT" not in found


def test_onednn(oneapi: Path, tmp_path: Path) -> None:
    """The oneDNN of the same oneAPI is named, the latest where it has none of the release."""
    (oneapi / "dnnl" / "latest").mkdir(parents=True)
    found = oneapi_accelerator(MajorMinor(2025, 3), tmp_path).environment
    assert str(oneapi / "dnnl" / "latest") == found["DNNLROOT"]


def test_identity(oneapi: Path, tmp_path: Path) -> None:
    """A compiler that was replaced in its place is another toolchain."""
    before = oneapi_accelerator(MajorMinor(2025, 3), tmp_path).identity
    assert before == oneapi_accelerator(MajorMinor(2025, 3), tmp_path).identity
    os.utime(oneapi / "compiler" / "2025.3" / "bin" / "icpx", (0, 0))
    assert before != oneapi_accelerator(MajorMinor(2025, 3), tmp_path).identity
