"""What CMake makes of the project of a kernel for CUDA: the commands, the devices that it is for, and the bytes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from support.commands import plain, read_commands
from support.cuda_builds import find_compiler
from support.fatbin import device_code
from support.projects import copy_relu, kernel_builder, make_tiny
from support.torches import cuda_torch

from kernel_builder.toolchain.accelerator import Accelerator
from kernel_builder.toolchain.tools import find_tool
from kernels.backend import MajorMinor

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="CUDA is for Linux here"),
    pytest.mark.heavy,  # CMake tries nvcc out, which takes its time
]

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "commands" / "cuda-13.0.txt"

#: A component that is compiled for two devices, one for another device, and one for a later CUDA.
_COMPONENTS = """\
[kernel.one]
backend = "cuda"
depends = ["torch"]
include = ["portrait"]
src = ["one/tiny.cu", "portrait/portrait.cuh"]
cuda-capabilities = ["8.0", "9.0a+PTX"]
cuda-flags = ["-DCCCL_ENABLE_ASSERTIONS", "-DNAME=tiny_value", "--no-compress"]

[kernel.two]
backend = "cuda"
depends = ["torch"]
include = ["portrait"]
src = ["two/tiny.cu", "portrait/portrait.cuh"]
cuda-capabilities = ["9.0"]
cuda-flags = ["-DNAME=tiny_value_of_two", "--no-compress"]

[kernel.three]
backend = "cuda"
depends = ["torch"]
src = ["three/tiny.cu"]
cuda-capabilities = ["9.0"]
cuda-minver = "13.2"
"""
#: What nvcc can take from the place it works at: names of what is local to a source, and of files, CUDA's own headers
#: among them, which name themselves where assertions are on.
_PORTRAIT = """\
#undef NDEBUG
#include <cassert>
#include <cuda/cmath>

static __device__ int counter;

namespace {
__device__ int hidden = 3;

template <class T> __global__ void fill(T *values, T by) {
  assert(by > 0 && "positive");
  values[threadIdx.x] = cuda::ceil_div(values[threadIdx.x], by) + counter + hidden;
}

struct Local {};
template <class T> int launch(int *values) {
  fill<<<1, 32>>>(values, 2);
  return cudaGetLastError() == cudaSuccess;
}
}
"""
_SOURCE = """\
#include "portrait.cuh"

#include <stdexcept>

