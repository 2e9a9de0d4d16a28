"""Kernels for ROCm, built on a machine that has no GPU: with the clang and the HIP of the distribution."""

import json
import os
import sys
from pathlib import Path

import pytest
from support.offload_bundle import device_archs
from support.projects import copy_example, kernel_builder, make_tiny
from support.torches import rocm_torch

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.rocm import HipToolchain, compilable_archs, installed_rocm
from kernels.metadata import read_metadata

ROOT = Path(__file__).parents[2]
STANDIN = ROOT / "tests" / "support" / "standins" / "hip_clang.py"
#: All but the one that LLVM knows from 20 on.
NINE = tuple(arch for arch in rocm_archs().supported if arch != "gfx950")
MISSING = "ROCm's clang, HIP's headers or device libraries are not installed (Debian: clang-19 hipcc rocm-device-libs)"

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def toolchain() -> HipToolchain:
    """The toolchain of this machine."""
    found = installed_rocm()
    if not found or not set(NINE) <= compilable_archs(found[0].clang):
        pytest.skip(MISSING)
    return found[0]


@pytest.fixture(scope="module")
def torch(tmp_path_factory: pytest.TempPathFactory, toolchain: HipToolchain) -> Path:
    """A Torch that says that it is for the ROCm of this machine, to be put on PYTHONPATH."""
    return rocm_torch(tmp_path_factory.mktemp("torch"), str(toolchain.release))


def _variant(toolchain: HipToolchain) -> str:
    return f"torch213-cxx11-rocm{toolchain.release.digits}-{host_platform()}"


def _build(project: Path, torch: Path, toolchain: HipToolchain, *options: str, **env: str) -> Path:
    """Build the variant for ROCm; its tree."""
    variant = _variant(toolchain)
    env = {"PYTHONPATH": str(torch), **env}
    result = kernel_builder("build", project, "--driver", "local", "--variant", variant, *options, env=env)
    assert 0 == result.returncode, result.stderr
    # It was loaded as well, and none of the checks was left out.
    assert "not loaded" not in result.stderr
    return project / "build" / variant


