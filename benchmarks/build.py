"""Our local builds against the ways that Torch itself offers, in one run on one machine.

    python benchmarks/build.py

What `kernel-builder init` writes is built by us, and the same operator by `torch.utils.cpp_extension.load`, in the form
that its users give it: with `torch/extension.h`. Then the same sources, with Torch's umbrella headers, are built by
both; CMake configures our generated project and one that calls `find_package(Torch)`; both build again when nothing
has changed; and another checkout of ours is built from a compiler cache. Every command is a process of its own, as a
person starts it, and medians are shown; ours include all checks of the build and a load of it in a fresh process. No
compiler cache is used but where a line says so. The exit status is 1 when a promise is missed.
"""

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.commands import processor_seconds, run, wall_seconds
from benchmarks.results import Result, print_heading, print_result
from kernel_builder.toolchain.tools import find_tool

TITLE = "local builds; peer: torch.utils.cpp_extension, where not named"
ROOT = Path(__file__).resolve().parents[1]
_REGISTRATION = ROOT / "templates/project/torch/torch-ext/registration.h"
_REPEATS, _COLD_REPEATS = 5, 3
_QUICK_REPEATS, _QUICK_COLD_REPEATS = 1, 1
#: The most that a build without a change may take, in seconds of processor time.
_NO_OP_SECONDS = 0.3
_BUILDER = [sys.executable, "-m", "kernel_builder"]
_PEER = """
import sys
from pathlib import Path
from torch.utils.cpp_extension import load
project, folder = map(Path, sys.argv[1:])
sources = [*sorted(project.glob("torch-ext/*.cpp")), *sorted(project.glob("*_cpu/*.cpp"))]
load("_peer", [str(path) for path in sources], build_directory=str(folder), is_python_module=False,
     extra_include_paths=[str(project / "torch-ext")], extra_cflags=["-O3", "-DCPU_KERNEL"])
"""
_FIND_PACKAGE = """
cmake_minimum_required(VERSION 3.26)
project(peer LANGUAGES CXX)
find_package(Python3 REQUIRED COMPONENTS Interpreter Development.SABIModule)
execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import torch; print(torch.version.cuda or torch.version.hip)"
                OUTPUT_VARIABLE ACCELERATOR OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${Python3_EXECUTABLE}" -c "import torch; print(torch.utils.cmake_prefix_path)"
                OUTPUT_VARIABLE CMAKE_PREFIX_PATH OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
find_package(Torch REQUIRED)
add_library(peer MODULE torch-ext/torch_binding.cpp add_cpu/add_cpu.cpp)
target_include_directories(peer PRIVATE torch-ext)
target_link_libraries(peer PRIVATE "${TORCH_LIBRARIES}" Python3::SABIModule)
"""
_SCIKIT_BUILD = """
[build-system]
requires = ["scikit-build-core"]
build-backend = "scikit_build_core.build"
[project]
name = "peer"
version = "1"
[tool.scikit-build]
wheel.packages = []
"""


