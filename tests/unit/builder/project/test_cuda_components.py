"""What becomes of a component's keys for CUDA, as far as CMake can tell without a compiler."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.configs import bound, component, torch_config

from kernel_builder.config.model import BackendOptions
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool

_LISTS = {"13.0": "13.0", "13.2": "13.0", "12.8": "12.8", "12.6": "0.0", "12.0": "0.0"}


def _cmake(folder: Path, calls: str, *, cuda: str = "13.0", code: int = 0) -> str:
    """Run calls of the functions of a rendered project's `cuda.cmake`; what CMake says, on one line."""
    for name, text in render(torch_config("cuda"), Provenance("abc1234")).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    script = f"""\
cmake_minimum_required(VERSION 3.26)
list(APPEND CMAKE_MODULE_PATH "{folder}/cmake")
set(KERNEL_BACKEND cuda)
set(KERNEL_CUDA_VERSION {cuda})
set(KERNEL_CUDA_LIST {_LISTS[cuda]})
include(kernel)
include(cuda)
{calls}
"""
    (folder / "script.cmake").write_text(script, "utf-8")
    command: list[str | Path] = [find_tool("cmake"), "-P", folder / "script.cmake"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert code == done.returncode, done.stdout
    return " ".join(done.stdout.split())


def _requested(capabilities: str) -> str:
    return f'_kernel_cuda_requested(found demo "{capabilities}")\nmessage(STATUS "[${{found}}]")'


def test_the_list_of_a_version(tmp_path: Path) -> None:
    """The data has the lists from new to old, so that the first that is not newer than the compiler is its own."""
    assert "[13.0;12.8;0.0]" in _cmake(tmp_path, 'message(STATUS "[${KERNEL_CUDA_LISTS}]")')


@pytest.mark.parametrize(
    ("cuda", "requested", "expected", "said"),
    [
        ("13.0", "8.0;9.0", "8.0;9.0", ""),
        ("13.0", "7.0;7.5;8.0", "7.5;8.0", "-- kernel.demo: CUDA 13.0 does not build for 7.0; compiled for 7.5, 8.0"),
        ("13.2", "8.0;10.3a", "8.0", "does not build for 10.3a; compiled for 8.0"),
        ("12.6", "9.0;10.0", "9.0", "-- kernel.demo: CUDA 12.6 does not build for 10.0; compiled for 9.0"),
        ("12.6", "5.0+PTX", "5.0+PTX", ""),
    ],
)
def test_what_is_left_out_is_said(tmp_path: Path, cuda: str, requested: str, expected: str, said: str) -> None:
    """A capability that this CUDA has no device for is named, with what the component is compiled for."""
    output = _cmake(tmp_path, _requested(requested), cuda=cuda)
    assert f"[{expected}]" in output
    assert said in output
    # Nothing stands in for what is compiled for one device only, and so its absence is a warning.
    assert ("CMake Warning" in output) == ("10.3a" in requested)


@pytest.mark.parametrize("requested", ["9.0a", "9.0;9.0a", "8.0;8.0", "9.0;9.0+PTX", "12.0+PTX;12.0a"])
def test_what_is_compiled_for_is_not_said_to_be_left_out(tmp_path: Path, requested: str) -> None:
    """What the code for a device with a suffix, or with PTX, stands for is not missing."""
    assert "does not build for" not in _cmake(tmp_path, _requested(requested))


@pytest.mark.parametrize(
    ("cuda", "requested", "words"),
    [
        ("13.0", "8.0;8.3", "names 8.3, which is no CUDA capability; there are 3.0, 3.2, "),
        ("13.0", "6.0", "names 6.0, and CUDA 13.0 builds for 7.5, 8.0, "),
        ("13.0", "10.3a;10.1", "names 10.3a, 10.1, and CUDA 13.0 builds for 7.5, "),
        ("13.0", "7.0+PTX", "names 7.0+PTX, which is too old for CUDA 13.0: add 7.5."),
        ("12.8", "10.0f", "names 10.0f; variants 'f' came with CUDA 12.9, and this is CUDA 12.8: use 'a', or set cuda"),
    ],
)
def test_what_cannot_be_compiled_is_refused(tmp_path: Path, cuda: str, requested: str, words: str) -> None:
    """The message names the key of build.toml, and what to do."""
    output = _cmake(tmp_path, _requested(requested), cuda=cuda, code=1)
    assert f"kernel.demo.cuda-capabilities of build.toml {words}" in output


@pytest.mark.parametrize(("cuda", "sources"), [("12.6", ""), ("12.8", "a.cu"), ("13.0", "a.cu")])
def test_a_component_for_a_newer_cuda(tmp_path: Path, cuda: str, sources: str) -> None:
    """A component is left out of a build with an older CUDA than it needs, and that is said."""
    calls = """\
set(id demo)
set(component_SOURCES a.cu)
set(component_CUDA_MINVER 12.8)
set(component_CUDA_CAPABILITIES 9.0a)
kernel_backend_component()
message(STATUS "[${component_SOURCES}]")"""
    output = _cmake(tmp_path, calls, cuda=cuda)
    assert f"[{sources}]" in output
    assert (not sources) == ("demo: left out, since it needs CUDA 12.8; this is CUDA 12.6" in output)


def test_a_component_without_code_for_devices(tmp_path: Path) -> None:
    """Where nothing is in CUDA, capabilities do not matter, and nobody asks for devices."""
    calls = """\
set(id demo)
set(component_SOURCES a.cpp b.cuh)
set(component_CUDA_CAPABILITIES 6.0)
kernel_backend_component()
message(STATUS "[${component_SOURCES}] [${KERNEL_CUDA_CAPABILITIES}]")"""
    assert "-- [a.cpp;b.cuh] []" == _cmake(tmp_path, calls)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ("", ""),
        ("9.0;8.0;9.0", "8.0;9.0"),
        ("10.0;7.5;9.0a;9.0", "7.5;9.0;9.0a;10.0"),
        ("12.0+PTX;12.0;12.0a;9.0+PTX", "9.0+PTX;12.0+PTX;12.0a"),
        ("9.0a+PTX;9.0a;9.0", "9.0;9.0a+PTX"),
    ],
)
def test_the_capabilities_of_several_components(tmp_path: Path, capabilities: str, expected: str) -> None:
    """The library has code for what any component has, with PTX where one has that."""
    calls = f'kernel_cuda_union(found "{capabilities}")\nmessage(STATUS "[${{found}}]")'
    assert f"-- [{expected}]" == _cmake(tmp_path, calls)


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        ("9.0\\n", "9.0", ""),
        ("12.0\\n9.0\\n9.0\\n", "9.0;12.0", ""),
        ("7.0\\n8.9\\n", "8.9", "CUDA 13.0 does not compile for a device of this machine, which has 7.0 "),
        ("14.0", "", "CUDA 13.0 does not compile for a device of this machine, which has 14.0 "),
        ("9.0\\n1.0\\n", "9.0", "which has 1.0 "),
        ("[N/A]\\n", "", ""),
        ("NVIDIA-SMI 535.1 has failed because it could not communicate\\n", "", ""),
        ("", "", ""),
    ],
)
def test_the_devices_of_a_machine(tmp_path: Path, answer: str, expected: str, said: str) -> None:
    """Those of nvidia-smi's answer that this nvcc has a name for, each once."""
    listed = "compute_75\\ncompute_89\\ncompute_90\\ncompute_100\\ncompute_120"
    output = _cmake(tmp_path, f'_kernel_cuda_usable(found "{answer}" "{listed}")\nmessage(STATUS "[${{found}}]")')
    assert said in output
    assert bool(said) == ("does not compile" in output)
    assert output.endswith(f"-- [{expected}]")


