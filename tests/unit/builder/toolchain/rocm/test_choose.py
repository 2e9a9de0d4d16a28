"""Of several releases of ROCm, the one that is needed is found and set up."""

from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.rocm import Rocm, install_rocm

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.accelerator import find_accelerator
from kernel_builder.toolchain.rocm import installed
from kernel_builder.toolchain.rocm.choose import ARCHS_VARIABLE
from kernels.backend import MajorMinor

R64, R71 = MajorMinor(6, 4), MajorMinor(7, 1)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool; its ROCm would be in `ROCM_DIR` of the test's folder, its HIP in `usr`."""
    monkeypatch.setattr(installed, "_SYSTEM", tmp_path / "usr")
    monkeypatch.delenv(ARCHS_VARIABLE, raising=False)
    return empty_machine(tmp_path, monkeypatch)


@pytest.fixture
def rocms(tools: Tools, tmp_path: Path) -> dict[MajorMinor, Rocm]:
    """Two releases, of which the newer is the usual one; the older knows fewer devices."""
    older = [arch for arch in rocm_archs().supported if arch != "gfx950"]
    return {
        R71: install_rocm(tmp_path / "ROCM_DIR", "7.1"),
        R64: install_rocm(tmp_path / "ROCM_DIR-6.4.1", "6.4", clang="19.0.0", archs=older, libraries_for=older),
    }


@pytest.mark.parametrize(("wanted", "found"), [(R71, R71), (R64, R64), (None, R71)])
def test_a_release(rocms: dict[MajorMinor, Rocm], tmp_path: Path, wanted: MajorMinor | None, found: MajorMinor) -> None:
    """The compiler, headers, libraries and name are those of one release; of AMD's own nothing has to be completed."""
    rocm, accelerator = rocms[found], find_accelerator("rocm", wanted, cache=tmp_path / "cache")
    version = {R71: "20.0.0", R64: "19.0.0"}[found]
    assert ("rocm", found, f"clang {version}, HIP {found}") == (
        accelerator.backend,
        accelerator.version,
        accelerator.name,
    )
    assert (
        f"-DCMAKE_HIP_COMPILER={rocm.clang}",
        f"-DCMAKE_HIP_COMPILER_ROCM_ROOT={rocm.root}",
        f'-DCMAKE_HIP_FLAGS="--rocm-device-lib-path={rocm.root / "amdgcn/bitcode"}"',
    ) == accelerator.settings
    assert (rocm.root / "lib",) == accelerator.libraries
    assert not (tmp_path / "cache").exists()


def test_the_environment(rocms: dict[MajorMinor, Rocm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HIP is compiled for AMD's GPUs also where CUDA is, and with no flags from outside."""
    monkeypatch.setenv("HIPFLAGS", "-O0")
    environment = find_accelerator("rocm", None, cache=tmp_path).environment
    assert "amd" == environment["HIP_PLATFORM"]
    assert None is environment["HIPFLAGS"]


@pytest.mark.parametrize(
    ("value", "archs"), [("", ""), ("gfx942", "gfx942"), ("gfx90a, gfx942;gfx1100", "gfx90a;gfx942;gfx1100")]
)
def test_devices_of_ones_own(
    rocms: dict[MajorMinor, Rocm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, archs: str
) -> None:
    """A variable names the devices to build for."""
    monkeypatch.setenv(ARCHS_VARIABLE, value)
    settings = find_accelerator("rocm", R71, cache=tmp_path).settings
    expected = [f"-DKERNEL_ROCM_ARCHS={archs}"] if archs else []
    assert expected == [one for one in settings if "KERNEL_ROCM_ARCHS" in one]


def test_no_such_device(rocms: dict[MajorMinor, Rocm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the variable names is checked before anything is built."""
    monkeypatch.setenv(ARCHS_VARIABLE, "gfx942,gfx94")
    with pytest.raises(ToolchainError, match=f"{ARCHS_VARIABLE} names gfx94; components are compiled for gfx906, "):
        find_accelerator("rocm", R71, cache=tmp_path)


def test_nothing(tools: Tools, tmp_path: Path) -> None:
    """Without any, the error says where was looked, and what to install."""
    with pytest.raises(ToolchainError) as failure:
        find_accelerator("rocm", R71, cache=tmp_path)
    assert "the compiler of ROCm 7.1 is needed; none was found (ROCM_PATH, HIP_PATH, PATH, /opt/rocm," in str(
        failure.value
    )
    assert "Install AMD's ROCm 7.1 (the package rocm-hip-sdk" in failure.value.hint


def test_another_release(rocms: dict[MajorMinor, Rocm], tmp_path: Path) -> None:
    """Where only others are installed, the error names them."""
    with pytest.raises(ToolchainError) as failure:
        find_accelerator("rocm", MajorMinor(7, 2), cache=tmp_path)
    names = [f"HIP {release} ({rocm.root}, {rocm.clang} " for release, rocm in rocms.items()]
    assert [True, True] == [name in str(failure.value) for name in names]


def test_no_device_libraries(rocms: dict[MajorMinor, Rocm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without device libraries nothing is begun, and the package is named."""
    monkeypatch.setattr(accelerators, "find_device_libraries", lambda compiler, rocm: None)
    with pytest.raises(ToolchainError, match="needs ROCm's device libraries; ") as failure:
        find_accelerator("rocm", R71, cache=tmp_path)
    assert "apt-get install rocm-device-libs" in failure.value.hint


def test_a_compiler_that_does_not_say(rocms: dict[MajorMinor, Rocm], tmp_path: Path) -> None:
    """A clang without AMD's GPUs is an error that names it."""
    clang = rocms[R71].clang
    clang.write_text('#!/bin/sh\ntest "$1" = --version && echo "clang version 20.1.0"\n', "utf-8")
    with pytest.raises(ToolchainError, match="cannot say which devices it compiles for") as failure:
        find_accelerator("rocm", R71, cache=tmp_path)
    assert "with the target AMDGPU" in failure.value.hint


def test_identity(rocms: dict[MajorMinor, Rocm], tmp_path: Path) -> None:
    """A compiler or headers that were replaced in their place are another toolchain."""
    identities = [find_accelerator("rocm", R71, cache=tmp_path).identity]
    for path in (rocms[R71].clang, rocms[R71].root / "include/hip/hip_version.h"):
        path.write_text(path.read_text("utf-8") + "\n", "utf-8")
        identities.append(find_accelerator("rocm", R71, cache=tmp_path).identity)
    assert 3 == len(set(identities))
