"""Which devices a component for ROCm is compiled for, as CMake computes it."""

import subprocess
from pathlib import Path

import pytest
from support.configs import torch_config

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool

ALL = ";".join(rocm_archs().supported)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the CMake code of a project for ROCm."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in render(torch_config("rocm"), Provenance("abc1234")).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder / "cmake"


def _cmake(modules: Path, calls: str, *, code: int = 0) -> str:
    """Run calls of the functions of `rocm.cmake`; what CMake says, on one line."""
    script = modules.with_name("script.cmake")
    lines = [
        "cmake_minimum_required(VERSION 3.26)",
        f'list(APPEND CMAKE_MODULE_PATH "{modules.as_posix()}")',
        "set(KERNEL_BACKEND rocm)",
        "include(kernel)",
        "include(rocm)",
        # A compiler that is asked, and knows nothing.
        f'set(CMAKE_HIP_COMPILER "{find_tool("cmake").as_posix()}")',
        "set(CMAKE_HIP_COMPILER_VERSION 19.1.7)",
        calls,
    ]
    script.write_text("\n".join(lines), "utf-8")
    command: list[str | Path] = [find_tool("cmake"), "-P", script]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert code == done.returncode, done.stdout
    return " ".join(done.stdout.split())


def _requested(archs: str, *, targets: str = "") -> str:
    return (
        f'set(KERNEL_ROCM_ARCHS "{targets}")\n_kernel_rocm_targets()\n'
        f'_kernel_rocm_requested(found kernel.demo "{archs}")\nmessage(STATUS "[${{found}}]")'
    )


@pytest.mark.parametrize(
    ("requested", "targets", "expected"),
    [
        ("", "", ALL),
        ("gfx942", "", "gfx942"),
        ("gfx1100;gfx90a;gfx906", "", "gfx906;gfx90a;gfx1100"),
        ("gfx942;gfx942", "", "gfx942"),
        ("gfx940;gfx941;gfx942", "", "gfx942"),
        ("gfx1151;gfx1201;gfx1200", "", "gfx1200;gfx1201"),
        (ALL, "", ALL),
        ("", "gfx1030;gfx908", "gfx908;gfx1030"),
        ("gfx90a;gfx942;gfx950", "gfx942;gfx90a;gfx1100", "gfx90a;gfx942"),
    ],
)
def test_what_is_compiled_for(modules: Path, requested: str, targets: str, expected: str) -> None:
    """A component is compiled for what it names of what the build is for, once each, from old to new."""
    assert f"[{expected}]" in _cmake(modules, _requested(requested, targets=targets))


def test_what_is_left_out_is_said(modules: Path) -> None:
    """A device that builds are not for is named, whether it is retired or not published for; the others are not."""
    output = _cmake(modules, _requested("gfx940;gfx1151;gfx942"))
    left_out = [f"-- kernel.demo: this build is not for {arch}" for arch in ("gfx940", "gfx1151")]
    assert f"{' '.join(left_out)} -- [gfx942]" == output


@pytest.mark.parametrize(("requested", "targets"), [("gfx940;gfx1151", ""), ("gfx942", "gfx90a;gfx1100")])
def test_nothing_left(modules: Path, requested: str, targets: str) -> None:
    """The message names the key of build.toml and both lists."""
    output = _cmake(modules, _requested(requested, targets=targets), code=1)
    words = (
        f"names {requested.replace(';', ', ')}, and this build is for {(targets or ALL).replace(';', ', ')}: nothing"
    )
    assert f"kernel.demo.rocm-archs of build.toml {words}" in output


def test_a_setting_that_is_no_device(modules: Path) -> None:
    """What the setting names is checked as what build.toml names is."""
    output = _cmake(modules, _requested("", targets="gfx942;gfx94"), code=1)
    assert f"KERNEL_ROCM_ARCHS names gfx94; builds are for {ALL.replace(';', ', ')}." in output


def _compilable(known: str, archs: str) -> str:
    return f'set(KERNEL_ROCM_COMPILABLE "{known}")\n_kernel_rocm_compilable(kernel.demo {archs})\nmessage(STATUS done)'


@pytest.mark.parametrize("known", ["gfx90a;gfx942;gfx1100", ""])
def test_a_compiler_that_knows_the_devices(modules: Path, known: str) -> None:
    """Nothing is said when each is known, or when the compiler does not say which it knows."""
    assert "-- done" == _cmake(modules, _compilable(known, "gfx942 gfx90a"))


@pytest.mark.parametrize(
    ("archs", "names", "takes"),
    [
        ("gfx90a gfx950", "gfx950", "LLVM 20 or later, or ROCm's own clang of that version"),
        ("gfx942 gfx1201", "gfx942, gfx1201", "a newer ROCm or LLVM"),
    ],
)
def test_a_compiler_that_lacks_a_device(modules: Path, archs: str, names: str, takes: str) -> None:
    """The message names the device, what it takes, and how to go on without."""
    output = _cmake(modules, _compilable("gfx906;gfx90a", archs), code=1)
    assert f"kernel.demo is compiled for {names}, which" in output
    assert f"(19.1.7) does not know: that takes {takes}. For a build of your own, name other devices: with" in output


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("relu_cuda/relu.cu", "relu_hip/relu.hip"),
        ("relu.cu", "relu.hip"),
        ("a/CUDAThing.cu", "a/HIPThing.hip"),
        ("my.cuda/cuda.cu", "my.hip/hip.hip"),
        ("THCstuff/x.cu.cu", "THHstuff/x.cu.hip"),
    ],
)
def test_the_name_of_a_translation(modules: Path, source: str, translation: str) -> None:
    """Ninja has to know it before Torch's tool runs."""
    output = _cmake(modules, f'_kernel_hip_name(name "{source}")\nmessage(STATUS "[${{name}}]")')
    assert f"-- [{translation}]" == output


def test_a_source_that_is_not_there(modules: Path) -> None:
    """It is said when CMake runs, with its path."""
    calls = 'set(KERNEL_SOURCE_DIR "/nowhere")\n_kernel_hipify("/tree" found "a.cu" "")'
    assert "build.toml names a source that does not exist: /nowhere/a.cu" in _cmake(modules, calls, code=1)
