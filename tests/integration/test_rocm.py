"""Kernels for ROCm, built on a machine that has no GPU: with the clang and the HIP of the distribution."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.commands import plain, read_commands
from support.coverage import Covers
from support.offload_bundle import device_archs
from support.projects import EXAMPLES, RELU, copy_example, copy_relu, git, kernel_builder, make_tiny
from support.rocm import install_rocm
from support.torches import rocm_torch

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.config.reader import load_config
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.rocm import HipToolchain, compilable_archs, installed_rocm
from kernel_builder.toolchain.tools import find_tool
from kernels.metadata import read_metadata

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "commands"
#: All but the one that LLVM knows from 20 on.
NINE = tuple(arch for arch in rocm_archs().supported if arch != "gfx950")
MISSING = "ROCm's clang, HIP's headers or device libraries are not installed (Debian: clang-19 hipcc rocm-device-libs)"
#: Every compiled example for ROCm; relu has a test of its own.
OTHERS = [
    pytest.param(path, id=path.name)
    for path in EXAMPLES
    if path != RELU and any(one.backend == "rocm" for one in load_config(path).kernels)
]

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def toolchain() -> HipToolchain:
    """The toolchain of this machine."""
    found = installed_rocm()
    if not found or not found[0].device_libraries or not set(NINE) <= compilable_archs(found[0].clang):
        pytest.skip(MISSING)
    return found[0]


@pytest.fixture(scope="module")
def torch(tmp_path_factory: pytest.TempPathFactory, toolchain: HipToolchain) -> Path:
    """A Torch that says that it is for the ROCm of this machine, to be put on PYTHONPATH."""
    return rocm_torch(tmp_path_factory.mktemp("torch"), str(toolchain.release))


def _variant(toolchain: HipToolchain) -> str:
    return f"torch213-cxx11-rocm{toolchain.release.digits}-{host_platform()}"


def _run(project: Path, torch: Path, toolchain: HipToolchain, *options: str) -> "subprocess.CompletedProcess[str]":
    """Build the variant for ROCm, for the nine devices."""
    env = {"PYTHONPATH": str(torch), "KERNEL_BUILDER_ROCM_ARCHS": ",".join(NINE)}
    result = kernel_builder("build", project, "--driver", "local", "--variant", _variant(toolchain), *options, env=env)
    assert 0 == result.returncode, result.stderr
    # It was loaded as well, and none of the checks was left out.
    assert "not loaded" not in result.stderr
    return result


def _build(project: Path, torch: Path, toolchain: HipToolchain, *options: str) -> Path:
    """The same; the tree."""
    _run(project, torch, toolchain, *options)
    return project / "build" / _variant(toolchain)


def _cmake(folder: Path, env: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command: list[str | Path] = [find_tool("cmake"), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_relu_for_nine_devices(torch: Path, toolchain: HipToolchain, tmp_path: Path, covers: Covers) -> None:
    """The source in CUDA is translated and compiled; its library has code for just what the metadata says."""
    project = copy_relu(tmp_path / "relu")
    tree = _build(project, torch, toolchain)
    (library,) = tree.glob("*.so")
    assert [set(NINE)] == device_archs(library)
    assert NINE == read_metadata(tree).backend.archs
    assert json.loads(kernel_builder("check-abi", tree, "--json").stdout)["ok"]
    record = json.loads((tree / "metadata.json").read_text("utf-8"))["provenance"]["toolchain"]
    assert f"clang {toolchain.clang_version}, HIP {toolchain.release}" == record["rocm"]
    # Nothing was written beside the sources.
    assert [] == list(project.glob("*hip*"))
    assert ["relu.cu"] == [path.name for path in (project / "relu_cuda").iterdir()]
    covers("relu", "rocm", "compiles", "links", "ABI-clean", "loads")


@pytest.mark.parametrize("example", OTHERS)
def test_an_example(torch: Path, toolchain: HipToolchain, tmp_path: Path, example: Path, covers: Covers) -> None:
    """It passes the checks, has code for the devices that its component names, and the same bytes in another folder."""
    project = copy_example(example, tmp_path / example.name)
    tree = _build(project, torch, toolchain, "--rebuild")
    (component,) = (one for one in load_config(project).kernels if one.backend == "rocm")
    (library,) = tree.glob("*.so")
    expected = component.rocm_archs or NINE
    assert {frozenset(expected)} == {frozenset(archs) for archs in device_archs(library)}
    assert expected == read_metadata(tree).backend.archs
    covers(example.name, "rocm", "compiles", "links", "ABI-clean", "loads")


def test_a_changed_header(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """A second build compiles what includes a header that changed, and nothing when nothing did."""
    (example,) = (path for path in EXAMPLES if path.name == "archs-subset")
    project = copy_example(example, tmp_path / example.name)
    # The operators are named after the commit, and after no other state of changed files than that there are some.
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        git(project, *arguments)
    (project / "build.toml").write_text((project / "build.toml").read_text("utf-8") + "# Changed\n", "utf-8")
    before = next(_build(project, torch, toolchain).glob("*.so")).read_bytes()
    again = json.loads(_run(project, torch, toolchain, "--json").stdout)
    assert [0] == [build["compiled"] for build in again["builds"]]
    header = project / "row_sum_cuda" / "block_sum.cuh"
    text = header.read_text("utf-8")
    assert "threads_per_block = 256" in text
    header.write_text(text.replace("threads_per_block = 256", "threads_per_block = 128"), "utf-8")
    after = json.loads(_run(project, torch, toolchain, "--json").stdout)
    assert [1] == [build["compiled"] for build in after["builds"]]
    assert before != next((project / "build" / _variant(toolchain)).glob("*.so")).read_bytes()


def test_an_unlisted_header(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """A header that only the translation reads has to be listed like any other."""
    (example,) = (path for path in EXAMPLES if path.name == "archs-subset")
    project = copy_example(example, tmp_path / example.name)
    header, source = project / "shared" / "block_sum.cuh", project / "row_sum_cuda" / "row_sum.cu"
    header.parent.mkdir()
    (project / "row_sum_cuda" / header.name).rename(header)
    text = source.read_text("utf-8")
    assert '#include "block_sum.cuh"' in text
    source.write_text(text.replace('#include "block_sum.cuh"', '#include "../shared/block_sum.cuh"'), "utf-8")
    text = (project / "build.toml").read_text("utf-8")
    (project / "build.toml").write_text(text.replace(', "row_sum_cuda/block_sum.cuh"', ""), "utf-8")
    env = {"PYTHONPATH": str(torch)}
    result = kernel_builder("build", project, "--driver", "local", "--variant", _variant(toolchain), env=env)
    assert 0 != result.returncode
    assert "read shared/block_sum.cuh, which build.toml does not list" in " ".join(result.stderr.split())


def test_commands(toolchain: HipToolchain, tmp_path: Path) -> None:
    """With a ROCm that knows every device, CMake's build runs to its end, with just the commands of the golden file."""
    rocm = install_rocm(tmp_path / "rocm", "7.1", real=toolchain)
    rocm_torch(tmp_path / "site", "7.1")
    assert 0 == kernel_builder("create-pyproject", copy_relu(tmp_path / "kernel")).returncode
    # The compiler is found by way of hipcc, which would take nvcc where it is on PATH.
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "HIPCXX": str(rocm.hipcc)}
    # The clang that does the work would look for device libraries beside itself.
    flags = f"-DCMAKE_HIP_FLAGS=--rocm-device-lib-path={rocm.root / 'amdgcn' / 'bitcode'}"
    options = ["-G", "Ninja", f"-DPython_EXECUTABLE={sys.executable}", flags]
    for arguments in (["-S", "kernel", "-B", "build", *options], ["--build", "build"]):
        done = _cmake(tmp_path, env, *arguments)
        assert 0 == done.returncode, done.stdout + done.stderr
    (compiled,) = (words for words in rocm.calls if words[-1].endswith("relu.hip"))
    kernel = json.loads((tmp_path / "build" / "kernel-build.json").read_text("utf-8"))
    assert list(rocm_archs().supported) == kernel["archs"]
    folders = {str(tmp_path / name): f"<{name}>" for name in ("kernel", "site", "build", "rocm")}
    names = {**folders, sysconfig.get_path("include"): "<python>", kernel["ops-id"].rpartition("_")[2]: "<id>"}
    assert read_commands(GOLDEN / "rocm-7.1.txt") == {"compile relu_hip/relu.hip": plain(compiled, names)}


