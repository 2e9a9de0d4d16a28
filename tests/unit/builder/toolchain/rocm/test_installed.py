"""Which toolchains for HIP a machine has."""

from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.rocm import install_rocm

from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.rocm import installed as module
from kernel_builder.toolchain.rocm import installed_rocm
from kernels.backend import MajorMinor


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool; its ROCm would be in `ROCM_DIR` of the test's folder, its HIP in `usr`."""
    monkeypatch.setattr(module, "_SYSTEM", tmp_path / "usr")
    return empty_machine(tmp_path, monkeypatch)


def test_nothing(tools: Tools) -> None:
    """Without ROCm and without a clang there is none."""
    assert () == installed_rocm()


def test_side_by_side(tools: Tools, tmp_path: Path) -> None:
    """Every release is found once, the one without a version in its name first, the others from new to old."""
    for release in ("6.4", "7.1", "7.10"):
        install_rocm(tmp_path / f"ROCM_DIR-{release}.0", release)
    (tmp_path / "ROCM_DIR").symlink_to("ROCM_DIR-7.1.0")
    found = [(one.release, one.root.name) for one in installed_rocm()]
    expected = [("7.1", "ROCM_DIR-7.1.0"), ("7.10", "ROCM_DIR-7.10.0"), ("6.4", "ROCM_DIR-6.4.0")]
    assert [(MajorMinor.parse(release), name) for release, name in expected] == found


@pytest.mark.parametrize("variable", ["ROCM_PATH", "HIP_PATH", "PATH"])
def test_what_a_shell_would_use(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """What a variable names, or the hipcc on PATH belongs to, comes before what is merely installed."""
    install_rocm(tmp_path / "ROCM_DIR", "7.1")
    other = install_rocm(tmp_path / "other", "6.4")
    hipcc = Tools(other.root / "bin").add("hipcc")
    monkeypatch.setenv(variable, str(hipcc.parent if variable == "PATH" else other.root))
    if variable == "PATH":
        monkeypatch.setenv("PATH", f"{hipcc.parent}:/usr/bin:/bin")
        monkeypatch.setattr(accelerators, "find_hip_clang", lambda: None)
    assert [MajorMinor(6, 4), MajorMinor(7, 1)] == [one.release for one in installed_rocm()]


def test_the_one_of_the_distribution(tools: Tools, tmp_path: Path) -> None:
    """A clang that is new enough is a toolchain together with the HIP of the system."""
    clang = tools.add("clang++-19", "Debian clang version 19.1.7 (3~deb12u1)")
    tools.add("clang++-18", "Debian clang version 18.1.8")
    assert () == installed_rocm()
    header = tmp_path / "usr/include/hip/hip_version.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define HIP_VERSION_MAJOR 5\n#define HIP_VERSION_MINOR    2\n", "utf-8")
    (tmp_path / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (tmp_path / "usr/lib/x86_64-linux-gnu/libamdhip64.so.5").touch()
    (found,) = installed_rocm()
    assert (clang, "19.1.7", tmp_path / "usr", MajorMinor(5, 2)) == (
        found.clang,
        found.clang_version,
        found.root,
        found.release,
    )
    assert (tmp_path / "usr/lib/x86_64-linux-gnu",) == found.libraries
    assert header == found.header


def test_what_does_not_answer(tools: Tools, tmp_path: Path) -> None:
    """A compiler that fails, hangs or is something else is passed over, and so are headers without a version."""
    clang = install_rocm(tmp_path / "ROCM_DIR").clang
    for body in ("exit 1", "exec /bin/sleep 600", "echo icpx 2026"):
        clang.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
        assert () == installed_rocm(patience=0.5)
    broken = install_rocm(tmp_path / "ROCM_DIR-6")
    (broken.root / "include/hip/hip_version.h").write_text("#define HIP_VERSION_MAJOR 6\n", "utf-8")
    assert () == installed_rocm(patience=0.5)


def test_device_libraries_of_its_own(tools: Tools, tmp_path: Path) -> None:
    """They are those of the same ROCm, beside the compiler or at its top, and not those of the system."""
    rocm = install_rocm(tmp_path / "ROCM_DIR")
    (found,) = installed_rocm()
    assert rocm.root / "amdgcn/bitcode" == found.device_libraries
    beside = rocm.root / "lib/llvm/lib/clang/20/lib/amdgcn/bitcode"
    beside.mkdir(parents=True)
    (beside / "ocml.bc").touch()
    assert beside == found.device_libraries