@pytest.mark.parametrize(
    ("cuda", "flags", "expected"),
    [
        ("12.6", "SHELL:-O3 -static-global-template-stub=false -lineinfo", "SHELL:-O3 -lineinfo"),
        ("12.6", "SHELL:--static-global-template-stub false -O3", "SHELL:-O3"),
        ("12.6", "SHELL:-static-global-template-stub=true", ""),
        ("12.6", "SHELL:-DX=-static-global-template-stub=true", "SHELL:-DX=-static-global-template-stub=true"),
        ("12.8", "SHELL:-O3 -static-global-template-stub=false", "SHELL:-O3 -static-global-template-stub=false"),
        ("12.8", "", ""),
    ],
)
def test_a_flag_that_older_compilers_do_not_know(tmp_path: Path, cuda: str, flags: str, expected: str) -> None:
    """A flag of nvcc 12.8 and later does not stop a build with an older one."""
    calls = f'_kernel_cuda_author_flags(found "{flags}")\nmessage(STATUS "[${{found}}]")'
    assert f"-- [{expected}]" == _cmake(tmp_path, calls, cuda=cuda)


@pytest.mark.parametrize(("sources", "capabilities"), [(0, 0), (1, 1), (1, 11), (2, 11), (1, 1000), (1000, 11)])
def test_the_cores_are_shared_out(tmp_path: Path, sources: int, capabilities: int) -> None:
    """With few sources each nvcc compiles for several devices at once; with many, each has one core."""
    lists = " ".join(f'"{";".join(["x"] * count)}"' for count in (sources, capabilities))
    output = _cmake(tmp_path, f'_kernel_cuda_threads(found {lists})\nmessage(STATUS "[${{found}}]")')
    cores = os.cpu_count() or 1
    assert f"-- [{max(1, min(capabilities, cores // max(1, sources)))}]" == output