def test_relu_for_nine_devices(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """The source in CUDA is translated and compiled; its library has code for just what the metadata says."""
    project = copy_example(ROOT / "examples" / "relu", tmp_path / "relu")
    tree = _build(project, torch, toolchain, KERNEL_BUILDER_ROCM_ARCHS=",".join(NINE))
    (library,) = tree.glob("*.so")
    assert [set(NINE)] == device_archs(library)
    assert NINE == read_metadata(tree).backend.archs
    assert json.loads(kernel_builder("check-abi", tree, "--json").stdout)["ok"]
    record = json.loads((tree / "metadata.json").read_text("utf-8"))["provenance"]["toolchain"]
    assert f"clang {toolchain.clang_version}, HIP {toolchain.release}" == record["rocm"]
    # Nothing was written beside the sources.
    assert [] == list(project.glob("*hip*"))
    assert ["relu.cu"] == [path.name for path in (project / "relu_cuda").iterdir()]


def test_headers_are_translated_and_builds_are_the_same_everywhere(
    torch: Path, toolchain: HipToolchain, tmp_path: Path
) -> None:
    """A component is compiled for the devices that it names; another folder gives the same bytes."""
    project = copy_example(ROOT / "examples" / "archs-subset", tmp_path / "archs-subset")
    tree = _build(project, torch, toolchain, "--rebuild")
    (library,) = tree.glob("*.so")
    assert [{"gfx90a", "gfx942"}] == device_archs(library)
    assert ("gfx90a", "gfx942") == read_metadata(tree).backend.archs


def test_a_changed_source_is_translated_again(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """A second build compiles what changed, and nothing when nothing did."""
    project = copy_example(ROOT / "examples" / "archs-subset", tmp_path / "archs-subset")
    tree = _build(project, torch, toolchain)
    before = next(tree.glob("*.so")).read_bytes()
    again = kernel_builder(
        "build",
        project,
        "--driver",
        "local",
        "--variant",
        _variant(toolchain),
        "--json",
        env={"PYTHONPATH": str(torch)},
    )
    assert 0 == json.loads(again.stdout)["builds"][0]["compiled"]
    header = project / "row_sum_cuda" / "block_sum.cuh"
    header.write_text(header.read_text("utf-8").replace("threads_per_block = 256", "threads_per_block = 128"), "utf-8")
    after = next(_build(project, torch, toolchain).glob("*.so")).read_bytes()
    assert before != after


def test_every_device_with_a_recording_compiler(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """With a compiler that knows all devices, relu is compiled for all, and the build runs to its end."""
    log, compiler = tmp_path / "log", tmp_path / "llvm" / "bin" / "clang++-29"
    compiler.parent.mkdir(parents=True)
    # HIP looks for libraries of the compiler from where that is.
    (tmp_path / "llvm" / "lib").symlink_to(toolchain.clang.resolve().parents[1] / "lib")
    compiler.write_text(f'#!/bin/sh\nexec {sys.executable} -S {STANDIN} "$@"\n', "utf-8")
    compiler.chmod(0o755)
    project = copy_example(ROOT / "examples" / "relu", tmp_path / "relu")
    env = {
        "PATH": f"{compiler.parent}{os.pathsep}{os.environ['PATH']}",
        "STANDIN_LOG": str(log),
        "STANDIN_CLANG": str(toolchain.clang),
        "CCACHE_DISABLE": "1",
    }
    tree = _build(project, torch, toolchain, STANDIN_ARCH="gfx950", **env)
    assert rocm_archs().supported == read_metadata(tree).backend.archs
    commands = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    (compiled,) = [words for words in commands if words[-1].endswith("relu_hip/relu.hip")]
    offloaded = tuple(word.removeprefix("--offload-arch=") for word in compiled if word.startswith("--offload-arch="))
    assert rocm_archs().supported == offloaded
    # CMake gives languages and definitions; these are ours, and in build.toml there are none.
    assert {"-DUSE_ROCM=1", "-D__HIP_PLATFORM_AMD__=1", "-DROCM_KERNEL", "-std=c++20", "-fvisibility=hidden"} <= set(
        compiled
    )


def test_a_device_that_the_compiler_does_not_know(torch: Path, toolchain: HipToolchain, tmp_path: Path) -> None:
    """The message names the device, the compiler, and both ways to go on."""
    if "gfx950" in compilable_archs(toolchain.clang):
        pytest.skip("this clang knows every device")
    project = copy_example(ROOT / "examples" / "relu", tmp_path / "relu")
    variant = _variant(toolchain)
    result = kernel_builder("build", project, "--driver", "local", "--variant", variant, env={"PYTHONPATH": str(torch)})
    assert 0 != result.returncode
    said = " ".join(result.stderr.split())
    assert "is compiled for gfx950, which" in said
    assert "not know: it takes LLVM 20 or later" in said
    assert "for kernel-builder, in the variable KERNEL_BUILDER_ROCM_ARCHS." in said


def test_another_rocm_than_that_of_torch(toolchain: HipToolchain, tmp_path: Path) -> None:
    """A Torch for a ROCm that is not here is refused with those that are."""
    place = rocm_torch(tmp_path / "torch", "7.2")
    project = make_tiny(tmp_path / "tiny")
    text = (project / "build.toml").read_text("utf-8").replace('"cpu"', '"rocm"')
    (project / "build.toml").write_text(text, "utf-8")
    result = kernel_builder("build", project, "--driver", "local", env={"PYTHONPATH": str(place)})
    assert 0 != result.returncode
    assert f"the compiler of ROCm 7.2 is needed; found: HIP {toolchain.release} (" in " ".join(result.stderr.split())
