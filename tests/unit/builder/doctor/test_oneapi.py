"""oneAPI, as its programs describe it."""

from pathlib import Path

import pytest
from support.machines import Tools, by_id, machine, statuses

from kernel_builder.doctor.model import Status
from kernel_builder.doctor.oneapi import examine_oneapi

ICPX = """Intel(R) oneAPI DPC++/C++ Compiler 2025.3.2 (2025.3.2.20260112)
Target: x86_64-unknown-linux-gnu
Thread model: posix
InstalledDir: /opt/intel/oneapi/compiler/2025.3/bin/compiler"""
GPU = "Intel(R) Data Center GPU Max 1550 12.60.7 [1.6.32567]"
SYCL_LS = f"""[opencl:cpu][opencl:0] Intel(R) OpenCL, Intel(R) Xeon(R) Platinum 8480+ OpenCL 3.0 (Build 0)
[level_zero:gpu][level_zero:0] Intel(R) oneAPI Unified Runtime over Level-Zero, {GPU}"""


def test_nothing(tools: Tools) -> None:
    """Without anything: the compiler to install, which is that of Torch, and how to set it up."""
    found = by_id(examine_oneapi(machine("xpu20253")))
    assert {"icpx": "no", "xpu-gpu": "no"} == statuses(list(found.values()))
    remedy = found["icpx"].remedy
    assert remedy is not None
    assert "the package intel-oneapi-compiler-dpcpp-cpp-2025.3 of" in remedy.step


@pytest.mark.parametrize(
    ("compute", "status", "detail"),
    [
        ("xpu20253", "yes", "both are for oneAPI 2025.3"),
        ("xpu20260", "no", "icpx is of oneAPI 2025.3, Torch of oneAPI 2026.0"),
    ],
)
def test_oneapi(tools: Tools, compute: str, status: str, detail: str) -> None:
    """The compiler fits a Torch of the same release; devices that are no GPU do not count."""
    path = tools.add("icpx", ICPX)
    tools.add("sycl-ls", SYCL_LS)
    found = by_id(examine_oneapi(machine(compute)))
    assert f"2025.3.2, {path}" == found["icpx"].detail
    assert (status, detail) == (found["oneapi-version"].status.value, found["oneapi-version"].detail)
    assert GPU == found["xpu-gpu"].detail


def test_installed_but_not_set_up(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that is not on PATH has no libraries either: the remedy is its own script."""
    root = tmp_path / "one api"
    icpx = Tools(root / "compiler" / "latest" / "bin").add("icpx", ICPX)
    (root / "setvars.sh").touch()
    monkeypatch.setenv("ONEAPI_ROOT", str(root))
    found = by_id(examine_oneapi(machine("xpu20253")))["icpx"]
    assert found.remedy is not None
    assert f"{icpx} is installed, but not set up in this shell" == found.detail
    assert (f"source '{root}/setvars.sh'",) == found.remedy.commands


def test_a_compiler_of_another_kind(tools: Tools) -> None:
    """What is called icpx and says nothing of the kind is unknown."""
    tools.add("icpx", "hello")
    assert {"icpx": "unknown", "xpu-gpu": "no"} == statuses(examine_oneapi(machine("xpu20253")))


def test_gpus(tools: Tools) -> None:
    """Without a GPU in the list, or when sycl-ls fails, it is no; when it hangs, unknown."""
    tools.add("sycl-ls", SYCL_LS.splitlines()[0])
    assert "sycl-ls lists no GPU" == by_id(examine_oneapi(machine("xpu20253")))["xpu-gpu"].detail
    tools.add("sycl-ls", error="libsycl.so.8: cannot open shared object file", status=127)
    found = by_id(examine_oneapi(machine("xpu20253")))["xpu-gpu"]
    assert (Status.NO, "libsycl.so.8: cannot open shared object file") == (found.status, found.said)
    tools.hang("sycl-ls")
    assert Status.UNKNOWN is by_id(examine_oneapi(machine("xpu20253")))["xpu-gpu"].status