def measure(*, quick: bool = False) -> Iterator[Result]:
    """Build with us and with the peers."""
    repeats, cold = (_QUICK_REPEATS, _QUICK_COLD_REPEATS) if quick else (_REPEATS, _COLD_REPEATS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([*_BUILDER, "init", "add", "--backends", "cpu"], cwd=folder)
        small = folder / "add"
        umbrella = _with_header(small, folder / "umbrella", "torch/torch.h")
        usual = _with_header(small, folder / "usual", "torch/extension.h")
        _build(small)  # what is made once for a machine is there, and Torch's headers are in its memory
        ours, peer = _cold(small, usual, folder / "peer-usual", cold)
        yield _line("what init writes, cold; peer with torch/extension.h", ours, peer, 4)
        ours, peer = _cold(umbrella, umbrella, folder / "peer-umbrella", cold)
        yield _line("the same sources with torch/torch.h, cold", ours, peer, 1.4)
        ours, peer = _wheel(folder, small, usual, cold)
        yield _line("what init writes, cold; peer: a wheel by scikit-build-core", ours, peer, None)
        ours, peer = _configure(folder, small, repeats)
        yield _line("configure; peer: find_package(Torch)", ours, peer, 8)
        ours, peer = _medians([(_build(small), _load(usual, folder / "peer-usual")) for _ in range(repeats)])
        yield _line("nothing changed", ours, peer, 5)
        took = statistics.median(processor_seconds(_build_command(small)) for _ in range(repeats))
        yield Result(title="nothing changed, processor time", clock="processor", ours=took, limit=_NO_OP_SECONDS)
        if shutil.which("ccache") is not None:
            ours, peer = _cached(folder, umbrella, cold)
            yield _line("another checkout from ccache; peer: our own cold build", ours, peer, 8)


def _line(title: str, ours: float, peer: float, promise: float | None) -> Result:
    return Result(title=title, clock="wall", ours=ours, peer=peer, promise=promise)


def _cold(ours: Path, peer: Path, folder: Path, repeats: int) -> tuple[float, float]:
    """Build with us and with the peer in turn, each time from nothing."""
    pairs = []
    for _ in range(repeats):
        _forget(ours)
        shutil.rmtree(folder, ignore_errors=True)
        pairs.append((_build(ours), _load(peer, folder)))
    return _medians(pairs)


def _wheel(folder: Path, ours: Path, usual: Path, repeats: int) -> tuple[float, float]:
    """Build with us, and the same operator as a wheel with the CMake that asks for Torch."""
    peer = folder / "wheel"
    shutil.copytree(usual, peer, ignore=shutil.ignore_patterns("build", ".kernel-builder", ".git"))
    (peer / "CMakeLists.txt").write_text(_FIND_PACKAGE + "install(TARGETS peer DESTINATION peer)\n", "utf-8")
    (peer / "pyproject.toml").write_text(_SCIKIT_BUILD, "utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    pairs = []
    for number in range(repeats):
        _forget(ours)
        pairs.append((_build(ours), wall_seconds([*command, "--wheel-dir", folder / f"wheels-{number}", peer])))
    return _medians(pairs)


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    ours, peer = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(peer)


def _forget(project: Path) -> None:
    for name in (".kernel-builder", "build"):
        shutil.rmtree(project / name, ignore_errors=True)


def _configure(folder: Path, project: Path, repeats: int) -> tuple[float, float]:
    """Time CMake's first run, on our generated project and on one that asks CMake for Torch."""
    ours, peer = folder / "configure-ours", folder / "configure-peer"
    shutil.copytree(project, ours, ignore=shutil.ignore_patterns("build", ".kernel-builder", ".git"))
    shutil.copytree(ours, peer)
    run([*_BUILDER, "create-pyproject", str(ours)])
    (peer / "CMakeLists.txt").write_text(_FIND_PACKAGE, "utf-8")
    times: list[list[float]] = [[], []]
    for _ in range(repeats):
        for source, found in zip((ours, peer), times, strict=True):
            build = folder / "configured"
            command: list[str | Path] = [find_tool("cmake"), "-S", source, "-B", build, "-G", "Ninja"]
            command += [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DPython3_EXECUTABLE={sys.executable}"]
            found.append(wall_seconds(command))
            shutil.rmtree(build)
    mine, other = map(statistics.median, times)
    return mine, other


def _cached(folder: Path, project: Path, repeats: int) -> tuple[float, float]:
    """Build a checkout with an empty compiler cache, and another one with what the first left there."""
    env = {"CCACHE_DISABLE": None, "CCACHE_DIR": str(folder / "ccache")}
    _forget(project)
    wall_seconds(_build_command(project), env)
    pairs = []
    for number in range(repeats):
        _forget(project)
        other = folder / f"another-{number}" / "checkout"
        shutil.copytree(project, other)
        pairs.append((wall_seconds(_build_command(other), env), _build(project)))
    return _medians(pairs)


def _with_header(project: Path, target: Path, header: str) -> Path:
    """Copy a project; each of its sources includes one header more, before all others."""
    shutil.copytree(project, target)
    for path in [*target.glob("torch-ext/*.cpp"), *target.glob("*_cpu/*.cpp")]:
        path.write_text(f"#include <{header}>\n{path.read_text('utf-8')}", "utf-8")
    shutil.copy(_REGISTRATION, target / "torch-ext")  # which we write when we build, and the peer does not
    return target


def _build_command(project: Path) -> list[str]:
    return [*_BUILDER, "build", str(project), "--driver", "local"]


def _build(project: Path) -> float:
    return wall_seconds(_build_command(project))


def _load(project: Path, folder: Path) -> float:
    folder.mkdir(exist_ok=True)
    return wall_seconds([sys.executable, "-c", _PEER, str(project), str(folder)])


if __name__ == "__main__":
    print_heading(TITLE)
    results = []
    for result in measure():
        print_result(result)
        results.append(result)
    sys.exit(any(one.missed for one in results))
