"""Kernels for CUDA, built on a machine that has no GPU."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.coverage import Covers
from support.fatbin import device_code
from support.projects import EXAMPLES, copy_example, kernel_builder, make_tiny, run_python
from support.torch_wheels import make_wheel
from support.torches import cuda_torch

from kernel_builder.cache import cache_dir
from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.cuda import Toolkit, cuda_accelerator, fetch_toolkit, installed_toolkits
from kernel_builder.toolchain.cuda.roots import rooted
from kernel_builder.toolchain.tools import find_tool
from kernels.backend import MajorMinor
from kernels.metadata import read_metadata

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CUDA is for Linux here")

#: Those whose code for CUDA is compiled against Torch's headers of one release.
_NAMES = ("archs-subset", "gemm-cutlass", "relu", "relu-backprop-compile", "silu-and-mul")
_COMPILED = [pytest.param(path, id=path.name) for path in EXAMPLES if path.name in _NAMES]
_VERSIONS = ["13.0", "13.2"]
_WHOLE_TORCH = 12 * 1024**3


def _toolkit(version: str) -> Toolkit:
    """The toolkit of a version: this machine's own, or one that is fetched for all tests."""
    cache, wanted = cache_dir("toolchains"), MajorMinor.parse(version)
    try:
        fetch_toolkit(wanted, cache)
    except (ToolchainError, ProcessError) as error:
        pytest.skip(f"CUDA {version} is neither here nor to be had: {error}")
    return next(toolkit for toolkit in installed_toolkits(cache) if toolkit.release == wanted)


def _variant(version: str) -> str:
    return f"torch213-cxx11-cu{MajorMinor.parse(version).digits}-{host_platform()}"