@pytest.mark.parametrize(("name", "what"), [("a,b", ","), ("it's", "'"), ("a\\$HOME", "$")])
def test_names_that_nvcc_takes_apart(tmp_path: Path, name: str, what: str) -> None:
    """A path that nvcc would not find again is refused, with what is in the way."""
    output = _cmake(tmp_path, f'_kernel_cuda_check_path("/home/{name}/kernel")', code=1)
    assert f"the path has {what} in it. Choose a plainer name." in output
    _cmake(tmp_path, '_kernel_cuda_check_path("/home/a b/(c)/d&e/fü/g=h/kernel")')


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ("MINVER 13", ""),
        ("MINVER 13.0 MAXVER 13.0", ""),
        ("MAXVER 13", ""),
        ("MINVER 13.2", "The kernel needs CUDA 13.2 or later; CUDA 13.0 is installed."),
        ("MAXVER 12.8", "The kernel needs CUDA 12.8 or earlier; CUDA 13.0 is installed."),
    ],
)
def test_bounds(tmp_path: Path, bounds: str, words: str) -> None:
    """`general.cuda.minver` and `maxver` are held against the compiler, on as many components as they have."""
    assert words in _cmake(tmp_path, f"kernel_cuda_bounds({bounds})", code=int(bool(words)))


def test_bounds_are_rendered_for_kernels_with_cuda_only() -> None:
    """The bounds stand in CMakeLists.txt where there is something to compile for CUDA."""
    options = BackendOptions(minver=bound("12.8"), maxver=bound("13.0"))

    def lists(backend: str) -> str:
        config = torch_config(backend, components=(component(backend),))
        config = replace(config, general=replace(config.general, cuda=options))
        return render(config, Provenance("abc1234"))["CMakeLists.txt"]

    assert 'kernel_cuda_bounds(\n  MINVER "12.8"\n  MAXVER "13.0"\n)\n' in lists("cuda")
    assert "kernel_cuda_bounds" not in lists("cpu")


def test_another_cuda_than_that_of_torch(tmp_path: Path) -> None:
    """A build is named after the CUDA of Torch, and so its compiler has to be of that one."""
    calls = "set(KERNEL_TORCH_CUDA 12.8)\nset(KERNEL_FRAMEWORK_VERSION 2.13.0)\n_kernel_check_cuda_of_torch()"
    assert "Torch 2.13.0 is for CUDA 12.8, and" in _cmake(tmp_path, calls, code=1)
