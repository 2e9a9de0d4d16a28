"""oneAPI, as its programs describe it."""

from pathlib import Path

import pytest
from support.machines import WINDOWS, Tools, by_id, machine, statuses

from kernel_builder.doctor.model import Status
from kernel_builder.doctor.oneapi import examine_oneapi

ICPX = """Intel(R) oneAPI DPC++/C++ Compiler 2025.3.2 (2025.3.2.20260112)
Target: x86_64-unknown-linux-gnu
Thread model: posix
InstalledDir: /opt/intel/oneapi/compiler/2025.3/bin/compiler"""
#: From new to old.
RELEASES = ("2026.0", "2025.3")
GPU = "Intel(R) Data Center GPU Max 1550 12.60.7 [1.6.32567]"
SYCL_LS = f"""[opencl:cpu][opencl:0] Intel(R) OpenCL, Intel(R) Xeon(R) Platinum 8480+ OpenCL 3.0 (Build 0)
[level_zero:gpu][level_zero:0] Intel(R) oneAPI Unified Runtime over Level-Zero, {GPU}"""


def test_nothing(tools: Tools) -> None:
    """Without anything: the compiler to install, which is that of Torch."""
    found = by_id(examine_oneapi(machine("xpu20253")))
    assert {"icpx": "no", "xpu-gpu": "no"} == statuses(list(found.values()))
    remedy = found["icpx"].remedy
    assert remedy is not None
    assert "the package intel-oneapi-compiler-dpcpp-cpp-2025.3 of" in remedy.step
    assert () == remedy.commands


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
    assert f"2025.3.2 for xpu20253, {path}" == found["icpx"].detail
    assert (status, detail) == (found["oneapi-version"].status.value, found["oneapi-version"].detail)
    assert GPU == found["xpu-gpu"].detail


def test_several_releases(tools: Tools, tmp_path: Path) -> None:
    """Each release that is installed is named with what it builds for, also where no shell is set up for it."""
    root = tmp_path / "ONEAPI_DIR"
    paths = [Tools(root / "compiler" / name / "bin").add("icpx", ICPX.replace("2025.3", name)) for name in RELEASES]
    found = by_id(examine_oneapi(machine("xpu20253")))
    expected = [f"{name}.2 for xpu{name.replace('.', '')}, {path}" for name, path in zip(RELEASES, paths, strict=True)]
    assert "; ".join(expected) == found["icpx"].detail
    assert "both are for oneAPI 2025.3" == found["oneapi-version"].detail
    found = by_id(examine_oneapi(machine("xpu20252")))
    assert "icpx is of oneAPI 2026.0 and 2025.3, Torch of oneAPI 2025.2" == found["oneapi-version"].detail


def test_ocloc(tools: Tools) -> None:
    """The compiler for GPUs does not come with oneAPI, but on Windows."""
    tools.add("icpx", ICPX)
    found = by_id(examine_oneapi(machine("xpu20253")))["ocloc"]
    assert (Status.NO, "was not found beside icpx or on PATH") == (found.status, found.detail)
    path = tools.add("ocloc")
    assert str(path) == by_id(examine_oneapi(machine("xpu20253")))["ocloc"].detail
    assert "ocloc" not in by_id(examine_oneapi(machine("xpu20253", platform=WINDOWS)))


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