@pytest.fixture
def build(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Builds an example for a version of CUDA, against a Torch that says that it is for that; its tree."""

    def build(example: Path, version: str) -> Path:
        _toolkit(version)
        project = copy_example(example, tmp_path / example.name)
        env = {"PYTHONPATH": str(cuda_torch(tmp_path / "torch", version))}
        result = kernel_builder("build", project, "--driver", "local", "--variant", _variant(version), env=env)
        if "and there is no copy of it" in result.stderr:
            pytest.skip(f"{example.name} depends on a library that cannot be had")
        assert 0 == result.returncode, result.stderr
        # It was loaded as well, and none of the checks was left out.
        assert "not loaded" not in result.stderr
        return project / "build" / _variant(version)

    return build


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("example", _COMPILED)
def test_an_example(
    build: Callable[[Path, str], Path], tmp_path: Path, example: Path, version: str, covers: Covers
) -> None:
    """It compiles, links and passes the checks; its library has code for just what the metadata says, and registers."""
    tree = build(example, version)
    metadata = read_metadata(tree)
    document = json.loads((tree / "metadata.json").read_text("utf-8"))
    (library,) = tree.glob("*.so")
    assert document["backend"]["archs"] == device_code(library)
    assert document["provenance"]["toolchain"]["cuda"] == f"nvcc {_toolkit(version).version}"
    answer = json.loads(kernel_builder("check-abi", tree, "--json").stdout)
    assert answer["ok"], answer
    operators = _registered(tree, {"PYTHONPATH": str(tmp_path / "torch")})
    assert operators
    assert {metadata.id} == {name.partition("::")[0] for name in operators}
    covers(example.name, "cuda", "compiles", "links", "ABI-clean", "loads")


@pytest.mark.heavy
def test_another_copy_of_a_library(tmp_path: Path) -> None:
    """A build looks again for the libraries of a kernel when a variable has come to name another copy."""
    _toolkit("13.0")
    project = make_tiny(tmp_path / "tiny")
    build_toml = project / "build.toml"
    text = build_toml.read_text("utf-8").replace('"cpu"', '"cuda"').replace("tiny.cpp", "tiny.cu")
    build_toml.write_text(text.replace('"torch"]', '"torch", "cutlass_3_8"]'), "utf-8")
    text = (project / "tiny_cpu" / "tiny.cpp").read_text("utf-8")
    (project / "tiny_cpu" / "tiny.cu").write_text(f"#include <cutlass/version.h>\n{text}", "utf-8")
    marker = tmp_path / "copy" / "include" / "cutlass" / "version.h"
    marker.parent.mkdir(parents=True)
    marker.write_text("#define CUTLASS_MAJOR 3\n#define CUTLASS_MINOR 8\n", "utf-8")
    env = {"PYTHONPATH": str(cuda_torch(tmp_path / "torch", "13.0"))}
    command: list[str | Path] = ["build", project, "--driver", "local", "--variant", _variant("13.0")]
    first = kernel_builder(*command, env={**env, "CUTLASS_SRC_DIR": str(tmp_path / "copy")})
    assert 0 == first.returncode, first.stderr
    again = kernel_builder(*command, env={**env, "CUTLASS_SRC_DIR": str(tmp_path / "nowhere")})
    assert 0 != again.returncode
    assert f"CUTLASS_SRC_DIR names {tmp_path / 'nowhere'}" in " ".join(again.stderr.split())


def _registered(tree: Path, env: dict[str, str]) -> list[str]:
    """The operators with code for CUDA that loading a build registers, in a process of its own."""
    code = """
import json, sys, torch
from kernels import get_local_kernel
before = set(torch._C._dispatch_get_all_op_names())
get_local_kernel(sys.argv[1])
new = sorted(set(torch._C._dispatch_get_all_op_names()) - before)
assert torch.version.cuda and not torch.cuda.is_available()
print(json.dumps([name for name in new if torch._C._dispatch_has_kernel_for_dispatch_key(name, "CUDA")]))
"""
    names: list[str] = json.loads(run_python(code, tree, env=env).splitlines()[-1])
    return names


@pytest.mark.heavy
@pytest.mark.parametrize("version", _VERSIONS)
def test_the_language_of_cmake(tmp_path: Path, version: str) -> None:
    """CMake compiles and links with a toolkit as we hand it on, that of the packages included, and finds its parts."""
    toolkit = _toolkit(version)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\n"
        "project(kernel LANGUAGES CXX CUDA)\n"
        "find_package(CUDAToolkit REQUIRED)\n"
        "add_library(kernel MODULE kernel.cu)\n"
        "set_target_properties(kernel PROPERTIES CUDA_ARCHITECTURES 90a-real)\n"
        "target_link_libraries(kernel PRIVATE CUDA::cudart)\n"
        'message(STATUS "toolkit ${CUDAToolkit_VERSION}")\n',
        "utf-8",
    )
    (tmp_path / "kernel.cu").write_text(
        "#include <cuda_fp16.h>\n"
        "#include <cub/cub.cuh>\n"
        "__global__ void one(__half *x) { x[threadIdx.x] = __float2half(1.0f); }\n"
        'extern "C" int run(__half *x) { one<<<1, 32>>>(x); return cudaGetLastError(); }\n',
        "utf-8",
    )
    accelerator = cuda_accelerator(MajorMinor.parse(version), cache_dir("toolchains"))
    env = {**os.environ, **{name: value for name, value in accelerator.environment.items() if value is not None}}
    configure: list[str | Path] = [
        find_tool("cmake"),
        "-S",
        tmp_path,
        "-B",
        tmp_path / "out",
        "-G",
        "Ninja",
        *accelerator.settings,
    ]
    configure.append(f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}")
    answer = subprocess.run(configure, env=env, capture_output=True, text=True, check=False)
    assert 0 == answer.returncode, answer.stderr
    assert f"toolkit {toolkit.version.rpartition('.')[0]}" in answer.stdout
    made = subprocess.run([find_tool("ninja"), "-C", tmp_path / "out"], capture_output=True, text=True, check=False)
    assert 0 == made.returncode, made.stdout
    assert ["9.0a"] == device_code(tmp_path / "out" / "libkernel.so")
    assert rooted(toolkit.root, cache_dir("toolchains")) / "lib64" in accelerator.libraries


def _stub(folder: Path, name: str) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-shared", "-nostdlib", "-xc", "/dev/null", f"-Wl,-soname,{name}", "-o", str(folder / name)]
    subprocess.run(command, check=True)
    return (folder / name).read_bytes()


def test_several_releases_of_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants of releases that the environment does not have are built against Torches in the cache, side by side."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    wheels = tmp_path / "wheels"
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path)}
    env = {**pip, "KERNEL_BUILDER_CACHE": str(tmp_path / "cache")}
    libraries = {
        f"torch/lib/{name}": _stub(tmp_path / "stubs", name) for name in ("libc10.so", "libtorch.so", "libtorch_cpu.so")
    }
    project = make_tiny(tmp_path / "tiny")
    variants = [f"torch29{digit}-cxx11-cpu-{host_platform()}" for digit in (7, 8)]
    for digit, variant in zip((7, 8), variants, strict=True):
        command: list[str | Path] = ["build", project, "--driver", "local", "--variant", variant]
        missing = kernel_builder(*command, env=env)
        assert (4, True) == (missing.returncode, f"it needs Torch 2.9{digit}" in missing.stderr)
        make_wheel(wheels, f"2.9{digit}.1+cu130", files=libraries)
        fetched = kernel_builder(*command, "--fetch-torch", env=env)
        assert 0 == fetched.returncode, fetched.stderr
        assert f"{variant}: download Torch 2.9{digit}" in fetched.stderr
        # It is not whole, as a Torch for CUDA is not without the libraries of CUDA; but it is not hidden either.
        assert "not loaded: the Torch of this machine cannot be imported (a stand-in)" in fetched.stderr
        record = json.loads((project / "build" / variant / "metadata.json").read_text("utf-8"))
        assert f"2.9{digit}.1+cu130" == record["provenance"]["toolchain"]["torch"]
    shutil.rmtree(wheels)
    again = kernel_builder("build", project, "--driver", "local", "--variant", variants[0], "--json", env=env)
    assert [False] == [built["changed"] for built in json.loads(again.stdout)["builds"]]
    assert sorted(variants) == sorted(path.name for path in (project / "build").iterdir() if path.is_dir())


def test_what_cannot_be_fetched_is_said(tmp_path: Path) -> None:
    """Options for a download that has no aim are refused, and nothing is fetched or built."""
    project = make_tiny(tmp_path / "tiny")
    for options, words in (
        (["--fetch-torch", "--fetch-toolkit", "--variant", _variant("13.2")], "this machine builds"),
        (["--fetch-torch"], "--fetch-torch downloads the Torch of one variant"),
        (["--fetch-toolkit"], "--fetch-toolkit downloads the CUDA toolkit of one variant"),
        (["--torch-index", "https://example.org"], "--torch-index is for --fetch-torch"),
    ):
        env = {"KERNEL_BUILDER_CACHE": str(tmp_path / "cache")}
        result = kernel_builder("build", project, "--driver", "local", *options, env=env)
        assert (True, True) == (result.returncode in (2, 4), words in result.stderr), result.stderr
    assert not (tmp_path / "cache").exists()
    assert not (project / "build").exists()


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@pytest.mark.skipif(os.environ.get("KERNELS_SLOW") != "1", reason="takes 5 GB of downloads: KERNELS_SLOW=1")
def test_the_whole_torch(tmp_path: Path) -> None:
    """Against the Torch of the registry relu is built; under it, with its CUDA libraries, it loads without a GPU."""
    if shutil.disk_usage(tmp_path).free < _WHOLE_TORCH:
        pytest.skip("the whole Torch needs 12 GB of room")
    _toolkit("13.0")
    (relu,) = (path for path in EXAMPLES if path.name == "relu")
    project = copy_example(relu, tmp_path / "relu")
    env = {"KERNEL_BUILDER_CACHE": str(tmp_path / "cache")}
    command: list[str | Path] = ["build", project, "--driver", "local", "--fetch-torch", "--variant", _variant("13.0")]
    result = kernel_builder(*command, env=env)
    assert 0 == result.returncode, result.stderr
    tree = project / "build" / _variant("13.0")
    (library,) = tree.glob("*.so")
    assert json.loads((tree / "metadata.json").read_text("utf-8"))["backend"]["archs"] == device_code(library)
    whole = tmp_path / "whole"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(whole)]
    subprocess.run([*install, "torch===2.13.0"], env={**os.environ, "PIP_NO_CACHE_DIR": "1"}, check=True)
    assert [f"{read_metadata(tree).id}::relu"] == _registered(tree, {"PYTHONPATH": str(whole)})
