"""From a configuration to the files of a project."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.configs import bound, component, noarch_config, torch_config, tvm_ffi_config

from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import ConfigError, TargetError
from kernel_builder.project.render import ops_id, render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
CLEAN = Provenance.of_commit("0123456789abcdef0123456789abcdef01234567", dirty=False)
FILES = (
    "CMakeLists.txt",
    "cmake/_ops.py.in",
    "cmake/kernel-build.json.in",
    "cmake/kernel.cmake",
    "cmake/torch.cmake",
    "cmake/torch_facts.py",
    "metadata-cpu.json",
    "pyproject.toml",
    "torch-ext/registration.h",
)


def test_files() -> None:
    """A CPU kernel is rendered to these files, in the order of their names."""
    assert FILES == tuple(render(torch_config(), CLEAN))


def test_ops_id() -> None:
    """The ops id has an underscore, the module, the backend and what makes the build unique."""
    assert "_demo_kernel_cpu_0123456" == ops_id(torch_config(), "cpu", CLEAN.unique_id)


def test_metadata_of_each_backend() -> None:
    """Each backend with a component has its metadata, named by its own ops id; a backend without one has none."""
    config = torch_config("cpu", "cuda", "rocm", components=(component("cpu"), component("cuda")))
    files = render(config, CLEAN)
    ids = {name: json.loads(text)["id"] for name, text in files.items() if name.startswith("metadata-")}
    expected = {f"metadata-{backend}.json": f"_demo_kernel_{backend}_0123456" for backend in ("cpu", "cuda")}
    assert expected == ids


def test_cmake_lists() -> None:
    """CMakeLists.txt states the project's facts: name, bounds, components and bindings."""
    config = torch_config(
        "cpu",
        "cuda",
        components=(component("cpu", include=("inc",), cxx_flags=("-DA=1", "-DA=1")), component("cuda")),
        minver=bound("2.11"),
        maxver=bound("2.13"),
        include=("torch-ext",),
    )
    text = render(config, CLEAN)["CMakeLists.txt"]
    assert (
        text[text.index("kernel_project") :]
        == """\
kernel_project(
  MODULE "demo_kernel"
  UNIQUE_ID "0123456"
  BACKENDS "cpu"
  TORCH_MINVER "2.11"
  TORCH_MAXVER "2.13"
)

kernel_component(
  "demo_cpu"
  BACKEND "cpu"
  SOURCES
    "demo_cpu.cpp"
  INCLUDES
    "inc"
  CXX_FLAGS "SHELL:-DA=1 -DA=1"
)

kernel_extension(
  SOURCES
    "torch-ext/torch_binding.cpp"
  INCLUDES
    "torch-ext"
)
"""
    )


def test_pyproject() -> None:
    """pyproject.toml names the package, its requirements and where its Python files are."""
    options = {"python_depends": ("einops", "tvm-ffi")}
    document = tomllib.loads(render(torch_config(general=options), CLEAN)["pyproject.toml"])
    project, build = document["project"], document["tool"]["scikit-build"]
    assert ("demo-kernel", "1.0.0") == (project["name"], project["version"])
    assert ["torch", "einops", "apache-tvm-ffi"] == project["dependencies"]
    assert {"demo_kernel": "torch-ext/demo_kernel"} == build["wheel"]["packages"]


def test_place_of_the_sources() -> None:
    """A project that is written elsewhere points back to the kernel's folder, in CMake and in Python."""
    files = render(torch_config(), CLEAN, source_dir="../my kernel")
    assert 'set(KERNEL_SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/../my kernel" CACHE' in files["CMakeLists.txt"]
    packages = tomllib.loads(files["pyproject.toml"])["tool"]["scikit-build"]["wheel"]["packages"]
    assert {"demo_kernel": "../my kernel/torch-ext/demo_kernel"} == packages


