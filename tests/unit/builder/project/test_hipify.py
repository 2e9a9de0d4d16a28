"""Translating sources in CUDA to HIP, with the tool of the installed Torch and by way of Ninja."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.configs import torch_config

from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool
from kernel_builder.toolchain.torch import find_torch

FILES = {
    "relu_cuda/relu.cu": """\
#include <cuda_runtime.h>
#include "launch.cuh"
#  include "plain.h"
#include "../common/pack.inl"
#include "binding.h"
#include <nowhere.h>
__global__ void relu(float *x) {}
cudaError_t run(cudaStream_t stream) {
  relu<<<1, 32, 0, stream>>>(nullptr);
  return cudaGetLastError();
}
""",
    "relu_cuda/launch.cuh": '#pragma once\n#include <cuda_runtime.h>\n#include "plain.h"\n',
    "relu_cuda/plain.h": "#pragma once\nint plain();\n",
    "common/pack.inl": "#pragma once\ntypedef cudaEvent_t event;\n",
    "torch-ext/binding.h": "#pragma once\ntypedef cudaStream_t stream;\n",
    "torch-ext/other.h": "#pragma once\n",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the CMake code of a project for ROCm."""
    folder = tmp_path_factory.mktemp("project") / "cmake"
    folder.mkdir()
    for name, text in render(torch_config("rocm"), Provenance("abc1234")).items():
        if name.startswith("cmake/"):
            (folder.parent / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A kernel with a source in CUDA, and headers beside it, in a folder for them, and elsewhere."""
    folder = tmp_path / "my kernel"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def translate(modules: Path, kernel: Path, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the script; translations come to lie in the folder `tree` of the test."""

    def translate(*sources: str, includes: tuple[str, ...] = ("torch-ext",)) -> "subprocess.CompletedProcess[str]":
        names = [word for one in sources for word in ("--translate", one, _translation(one))]
        command: list[str | Path] = [
            sys.executable,
            "-I",
            modules / "hipify.py",
            "--torch",
            find_torch().root,
            "--top",
            kernel,
        ]
        command += ["--tree", tmp_path / "tree", *(f"--include={folder}" for folder in includes), *names]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return translate


def _translation(source: str) -> str:
    return source.replace("cuda", "hip").removesuffix(".cu") + ".hip"


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


Translate = Callable[..., "subprocess.CompletedProcess[str]"]


# What is translated


def test_a_source_and_its_headers(translate: Translate, kernel: Path, tmp_path: Path) -> None:
    """Each header of the kernel that the source includes is translated, wherever it lies, and named by the source."""
    before = _tree(kernel)
    result = translate("relu_cuda/relu.cu")
    assert (0, "", "") == (result.returncode, result.stdout, result.stderr)
    tree = _tree(tmp_path / "tree")
    source = tree["relu_hip/relu.hip"]
    includes = [line.partition(" ")[2] for line in source.splitlines() if line.startswith("#include")]
    named = ['"../relu_hip/launch.cuh"', '"../relu_hip/plain.h"', '"../common/pack_hip.inl"', '"binding_hip.h"']
    assert ["<hip/hip_runtime.h>", *named, "<nowhere.h>"] == includes
    assert "hipError_t run(hipStream_t stream)" in source
    assert "hipLaunchKernelGGL" in source
    assert "hipEvent_t" in tree["common/pack_hip.inl"]
    assert "hipStream_t" in tree["torch-ext/binding_hip.h"]
    # What is not included is not read, and nothing is written beside the sources.
    assert "torch-ext/other.h" not in tree
    assert before == _tree(kernel)


@pytest.mark.parametrize("name", ["build/a.cu", "third_party/a.cu", "a.cu", "cuda/hip/a.cu"])
def test_any_folder(translate: Translate, kernel: Path, tmp_path: Path, name: str) -> None:
    """Names that the tool would pass over in its own tree, and sources at the top, are translated like all others."""
    path = kernel / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#include "a.h"\ncudaStream_t stream;\n', "utf-8")
    path.with_suffix(".h").write_text("// A header.\ntypedef cudaEvent_t event;\n", "utf-8")
    result = translate(name, includes=())
    assert 0 == result.returncode, result.stderr
    assert "hipStream_t stream;" in _tree(tmp_path / "tree")[_translation(name)]
    assert any("hipEvent_t" in text for name, text in _tree(tmp_path / "tree").items() if name.endswith(".h"))


def test_what_is_outside(translate: Translate, kernel: Path, tmp_path: Path) -> None:
    """What is not below the folder of the kernel is left to the compiler."""
    (tmp_path / "outside.h").write_text("typedef cudaEvent_t event;\n", "utf-8")
    (kernel / "a.cu").write_text(
        f'#include "../outside.h"\n#include "{tmp_path}/outside.h"\n#include "torch-ext"\n', "utf-8"
    )
    assert 0 == translate("a.cu").returncode
    assert ["a.cu", "a.hip"] == sorted(_tree(tmp_path / "tree"))


def test_what_has_no_counterpart(translate: Translate, kernel: Path) -> None:
    """Names of CUDA that are left, and its headers, are said as a compiler warns; comments do not count."""
    text = (
        "#include <cuda/std/complex>\n"
        "// cudaInComment();\n"
        "/* cublasOne(\n cudaTwo */ int one;\n"
        "void run() { cudaNoSuchThing(); cudaStreamSynchronize(0); }\n"
    )
    (kernel / "a.cu").write_text(text, "utf-8")
    result = translate("a.cu")
    words = "warning: {} is not translated to HIP; guard it with #ifndef USE_ROCM"
    expected = [f"a.cu:1: {words.format('cuda/std/complex')}", f"a.cu:5: {words.format('cudaNoSuchThing')}"]
    assert (0, expected) == (result.returncode, result.stderr.splitlines())


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"// \xff\n", "a.cu cannot be translated to HIP: 'utf-8' codec"), (None, "a.cu cannot be translated to HIP: [")],
)
def test_what_cannot_be_read(translate: Translate, kernel: Path, text: bytes | None, words: str) -> None:
    """The source is named, in one line."""
    if text is not None:
        (kernel / "a.cu").write_bytes(text)
    result = translate("a.cu")
    assert (1, 1) == (result.returncode, len(result.stderr.splitlines()))
    assert result.stderr.startswith(words)