extern "C" int NAME() {
  if (!launch<Local>(nullptr)) {
    throw std::runtime_error(__FILE__);
  }
  return 1;
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A kernel's project whose CMake code was written, CUDA's compiler, and a Torch for CUDA.

    Attributes:
        top: the folder with `kernel` and `build` in it.
        site: the folder with the Torch.
        cuda: the compiler.
    """

    top: Path
    site: Path
    cuda: Accelerator

    def configure(self, *settings: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run CMake."""
        command: list[str | Path] = [find_tool("cmake"), "-S", "kernel", "-B", "build", "-G", "Ninja"]
        command += [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DPython_EXECUTABLE={sys.executable}"]
        return self._run([*command, "-DKERNEL_BACKEND=cuda", *self.cuda.settings, *settings], **variables)

    def ninja(self, *arguments: str, **variables: str) -> str:
        """Run Ninja in the build; what it says."""
        result = self._run([find_tool("ninja"), "-C", "build", *arguments], **variables)
        assert 0 == result.returncode, result.stdout + result.stderr
        return result.stdout

    def commands(self) -> list[list[str]]:
        """The arguments of the commands that compile and link."""
        lines = self.ninja("-t", "commands").splitlines()
        return [shlex.split(line.removeprefix(": && ").removesuffix(" && :"))[1:] for line in lines if " -o " in line]

    def gencodes(self) -> list[str]:
        """What nvcc is told to make code for, in all commands taken together."""
        words = [word for command in self.commands() for word in command]
        return [word.partition("=")[2] for word in words if word.startswith("-gencode=")]

    @property
    def library(self) -> Path:
        """The library that was built."""
        (found,) = (self.top / "build").glob("*.so")
        return found

    def _run(self, command: list[str | Path], **variables: str) -> "subprocess.CompletedProcess[str]":
        settings = {**os.environ, **self.cuda.environment, "PYTHONPATH": str(self.site), **variables}
        env = {name: value for name, value in settings.items() if value is not None}
        return subprocess.run(command, cwd=self.top, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Writes the CMake code of a kernel in some folder, for CUDA 13.0."""
    cuda = find_compiler("cuda", MajorMinor(13, 0), tmp_path / "cache")
    site = cuda_torch(tmp_path / "site")

    def make(write: Callable[[Path], Path], top: str = "here") -> Project:
        folder = tmp_path / top
        folder.mkdir(parents=True)
        result = kernel_builder("create-pyproject", write(folder / "kernel"), "--unique-id", "0123abc")
        assert 0 == result.returncode, result.stderr
        return Project(top=folder, site=site, cuda=cuda)

    return make


def _portrait(target: Path) -> Path:
    project = make_tiny(target)
    text = (project / "build.toml").read_text("utf-8").partition("[kernel")[0].replace('"cpu"', '"cuda"')
    (project / "build.toml").write_text(text + _COMPONENTS, "utf-8")
    sources = {f"{name}/tiny.cu": _SOURCE for name in ("one", "two", "three")}
    for name, code in {**sources, "portrait/portrait.cuh": _PORTRAIT}.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(code, "utf-8")
    return project


def test_commands(project: Callable[..., Project]) -> None:
    """The relu example is built with just the commands that the golden file explains word by word."""
    made = project(copy_relu)
    done = made.configure("-DKERNEL_ALL_ARCHS=ON", "-DKERNEL_NVCC_THREADS=4")
    assert 0 == done.returncode, done.stderr
    compiled, bindings, linked = sorted(made.commands(), key=lambda words: ("-x" not in words, "-c" not in words))
    names = _names(made, linked)
    found = {"compile relu_cuda/relu.cu": compiled, "compile torch-ext/torch_binding.cpp": bindings, "link": linked}
    assert read_commands(GOLDEN) == {heading: plain(words, names) for heading, words in found.items()}


def _names(made: Project, linked: list[str]) -> dict[str, str]:
    """What differs between machines → its name in the golden file."""
    (detected,) = (made.top / "build" / "CMakeFiles").glob("*/CMakeCUDACompiler.cmake")
    headers = re.search(r'CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES "([^";]+)', detected.read_text("utf-8"))
    assert headers is not None
    (runtime,) = (word for word in linked if word.endswith("/libcudart.so"))
    (host,) = (setting.partition("=")[2] for setting in made.cuda.settings if "HOST_COMPILER" in setting)
    return {
        runtime: "<cudart>",
        str(Path(runtime).parent): "<cuda-lib>",
        headers[1]: "<cuda>",
        str(Path(headers[1]).resolve()): "<cuda-real>",
        str(made.site): "<site>",
        **{str(made.top / name): f"<{name}>" for name in ("kernel", "build")},
        sysconfig.get_path("include"): "<python>",
        f"-ccbin={host}": "-ccbin=<c++>",
    }


def test_what_is_built(project: Callable[..., Project]) -> None:
    """Each component has code for its devices, one for a later CUDA is left out, and the run-time library is shared."""
    made = project(_portrait)
    done = made.configure()
    assert 0 == done.returncode, done.stderr
    assert "three: left out, since it needs CUDA 13.2; this is CUDA 13.0" in done.stdout
    made.ninja(CCACHE_DISABLE="1")
    expected = ["8.0", "9.0", "9.0a+PTX"]
    assert expected == device_code(made.library)
    record = json.loads((made.top / "build" / "kernel-build.json").read_text("utf-8"))
    assert expected == record["archs"]
    with made.library.open("rb") as file:
        dynamic = ELFFile(file).get_section_by_name(".dynamic")
        needed = [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")]
    assert "libcudart.so.13" in needed

    # The same elsewhere, from a folder whose name has more to it, with another number of threads.
    again = project(_portrait, "another place/(there)")
    done = again.configure("-DKERNEL_NVCC_THREADS=1")
    assert 0 == done.returncode, done.stderr
    again.ninja("-j1", CCACHE_DISABLE="1")
    assert made.library.read_bytes() == again.library.read_bytes()
    data = made.library.read_bytes()
    for path in (b"one/tiny.cu", b"two/tiny.cu", b"portrait/portrait.cuh", b"cuda/cccl/cuda/__cmath/ceil_div.h"):
        assert {b"./" + path, path} & set(re.findall(rb"[^\0]+", data)), path
    assert [] == re.findall(rb"[^\0]*(?:/usr/|tmpxft|" + re.escape(os.fsencode(made.top)) + rb")[^\0]*", data)


def test_a_compiler_cache(project: Callable[..., Project], tmp_path: Path) -> None:
    """What was compiled in one folder is not compiled in another."""
    ccache = shutil.which("ccache")
    if ccache is None:
        pytest.skip("ccache is not installed")
    cache = {"CCACHE_DIR": str(tmp_path / "ccache"), "CCACHE_NOHASHDIR": "1"}
    for top in ("here", "another place/(there)"):
        made = project(_portrait, top)
        done = made.configure(f"-DCMAKE_CUDA_COMPILER_LAUNCHER={ccache}")
        assert 0 == done.returncode, done.stderr
        base = str(made.top / "kernel")
        made.ninja("CMakeFiles/component_1_two.dir/two/tiny.cu.o", **cache, CCACHE_BASEDIR=base)
    command = [ccache, "--print-stats"]
    said = subprocess.run(command, env={**os.environ, **cache}, capture_output=True, text=True, check=True).stdout
    counts = {name: int(count) for name, count in map(str.split, said.splitlines())}
    assert (1, 1) == (counts["cache_miss"], counts["direct_cache_hit"] + counts["preprocessed_cache_hit"])


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        ("9.0\n12.0\n9.0\n", ["arch=compute_90,code=sm_90", "arch=compute_120,code=sm_120"], ""),
        ("7.0\n9.0\n", ["arch=compute_90,code=sm_90"], "CUDA 13.0 does not compile for a device of this machine"),
    ],
)
def test_the_devices_of_this_machine(
    project: Callable[..., Project], tmp_path: Path, answer: str, expected: list[str], said: str
) -> None:
    """A person's own build of a kernel that names no capabilities is for the GPUs that are there."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{answer}'\n", "utf-8")
    program.chmod(0o755)
    made = project(copy_relu)
    done = made.configure(PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert 0 == done.returncode, done.stderr
    assert expected == made.gencodes()
    assert said in done.stdout
    assert "No CUDA device to compile for was found here" not in done.stdout


def test_no_device(project: Callable[..., Project], tmp_path: Path) -> None:
    """Where there is no GPU, the build is for all that builds are published for, which is said once."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n", "utf-8")
    program.chmod(0o755)
    made = project(copy_relu)
    done = made.configure(PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert 0 == done.returncode, done.stderr
    assert 1 == done.stdout.count("No CUDA device to compile for was found here")
    assert 11 == len(made.gencodes())
    assert {"7.5", "12.1+PTX"} <= set(json.loads((made.top / "build/kernel-build.json").read_text("utf-8"))["archs"])


def test_a_folder_that_nvcc_takes_apart(project: Callable[..., Project]) -> None:
    """A name that nvcc could not find again is refused before anything is compiled."""
    done = project(copy_relu, "a, b").configure()
    assert 0 != done.returncode
    assert "nvcc cannot work in" in done.stderr
    assert "the path has , in it. Choose a plainer name." in " ".join(done.stderr.split())
