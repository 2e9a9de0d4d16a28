"""CMake configures each example for each backend whose compiler is here, or has a stand-in that takes its place."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.coverage import Covers
from support.cuda_builds import find_compiler
from support.icpx import install_icpx
from support.projects import EXAMPLES, copy_example, kernel_builder
from support.torches import cuda_torch, rocm_torch, xpu_torch
from support.xcode import install_xcode, metal_torch

from kernel_builder.config.model import NoarchExtension
from kernel_builder.config.reader import load_config
from kernel_builder.toolchain.tools import find_tool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the compilers and their stand-ins are those of Linux")

#: What a compiler takes as it is; shaders are put together first, and sources for ROCm are translated.
COMPILED = (".cc", ".cpp", ".cu", ".cxx", ".mm")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A machine for one backend.

    Attributes:
        environment: of CMake; `None` takes a variable away.
        settings: options of CMake.
    """

    environment: Mapping[str, str | None] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


def _cpu(_: Path) -> World:
    return World()


def _cuda(folder: Path) -> World:
    cuda = find_compiler("cuda", None, folder / "cache")
    site = cuda_torch(folder / "site", str(cuda.version))
    return World(environment={"PYTHONPATH": str(site), **cuda.environment}, settings=cuda.settings)


def _rocm(folder: Path) -> World:
    rocm = find_compiler("rocm", None, folder / "cache")
    site = rocm_torch(folder / "site", str(rocm.version))
    # Not every compiler knows every GPU.
    settings = (*rocm.settings, "-DKERNEL_ROCM_ARCHS=gfx942")
    return World(environment={"PYTHONPATH": str(site), **rocm.environment}, settings=settings)


def _xpu(folder: Path) -> World:
    icpx = install_icpx(folder / "oneapi", "2026.0.0").icpx
    path = f"{icpx.parent}{os.pathsep}{os.environ['PATH']}"
    return World(environment={"PATH": path, "PYTHONPATH": str(xpu_torch(folder / "site", "2026.0"))})


def _metal(folder: Path) -> World:
    environment = {"PATH": install_xcode(folder / "xcode").path, "PYTHONPATH": str(metal_torch(folder / "site"))}
    return World(environment=environment, settings=("-DCMAKE_SYSTEM_NAME=Darwin", "-DCMAKE_SYSTEM_PROCESSOR=arm64"))


WORLDS: dict[str, Callable[[Path], World]] = {
    "cpu": _cpu,
    "cuda": _cuda,
    "rocm": _rocm,
    "xpu": _xpu,
    "metal": _metal,
}
#: Those whose compilers are stand-ins.
STAND_INS = ("xpu", "metal")
#: Those whose compilers CMake tries out, which takes its time.
SLOW = ("cuda", "rocm")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Gives the machine for a backend, which is made once."""
    worlds: dict[str, World] = {}

    def find(backend: str) -> World:
        if backend not in worlds:
            worlds[backend] = WORLDS[backend](tmp_path_factory.mktemp(backend))
        return worlds[backend]

    return find


def _cases(example: Path) -> list[object]:
    """A case for each backend of an example that CMake can configure here."""
    config = load_config(example)
    backends = [backend for backend in config.general.backends if backend in WORLDS and config.components(backend)]
    return [
        pytest.param(example, backend, id=f"{example.name}-{backend}", marks=[pytest.mark.heavy] * (backend in SLOW))
        for backend in backends
    ]


EXAMPLE_CASES = [case for example in EXAMPLES for case in _cases(example)]


@pytest.mark.parametrize(("example", "backend"), EXAMPLE_CASES)
def test_cmake_configures_an_example(
    example: Path, backend: str, world: Callable[[str], World], tmp_path: Path, covers: Covers
) -> None:
    """What is going to be compiled is what build.toml lists for the backend, each source once, and nothing else."""
    _configure(copy_example(example, tmp_path / "kernel"), backend, world(backend))
    covers(example.name, backend, "configures", how="stand-in" if backend in STAND_INS else "yes")


@pytest.mark.parametrize(
    ("framework", "backend"),
    [
        *(("torch", backend) for backend in ("cpu", "metal", "xpu")),
        *(("tvm-ffi", backend) for backend in ("cpu", "xpu")),
        *(
            pytest.param(*case, marks=pytest.mark.heavy)
            for case in (("torch", "cuda"), ("torch", "rocm"), ("tvm-ffi", "cuda"))
        ),
    ],
)
def test_cmake_configures_a_new_kernel(
    framework: str, backend: str, world: Callable[[str], World], tmp_path: Path
) -> None:
    """What `init` makes for every backend is configured for each of them."""
    project = tmp_path / "kernel"
    options = ["--framework", framework, "--backends", "all"]
    result = kernel_builder("init", project, *options, env={"GIT_CONFIG_GLOBAL": os.devnull})
    assert 0 == result.returncode, result.stderr
    _configure(project, backend, world(backend))


def _configure(project: Path, backend: str, here: World) -> None:
    """Configure a project, and hold the sources that are going to be compiled against those of build.toml."""
    result = kernel_builder("create-pyproject", project)
    assert 0 == result.returncode, result.stderr
    build = project.parent / "build"
    environment = {**os.environ, **here.environment, **_copies(project)}
    options = [f"-DKERNEL_BACKEND={backend}", f"-DPython_EXECUTABLE={sys.executable}", *here.settings]
    done = subprocess.run(
        [find_tool("cmake"), "-S", project, "-B", build, "-G", "Ninja", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options],
        env={key: value for key, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    config = load_config(project)
    assert not isinstance(config.framework, NoarchExtension)
    listed = [*config.framework.src, *(name for one in config.components(backend) for name in one.src)]
    commands = json.loads((build / "compile_commands.json").read_text("utf-8"))
    files = [Path(one["file"]) for one in commands]
    compiled = [path.relative_to(project).as_posix() for path in files if path.is_relative_to(project)]
    suffixes = [suffix for suffix in COMPILED if (backend, suffix) != ("rocm", ".cu")]
    assert sorted(name for name in listed if name.endswith(tuple(suffixes))) == sorted(compiled)
    kernel = json.loads((build / "kernel-build.json").read_text("utf-8"))
    assert kernel["ops-id"].startswith(f"_{config.general.python_name}_{backend}_")


def _copies(project: Path) -> dict[str, str]:
    """The variables that name copies of the libraries that a kernel depends on; CMake looks for one file of each."""
    path = project / "cmake" / "dependencies.json"
    rows = json.loads(path.read_text("utf-8")) if path.exists() else {}
    variables = {}
    for name, row in rows.items():
        folder = project.parent / "libraries" / name
        marker = folder / row["marker"]
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(_version_macros(row), "utf-8")
        variables[row["variable"]] = str(folder)
    return variables


def _version_macros(row: Mapping[str, str]) -> str:
    """What the file that CMake looks for says of the version, where CMake asks for it."""
    if "macros" not in row:
        return ""
    major, minor = row["version"].split(".")[:2]
    return f"#define {row['macros']}_MAJOR {major}\n#define {row['macros']}_MINOR {minor}\n"