def test_a_torch_without_the_tool(modules: Path, kernel: Path, tmp_path: Path) -> None:
    """It is said which Torch that is."""
    command: list[str | Path] = [
        sys.executable,
        "-I",
        modules / "hipify.py",
        "--torch",
        tmp_path,
        "--top",
        kernel,
        "--tree",
        tmp_path,
    ]
    command += ["--translate", "relu_cuda/relu.cu", "relu_hip/relu.hip"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 1 == result.returncode
    assert f"the Torch in {tmp_path} has no hipify" in result.stderr


# When it is


@pytest.fixture
def build(modules: Path, kernel: Path, tmp_path: Path) -> Callable[[], tuple[list[str], list[str]]]:
    """Builds a target that "compiles" the translation by copying it; what Ninja did, and which files it made anew."""
    lists = f"""\
cmake_minimum_required(VERSION 3.26)
project(demo LANGUAGES NONE)
list(APPEND CMAKE_MODULE_PATH "{modules}")
set(KERNEL_BACKEND rocm)
set(KERNEL_SOURCE_DIR "{kernel}")
set(KERNEL_FRAMEWORK_ROOT "{find_torch().root}")
include(kernel)
include(rocm)
_kernel_hipify("${{CMAKE_BINARY_DIR}}/hip/0" sources "a.cpp;relu_cuda/relu.cu" "torch-ext")
list(GET sources 1 translation)
add_custom_command(
  OUTPUT object
  COMMAND "${{CMAKE_COMMAND}}" -E copy "${{translation}}" object
  DEPENDS "${{translation}}"
)
add_custom_target(all_objects ALL DEPENDS object)
file(WRITE "${{CMAKE_BINARY_DIR}}/sources.txt" "${{sources}}")
"""
    top, folder = tmp_path / "top", tmp_path / "build folder"
    top.mkdir()
    (top / "CMakeLists.txt").write_text(lists, "utf-8")
    command: list[str | Path] = [find_tool("cmake"), "-S", top, "-B", folder, "-G", "Ninja"]
    command += [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DPython_EXECUTABLE={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert f"a.cpp;{folder}/hip/0/relu_hip/relu.hip" == (folder / "sources.txt").read_text("utf-8")

    def build() -> tuple[list[str], list[str]]:
        before = {path: path.stat().st_mtime_ns for path in (folder / "hip/0").rglob("*") if path.is_file()}
        done = subprocess.run([find_tool("ninja"), "-C", folder], capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stdout
        words = ("Translating", "Generating")
        steps = [word for line in done.stdout.splitlines() for word in words if word in line]
        paths = {path: path.stat().st_mtime_ns for path in (folder / "hip/0").rglob("*") if path.is_file()}
        made = [path.relative_to(folder / "hip/0").as_posix() for path in paths if paths[path] != before.get(path)]
        return steps, sorted(name for name in made if "hip" in name)

    return build


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_ninja_knows_when(build: Callable[[], tuple[list[str], list[str]]], kernel: Path) -> None:
    """A changed header has the source compiled again, at once; for other files nothing is done."""
    steps, made = build()
    everything = ["Translating", "Generating"]
    assert (everything, 5) == (steps, len(made))
    assert ([], []) == build()
    _edit(kernel / "torch-ext/binding.h", "stream;", "queue;")
    assert (everything, ["relu_hip/relu.hip", "torch-ext/binding_hip.h"]) == build()
    _edit(kernel / "relu_cuda/relu.cu", "1, 32", "1, 64")
    assert (everything, ["relu_hip/relu.hip"]) == build()
    (kernel / "torch-ext/other.h").touch()
    assert ([], []) == build()


def test_the_same_contents(build: Callable[[], tuple[list[str], list[str]]], kernel: Path) -> None:
    """A source that was only touched is translated again, and not compiled."""
    build()
    (kernel / "relu_cuda/relu.cu").touch()
    assert (["Translating"], []) == build()


def test_a_header_that_is_gone(build: Callable[[], tuple[list[str], list[str]]], kernel: Path, tmp_path: Path) -> None:
    """The translation of a header that is no longer included does not stay."""
    build()
    _edit(kernel / "relu_cuda/relu.cu", '#include "binding.h"\n', "")
    assert (["Translating", "Generating"], ["relu_hip/relu.hip"]) == build()
    assert not (tmp_path / "build folder/hip/0/torch-ext/binding_hip.h").exists()
