"""ROCm, as its programs describe it."""

from pathlib import Path

import pytest
from support.machines import Tools, by_id, machine, statuses

from kernel_builder.doctor.model import Status
from kernel_builder.doctor.rocm import examine_rocm

HIPCC = """HIP version: 7.1.25424-4179531dcd
AMD clang version 20.0.0git (https://github.com/RadeonOpenCompute/llvm-project)
Target: x86_64-unknown-linux-gnu
Thread model: posix
InstalledDir: /opt/rocm-7.1.0/lib/llvm/bin"""
CLANG = "Debian clang version 19.1.7 (3~deb12u1)\nTarget: x86_64-pc-linux-gnu"
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


def test_rocm(tools: Tools, device: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A whole ROCm: the compiler, the libraries beside it, and the GPUs; what is no GPU does not count."""
    root = tmp_path / "rocm"
    hipcc = Tools(root / "bin").add("hipcc", HIPCC)
    libraries = root / "amdgcn" / "bitcode"
    libraries.mkdir(parents=True)
    (libraries / "ocml.bc").touch()
    monkeypatch.setenv("ROCM_PATH", str(root))
    tools.add("rocminfo", ROCMINFO)
    details = {name: one.detail for name, one in by_id(examine_rocm(machine("rocm71"), device)).items()}
    expected = {
        "hipcc": f"7.1.25424-4179531dcd, {hipcc}",
        "rocm-device-libs": str(libraries),
        "rocm-gpu": "2 x gfx942",
    }
    assert expected == details


def test_hipcc_is_asked_for_amd(tools: Tools, tmp_path: Path) -> None:
    """The program hipcc would compile for NVIDIA where nvcc is on PATH, and say so in place of its version."""
    tools.add("hipcc", body='test "$HIP_PLATFORM" = amd || { echo nvcc; exit 0; }', output=HIPCC)
    assert Status.YES is by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))["hipcc"].status


def test_clang(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution's clang is a compiler too; without device libraries that is said, with the package."""
    tools.add("clang++-18", CLANG)
    tools.add("apt-get")
    assert Status.NO is by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))["hipcc"].status
    clang = tools.add("clang++-19", CLANG)
    monkeypatch.setattr("kernel_builder.doctor.rocm.find_device_libraries", lambda compiler: None)
    found = by_id(examine_rocm(machine("rocm71"), tmp_path / "kfd"))
    assert f"19.1.7, {clang}" == found["hipcc"].detail
    libraries = found["rocm-device-libs"]
    assert libraries.remedy is not None
    assert (Status.NO, True) == (libraries.status, libraries.remedy.commands[0].endswith("install -y rocm-device-libs"))


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
