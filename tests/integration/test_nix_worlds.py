"""Derivations for accelerators: the whole build runs in the sandbox, with the toolkits of the stub.

Compilers that note their calls stand in for those of CUDA 12.6, ROCm 7.1 and oneAPI 2026.0; CUDA 13.0 is that of the
machine, whose nvcc compiles. Each Torch comes from a wheel by its digest.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from support.nix import SYSTEM, NixWorld
from support.nix_projects import add_flake, add_torch
from support.nix_toolkits import CUDA, add_toolkits, cuda_toolkit, oneapi_toolkit, read_calls, rocm_toolkit
from support.projects import EXAMPLES, RELU, ROOT, copy_example
from support.sycl_runtime import sycl_runtime
from support.torches import cuda_torch, rocm_torch, xpu_torch

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.toolchain.rocm import installed_rocm

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

#: Of the devices of CUDA 12.6, those that the nvcc of CUDA 13.0 knows no more.
_GONE = ("50", "52", "53", "60", "61", "62", "70", "72")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of a derivation.

    Attributes:
        log: the log of all that was built.
        metadata: that of the tree.
    """

    log: str
    metadata: dict[str, Any]

    def compiled(self, source: str) -> list[str]:
        """The arguments of the one call that compiled a source."""
        (call,) = (call for call in read_calls(self.log) if "-c" in call and any(w.endswith(source) for w in call))
        return call


@pytest.fixture
def build(nix: NixWorld, tmp_path: Path) -> Callable[..., Built]:
    """Builds the relu example with a toolkit and a Torch for it; loads it where their libraries are there."""

    def build(compute: str, site: Path, load: bool = False, **toolkits: Path) -> Built:
        torchgen = importlib.util.find_spec("torchgen")
        assert torchgen is not None
        assert torchgen.origin is not None
        (site / "torchgen").symlink_to(Path(torchgen.origin).parent)
        world = add_toolkits(add_torch(nix, site, "2.13.0", tmp_path, compute), tmp_path, **toolkits)
        project = add_flake(copy_example(RELU, tmp_path / "relu"), world, "2.13", load=load)
        name = f".#redistributable.torch213-cxx11-{compute}-{SYSTEM}"
        done = world.run("nix", "build", "--no-link", "--json", "--print-build-logs", name, cwd=project)
        assert 0 == done.returncode, done.stderr
        tree = world.environment["NIX_REMOTE"] + json.loads(done.stdout)[0]["outputs"]["out"]
        return Built(log=done.stderr, metadata=json.loads(Path(tree, "metadata.json").read_text("utf-8")))

    return build


@pytest.fixture
def cuda() -> None:
    """Skips where there is no nvcc that could compile."""
    if not (CUDA / "bin" / "nvcc").exists():
        pytest.skip(f"CUDA 13.0 is not installed in {CUDA}")


@pytest.mark.usefixtures("cuda")
def test_cuda(build: Callable[..., Built], tmp_path: Path) -> None:
    """With CUDA 13.0 the code is really compiled, with the nvcc of the package, and loads under that Torch."""
    site = cuda_torch(tmp_path / "site", "13.0")
    built = build("cu130", site, load=True, cuda_13_0=cuda_toolkit(tmp_path / "toolkit", "13.0.88"))
    assert "not loaded" not in built.log
    assert "nvcc 13.0.88" == built.metadata["provenance"]["toolchain"]["cuda"]
    assert built.metadata["backend"]["archs"] == _compiled_for(built.compiled("relu.cu"))
    assert re.search(r"Check for working CUDA compiler: /nix/store/\w+-cuda-13\.0/bin/nvcc", built.log)


@pytest.mark.usefixtures("cuda")
def test_another_cuda(build: Callable[..., Built], tmp_path: Path) -> None:
    """With CUDA 12.6 the nvcc of that package is called, for the devices that its release is for."""
    site = cuda_torch(tmp_path / "site", "12.6")
    built = build("cu126", site, cuda_12_6=cuda_toolkit(tmp_path / "toolkit", "12.6.85", unknown=_GONE))
    assert "nvcc 12.6.85" == built.metadata["provenance"]["toolchain"]["cuda"]
    archs = _compiled_for(built.compiled("relu.cu"))
    assert built.metadata["backend"]["archs"] == archs
    assert "7.0" in archs


