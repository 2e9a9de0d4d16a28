"""ROCm, as its programs describe it."""

from pathlib import Path

import pytest
from support.machines import Tools, by_id, machine, statuses
from support.rocm import install_rocm

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.doctor.model import Status
from kernel_builder.doctor.rocm import examine_rocm
from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.rocm import installed

ROCMINFO = """*******
Agent 1
*******
  Name:                    AMD EPYC 9534 64-Core Processor
*******
Agent 2
*******
  Name:                    gfx942
      Name:                    amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-
*******
Agent 3
*******
  Name:                    gfx942"""


@pytest.fixture(autouse=True)
def usr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the distribution would have put its HIP."""
    monkeypatch.setattr(installed, "_SYSTEM", tmp_path / "usr")
    return tmp_path / "usr"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """What the driver makes when it is at work."""
    path = tmp_path / "kfd"
    path.touch()
    return path


def test_nothing(tools: Tools, tmp_path: Path) -> None:
    """Without anything: what was looked for, and the ROCm to install, which is that of Torch."""
    found = by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))
    assert {"hipcc": "no", "rocm-gpu": "no"} == statuses(list(found.values()))
    assert found["hipcc"].remedy is not None
    assert found["hipcc"].remedy.step.startswith("Install AMD's ROCm 7.1 (")


def test_a_part_of_it(tools: Tools, tmp_path: Path) -> None:
    """A hipcc or a clang without HIP's headers is named: it is not overlooked."""
    hipcc, clang = tools.add("hipcc", "HIP version: 5.2.21153-0"), tools.add("clang++-19", "clang version 19.1.7")
    found = by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))["hipcc"]
    assert (Status.NO, True) == (found.status, found.detail.endswith(f"; {hipcc} and {clang} alone is not enough"))


def test_rocm(tools: Tools, device: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A whole ROCm: the compiler, the libraries, the devices that it compiles for, and the GPUs without the CPU."""
    rocm = install_rocm(tmp_path / "rocm")
    monkeypatch.setenv("ROCM_PATH", str(rocm.root))
    tools.add("rocminfo", ROCMINFO)
    found = by_id(examine_rocm(machine("rocm71"), device))
    expected = {
        "hipcc": f"clang 20.0.0 ({rocm.clang}) with HIP 7.1 ({rocm.root})",
        "rocm-device-libs": str(rocm.root / "amdgcn/bitcode"),
        "rocm-archs": ", ".join(rocm_archs().supported),
        "rocm-gpu": "2 x gfx942",
    }
    assert expected == {name: one.detail for name, one in found.items()}
    assert {Status.YES} == {one.status for one in found.values()}


def test_the_rocm_of_torch(tools: Tools, tmp_path: Path) -> None:
    """Of several releases the one that Torch is for counts; others are no help."""
    install_rocm(tmp_path / "ROCM_DIR", "7.1")
    older = install_rocm(tmp_path / "ROCM_DIR-6.4.0", "6.4")
    found = by_id(examine_rocm(machine("rocm64"), tmp_path / "kfd"))["hipcc"]
    assert (Status.YES, True) == (found.status, str(older.clang) in found.detail)
    found = by_id(examine_rocm(machine("rocm70"), tmp_path / "kfd"))["hipcc"]
    assert (Status.NO, True) == (
        found.status,
        found.detail.startswith("Torch is for ROCm 7.0; there is clang 20.0.0 ("),
    )
    assert Status.YES is by_id(examine_rocm(machine("cpu"), tmp_path / "kfd"))["hipcc"].status


def test_what_a_distribution_lacks(tools: Tools, tmp_path: Path, usr: Path) -> None:
    """Files that builds make are named, and a device that the clang does not know, with a way to do without."""
    known = [arch for arch in rocm_archs().supported if arch != "gfx950"]
    rocm = install_rocm(
        usr, "5.2", clang="19.1.7", archs=known, libraries_for=["gfx906", "gfx908", "gfx90a", "gfx1030"]
    )
    (tools.folder / "clang++-19").symlink_to(rocm.clang)
    found = by_id(examine_rocm(machine("rocm52"), tmp_path / "kfd"))
    libraries = "amdgcn/bitcode; builds complete them for gfx1100, gfx1101, gfx1200, gfx1201, gfx942"
    assert (Status.YES, f"{usr / libraries}") == (found["rocm-device-libs"].status, found["rocm-device-libs"].detail)
    assert (Status.NO, "all but gfx950 (LLVM 20)") == (found["rocm-archs"].status, found["rocm-archs"].detail)
    assert found["rocm-archs"].remedy is not None
    assert f"KERNEL_BUILDER_ROCM_ARCHS={','.join(known)}." in found["rocm-archs"].remedy.step


def test_no_device_libraries(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them that is said, with the package."""
    install_rocm(tmp_path / "ROCM_DIR")
    tools.add("apt-get")
    monkeypatch.setattr(accelerators, "find_device_libraries", lambda compiler, rocm: None)
    libraries = by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))["rocm-device-libs"]
    assert libraries.remedy is not None
    assert (Status.NO, True) == (libraries.status, libraries.remedy.commands[0].endswith("install -y rocm-device-libs"))


def test_a_clang_that_does_not_say(tools: Tools, tmp_path: Path) -> None:
    """What it prints in place of its devices is passed on."""
    clang = install_rocm(tmp_path / "ROCM_DIR").clang
    clang.write_text(
        '#!/bin/sh\ntest "$1" = --version && echo "clang version 20.1.0" || { echo no target; exit 1; }\n', "utf-8"
    )
    found = by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))["rocm-archs"]
    assert (Status.NO, True) == (found.status, "no target" in found.said)


def test_gpus_that_cannot_be_asked(tools: Tools, device: Path) -> None:
    """A driver without rocminfo is unknown; what a failing rocminfo says is passed on."""
    assert Status.UNKNOWN is by_id(examine_rocm(machine("rocm71"), device))["rocm-gpu"].status
    said = "Unable to open /dev/kfd read-write: Permission denied"
    tools.add("rocminfo", error=said, status=1)
    found = by_id(examine_rocm(machine("rocm71"), device))["rocm-gpu"]
    assert (Status.NO, said) == (found.status, found.said)
    tools.add("rocminfo", "  Name:  AMD EPYC 9534 64-Core Processor")
    assert "rocminfo lists no GPU" == by_id(examine_rocm(machine("rocm71"), device))["rocm-gpu"].detail
    tools.hang("rocminfo")
    assert Status.UNKNOWN is by_id(examine_rocm(machine("rocm71"), device))["rocm-gpu"].status