def test_another_rocm_of_cmake(toolchain: HipToolchain, tmp_path: Path) -> None:
    """CMake refuses a compiler of another ROCm than that of Torch, since the build would be named after Torch's."""
    rocm = install_rocm(tmp_path / "rocm", "7.1", real=toolchain)
    rocm_torch(tmp_path / "site", "6.4")
    assert 0 == kernel_builder("create-pyproject", copy_relu(tmp_path / "kernel")).returncode
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "HIPCXX": str(rocm.clang)}
    flags = f"-DCMAKE_HIP_FLAGS=--rocm-device-lib-path={rocm.root / 'amdgcn' / 'bitcode'}"
    options = ["-G", "Ninja", f"-DPython_EXECUTABLE={sys.executable}", flags]
    done = _cmake(tmp_path, env, "-S", "kernel", "-B", "build", *options)
    assert 0 != done.returncode
    said = re.sub(r"\s+", " ", done.stderr)
    assert f"is for ROCm 6.4; {rocm.root} has HIP 7.1. Name the clang++ of ROCm 6.4 with" in said


def test_a_device_that_the_compiler_does_not_know(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """The message names the device, what it takes, and the ways to go on without."""
    if "gfx950" in compilable_archs(toolchain.clang):
        pytest.skip("this clang knows every device")
    project = copy_relu(tmp_path / "relu")
    env = {"PYTHONPATH": str(torch)}
    result = kernel_builder("build", project, "--driver", "local", "--variant", _variant(toolchain), env=env)
    assert 0 != result.returncode
    said = " ".join(result.stderr.split())
    assert "kernel.relu_rocm is compiled for gfx950, which" in said
    assert "not know: that takes LLVM 20 or later" in said
    assert "the variable KERNEL_BUILDER_ROCM_ARCHS." in said


def test_another_rocm(toolchain: HipToolchain, tmp_path: Path) -> None:
    """A Torch for a ROCm that is not here is refused with those that are."""
    place = rocm_torch(tmp_path / "torch", "7.2")
    project = make_tiny(tmp_path / "tiny")
    text = (project / "build.toml").read_text("utf-8").replace('"cpu"', '"rocm"')
    (project / "build.toml").write_text(text, "utf-8")
    result = kernel_builder("build", project, "--driver", "local", env={"PYTHONPATH": str(place)})
    assert 0 != result.returncode
    assert f"the compiler of ROCm 7.2 is needed; found: HIP {toolchain.release} (" in " ".join(result.stderr.split())