def _compiled_for(call: list[str]) -> list[str]:
    """The devices of a call of nvcc, as metadata has them."""
    found: dict[str, set[str]] = {}
    for kinds in re.findall(r"code=\[?([\w,]+)", " ".join(call)):
        for kind, digits, letter in re.findall(r"(sm|compute)_(\d+)(\w?)", kinds):
            found.setdefault(f"{digits[:-1]}.{digits[-1]}{letter}", set()).add(kind)
    return [f"{arch}+PTX" if "compute" in kinds else arch for arch, kinds in found.items()]


def test_rocm(build: Callable[..., Built], tmp_path: Path) -> None:
    """With ROCm 7.1 the sources are translated and compiled for every device, by the clang of the joined packages."""
    found = installed_rocm()
    if not found or not found[0].device_libraries:
        pytest.skip("no clang for HIP is installed (Debian: clang-19 hipcc rocm-device-libs)")
    site = rocm_torch(tmp_path / "site", "7.1")
    built = build("rocm71", site, rocm_7_1_0=rocm_toolkit(tmp_path / "toolkit", "7.1", found[0]))
    call = built.compiled("relu.hip")
    archs = [word.partition("=")[2] for word in call if word.startswith("--offload-arch=")]
    assert list(rocm_archs().supported) == archs
    assert archs == built.metadata["backend"]["archs"]


def test_xpu(build: Callable[..., Built], tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """With oneAPI 2026.0, its icpx is called to compile for devices, and to link."""
    sycl = sycl_runtime(pytestconfig.cache.mkdir("sycl"), "2026.0.0")
    site = xpu_torch(tmp_path / "site", "2026.0")
    built = build("xpu20260", site, oneapi_2026_0_0=oneapi_toolkit(tmp_path / "toolkit", "2026.0.0", sycl))
    (linked,) = (call for call in read_calls(built.log) if "-shared" in call)
    for call in (built.compiled("relu.cpp"), linked):
        assert "-fsycl-targets=spir64_gen,spir64" in call
    assert "xpu" == built.metadata["backend"]["type"]


def test_tvm_ffi(nix: NixWorld, tmp_path: Path) -> None:
    """A kernel on tvm-ffi is built against the wheel of the table, and loads beside a Torch whose tensors it takes."""
    here = f"apache_tvm_ffi-{version('apache-tvm-ffi')}-cp{sys.version_info[0]}{sys.version_info[1]}-"
    table = json.loads((ROOT / "nix" / "worlds" / "wheels.json").read_text("utf-8"))
    if not any(one["file"].startswith(here) for one in table["wheels"]):
        pytest.skip(f"nix/worlds/wheels.json has no {here}*, which is what the tests have a wheel of")
    (example,) = (path for path in EXAMPLES if path.name == "relu-tvm-ffi")
    project = add_flake(copy_example(example, tmp_path / "kernel"), nix)
    name = f".#redistributable.tvm-ffi01-cpu-{SYSTEM}"
    done = nix.run("nix", "build", "--no-link", "--print-build-logs", name, cwd=project)
    assert (0, False) == (done.returncode, "not loaded" in done.stderr), done.stderr


@pytest.mark.parametrize(
    ("compute", "said"),
    [("cu132", "the stub has no cuda 13.2"), ("rocm72", "this nixpkgs has ROCm 7.1.0, and the variant is for 7.2")],
)
def test_a_toolkit_that_is_missing(nix: NixWorld, tmp_path: Path, compute: str, said: str) -> None:
    """The build of a variant whose toolkit cannot be had says which, and what nixpkgs has."""
    project = add_flake(copy_example(RELU, tmp_path / "relu"), nix, "2.13")
    variant = f'legacyPackages.{SYSTEM}.redistributable."torch213-cxx11-{compute}-{SYSTEM}"'
    command = f"builtins.head (builtins.getFlake (toString ./.)).{variant}.world.packages"
    done = nix.run("nix", "build", "--impure", "--no-link", "--print-build-logs", "--expr", command, cwd=project)
    assert (1, True) == (done.returncode, said in done.stderr)


@pytest.mark.parametrize(
    ("variant", "wheel"),
    [
        ("torch211-cxx11-cu130-x86_64-linux", r"torch-2\.11\.0-cp3\d+-cp3\d+-manylinux_2_28_x86_64\.whl"),
        ("torch212-cxx11-cu130-aarch64-linux", r"torch-2\.12\.\d-cp3\d+-cp3\d+-manylinux_2_28_aarch64\.whl"),
        ("torch213-metal-aarch64-darwin", r"torch-2\.13\.\d-cp3\d+-cp3\d+-macosx_\d+_0_arm64\.whl"),
        ("torch212-cxx11-cu126-x86_64-linux", "missing-torch"),
    ],
)
def test_the_wheel_of_a_variant(nix: NixWorld, tmp_path: Path, variant: str, wheel: str) -> None:
    """A variant is built against the wheel that one of the tables has, or a package that says that none has it."""
    if sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)):
        pytest.skip("nix/worlds/wheels.json has no wheels for this Python")
    project = add_flake(copy_example(RELU, tmp_path / "relu"), nix)
    system = "-".join(variant.split("-")[-2:])
    attribute = f".#legacyPackages.{system}.redistributable.{variant}.drvPath"
    path = nix.run("nix", "eval", "--raw", attribute, cwd=project).stdout
    needed = nix.run("nix-store", "--query", "--requisites", path).stdout.splitlines()
    torches = [name for one in needed if re.fullmatch(r"missing-torch\.drv|torch-.*\.whl\.drv", name := one[44:])]
    assert [True] == [re.fullmatch(rf"{wheel}\.drv", name) is not None for name in torches]