@pytest.mark.parametrize("config", [noarch_config("cpu"), tvm_ffi_config("cpu")], ids=["noarch", "tvm-ffi"])
def test_other_frameworks(config: KernelConfig) -> None:
    """What this version cannot render is refused by its name."""
    with pytest.raises(TargetError, match=rf"^\[{config.framework_key}\] projects cannot be rendered"):
        render(config, CLEAN)


@pytest.mark.parametrize("config", [torch_config("metal"), torch_config("cpu", components=(component("metal"),))])
def test_no_backend_to_render(config: KernelConfig) -> None:
    """A kernel without a component that the generated CMake can build is refused."""
    with pytest.raises(TargetError, match=r"^demo-kernel has no component for a backend that this version can render"):
        render(config, CLEAN)


@pytest.mark.parametrize(
    "hostile",
    [
        {"id": "]]\nfile(TOUCH canary)\n#[["},
        {"src": ("$<TARGET_FILE:x>.cpp",)},
        {"include": ("a;b",)},
        {"cxx_flags": ("&&", "touch", "canary")},
        {"cxx_flags": ('-DX=")\nfile(TOUCH canary)',)},
    ],
)
def test_values_that_no_project_can_hold(hostile: dict[str, str | tuple[str, ...]]) -> None:
    """What would be altered or run on its way is refused before anything is written."""
    with pytest.raises(ConfigError, match="cannot be"):
        render(torch_config(components=(component("cpu", **hostile),)), CLEAN)


@pytest.mark.parametrize(
    "hostile",
    [
        {"id": 'x")\nfile(TOUCH canary)\n#'},
        {"id": "#[[\n)]]\nfile(TOUCH canary)"},
        {"src": ('a.cpp"\n)\nfile(TOUCH canary)\nset(x "',)},
        {"include": ("${CMAKE_BINARY_DIR}$ENV{HOME}", "@CMAKE_BINARY_DIR@")},
    ],
)
def test_values_do_not_become_code(tmp_path: Path, hostile: dict[str, str | tuple[str, ...]]) -> None:
    """Read by CMake with stand-ins for the functions, the project runs nothing of build.toml and keeps the values."""
    text = render(torch_config(components=(component("cpu", **hostile),)), CLEAN)["CMakeLists.txt"]
    functions = "".join(
        f"function({name})\n"
        f"  foreach(index RANGE ${{ARGC}})\n"
        '    string(HEX "${ARGV${index}}" hex)\n'
        '    file(APPEND values "${hex}\\n")\n'
        "  endforeach()\n"
        "endfunction()\n"
        for name in ("project", "include", "kernel_project", "kernel_component", "kernel_extension")
    )
    (tmp_path / "script.cmake").write_text("cmake_minimum_required(VERSION 3.22)\n" + functions + text, "utf-8")
    subprocess.run([find_tool("cmake"), "-P", "script.cmake"], cwd=tmp_path, check=True, capture_output=True)
    held = {bytes.fromhex(line).decode() for line in (tmp_path / "values").read_text().splitlines()}
    values = {value for field in hostile.values() for value in ([field] if isinstance(field, str) else field)}
    assert values <= held
    assert {"script.cmake", "values"} == {path.name for path in tmp_path.iterdir()}


def test_same_bytes_in_every_process() -> None:
    """The order of sets and dicts, the locale and the time zone do not show in the output."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from support.configs import torch_config;"
        "from kernel_builder.project.render import render; from kernel_builder.provenance import Provenance;"
        "import hashlib;"
        "print(hashlib.sha256(repr(render(torch_config('cpu', 'cuda', 'xpu'), Provenance('x'))).encode()).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parents[3])],
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            check=True,
            capture_output=True,
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"), ("3", "POSIX", "America/Lima"))
    }
    assert 1 == len(outputs)


def test_no_template_syntax_is_evaluated() -> None:
    """A value that looks like a template stays text."""
    text = render(torch_config(components=(component("cpu", id="{{ 7 * 7 }}{% raw %}"),)), CLEAN)["CMakeLists.txt"]
    assert '"{{ 7 * 7 }}{% raw %}"' in text