# Metal, which no sandbox of this system can build


def test_metal(nix: NixWorld, tmp_path: Path) -> None:
    """The script of a Metal derivation is run, with a stand-in of Python: it calls the builder with Xcode's programs.

    What the builder then does with them is in test_metal.py; here there is no macOS to build for.
    """
    variant = "torch213-metal-aarch64-darwin"
    project = add_flake(copy_example(RELU, tmp_path / "relu"), nix, "2.13")
    attribute = f".#legacyPackages.aarch64-darwin.redistributable.{variant}"
    function = "d: { inherit (d) buildPhase system __noChroot; python = toString d.python; }"
    done = nix.run("nix", "eval", "--json", attribute, "--apply", function, cwd=project)
    assert 0 == done.returncode, done.stderr
    derivation = json.loads(done.stdout)
    assert ("aarch64-darwin", True) == (derivation["system"], derivation["__noChroot"])
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$PATH" "${DEVELOPER_DIR-none}" "${SDKROOT-none}" "$@"\n', "utf-8")
    python.chmod(0o755)
    assert f"{derivation['python']}/bin/python3" in derivation["buildPhase"]
    script = "set -eu\nrunHook() { :; }\n" + derivation["buildPhase"].replace(derivation["python"], str(tmp_path))
    names = ("NIX_BUILD_CORES=1", f"out={tmp_path}/out", f"TMPDIR={tmp_path}", "DEVELOPER_DIR=/nix", "SDKROOT=/nix")
    shell = shutil.which("bash")
    assert shell is not None
    command = ["env", "-i", "PATH=/usr/bin:/bin", *names, shell, "-c", script]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert 0 == ran.returncode, ran.stderr
    path, developer, sdk, *arguments = ran.stdout.splitlines()
    assert ("/usr/bin", "none", "none") == (path.split(":")[0], developer, sdk)
    start = ["-m", "kernel_builder.cli.in_nix", "build", ".", "--variant", variant, "--output", f"{tmp_path}/out"]
    assert start == arguments[: len(start)]
