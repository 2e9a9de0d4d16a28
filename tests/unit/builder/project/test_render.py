"""From a configuration to the files of a project."""

import dataclasses
import importlib
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.configs import bound, component, noarch_config, torch_config, tvm_ffi_config

from kernel_builder.config.model import KernelComponent, KernelConfig
from kernel_builder.errors import ConfigError, TargetError
from kernel_builder.project.render import ops_id, render, render_ops
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool
from kernels.backend import BACKENDS

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
CLEAN = Provenance.of_commit("0123456789abcdef0123456789abcdef01234567", dirty=False)
EVERY = {"metadata-cpu.json", "pyproject.toml"}
COMPILED = EVERY | {
    "CMakeLists.txt",
    "cmake/_ops.py.in",
    "cmake/facts.cmake",
    "cmake/exports.map",
    "cmake/facts.py",
    "cmake/kernel-build.json.in",
    "cmake/kernel.cmake",
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (torch_config(), COMPILED | {"cmake/torch.cmake", "torch-ext/registration.h"}),
        (noarch_config(), EVERY | {"torch-ext/demo_kernel/_ops.py"}),
        (tvm_ffi_config(), COMPILED | {"cmake/tvm_ffi.cmake"}),
    ],
    ids=["torch", "torch-noarch", "tvm-ffi"],
)
def test_files(config: KernelConfig, expected: set[str]) -> None:
    """A kernel for the CPU is rendered to these files, in the order of their names."""
    assert sorted(expected) == list(render(config, CLEAN))


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


def _facts(config: KernelConfig) -> str:
    """What CMakeLists.txt states of a project."""
    text = render(config, CLEAN)["CMakeLists.txt"]
    return text[text.index("kernel_choose_backend") :]


def test_cmake_lists() -> None:
    """CMakeLists.txt states the project's facts: name, bounds, bindings, and the components of every backend."""
    config = torch_config(
        "cpu",
        "cuda",
        components=(component("cpu", include=("inc",), cxx_flags=("-DA=1", "-DA=1")), component("cuda")),
        minver=bound("2.11"),
        maxver=bound("2.13"),
        stable_abi={"cuda": bound("2.11")},
        include=("torch-ext",),
    )
    expected = """\
kernel_choose_backend("cpu" "cuda")
project("demo_kernel" LANGUAGES CXX)
kernel_project(
  MODULE "demo_kernel"
  UNIQUE_ID "0123456"
)

kernel_torch_bounds(
  MINVER "2.11"
  MAXVER "2.13"
)

kernel_stable_abi(BACKEND "cuda" VERSION "2.11")

kernel_component(
  "demo_cpu"
  BACKEND "cpu"
  SOURCES
    "demo_cpu.cpp"
  INCLUDES
    "inc"
  DEPENDS
    "torch"
  CXX_FLAGS "SHELL:-DA=1 -DA=1"
)

kernel_component(
  "demo_cuda"
  BACKEND "cuda"
  SOURCES
    "demo_cuda.cpp"
  DEPENDS
    "torch"
)

kernel_extension(
  SOURCES
    "torch-ext/torch_binding.cpp"
  INCLUDES
    "torch-ext"
)
"""
    assert expected == _facts(config)


def test_facts_of_accelerators() -> None:
    """What build.toml says for the compilers of CUDA, ROCm and XPU stands in the component, each in its words."""
    components = (
        component(
            "cuda",
            depends=(),
            cuda_capabilities=("8.0", "9.0a"),
            cuda_flags=("-lineinfo", "-DX=$<1:y>"),
            cuda_minver=bound("12.8"),
        ),
        component("rocm", depends=(), rocm_archs=("gfx90a", "gfx942"), hip_flags=("-O3",)),
        component("xpu", depends=("sycl_tla",), sycl_flags=("-DY=a b",)),
        component("metal", depends=()),
    )
    expected = """\
kernel_component(
  "demo_cuda"
  BACKEND "cuda"
  SOURCES
    "demo_cuda.cpp"
  CUDA_MINVER "12.8"
  CUDA_CAPABILITIES
    "8.0"
    "9.0a"
  CUDA_FLAGS "SHELL:-lineinfo \\"-DX=$<1:\\$>$<1:<>1:y$<ANGLE-R>\\""
)

kernel_component(
  "demo_rocm"
  BACKEND "rocm"
  SOURCES
    "demo_rocm.cpp"
  ROCM_ARCHS
    "gfx90a"
    "gfx942"
  HIP_FLAGS "SHELL:-O3"
)

kernel_component(
  "demo_xpu"
  BACKEND "xpu"
  SOURCES
    "demo_xpu.cpp"
  DEPENDS
    "sycl_tla"
  SYCL_FLAGS "SHELL:\\"-DY=a b\\""
)

kernel_component(
  "demo_metal"
  BACKEND "metal"
  SOURCES
    "demo_metal.cpp"
)
"""
    text = _facts(torch_config("cuda", "rocm", "xpu", "metal", components=components))
    assert expected == text[text.index("kernel_component") : text.index("\nkernel_extension")]


@pytest.mark.parametrize(
    "name", sorted({field.name for field in dataclasses.fields(KernelComponent)} - {"cargo_manifest"})
)
def test_every_key_of_a_component_is_rendered(name: str) -> None:
    """A key that is new in the model cannot be forgotten: each of them changes what CMakeLists.txt says."""
    values = {"id": "other", "backend": "xpu", "cuda_minver": bound("12.8")}
    changed: KernelComponent = dataclasses.replace(component(), **{name: values.get(name, ("x.cpp",))})  # type: ignore[arg-type]
    plain, other = (torch_config("cpu", "xpu", components=(one,)) for one in (component(), changed))
    assert _facts(plain) != _facts(other)


def test_folders_that_are_words_of_our_functions() -> None:
    """A folder called INCLUDES is that folder, and divides no arguments."""
    text = _facts(torch_config(components=(component(include=("SOURCES", "inc", "CXX_FLAGS")),)))
    assert '  INCLUDES\n    "./SOURCES"\n    "inc"\n    "./CXX_FLAGS"\n' in text


@pytest.mark.parametrize("config", [torch_config("cpu", "cuda"), tvm_ffi_config("cpu", "cuda")], ids=["torch", "tvm"])
def test_rust_is_refused(config: KernelConfig) -> None:
    """A component in Rust is not left out without a word."""
    rust = component("cpu", id="crab", src=(), cargo_manifest="Cargo.toml")
    with pytest.raises(TargetError, match=r"^Rust components are not built by this version: crab$"):
        render(dataclasses.replace(config, kernels=(rust, *config.kernels)), CLEAN)


def test_pyproject() -> None:
    """pyproject.toml names the package, its requirements and where its Python files are."""
    options = {"python_depends": ("einops", "tvm-ffi")}
    document = tomllib.loads(render(torch_config(general=options), CLEAN)["pyproject.toml"])
    project, build = document["project"], document["tool"]["scikit-build"]
    assert ("demo-kernel", "1.0.0") == (project["name"], project["version"])
    assert ["torch", "einops", "apache-tvm-ffi"] == project["dependencies"]
    assert {"demo_kernel": "torch-ext/demo_kernel"} == build["wheel"]["packages"]


@pytest.mark.parametrize(
    ("config", "requires", "needs", "settings"),
    [
        (torch_config(), "torch", "torch", {"wheel": {"py-api": "cp39"}}),
        (tvm_ffi_config(), "apache-tvm-ffi", "apache-tvm-ffi", {"wheel": {"py-api": "py3"}}),
        (noarch_config(), "scikit-build-core>=1.1", "torch", {"wheel": {"cmake": False}}),
    ],
    ids=["torch", "tvm-ffi", "torch-noarch"],
)
def test_pyproject_of_each_framework(
    config: KernelConfig, requires: str, needs: str, settings: dict[str, dict[str, object]]
) -> None:
    """Each framework's package asks for what it needs, and is tagged for the Pythons that can use it."""
    document = tomllib.loads(render(config, CLEAN)["pyproject.toml"])
    assert (requires, [needs]) == (document["build-system"]["requires"][-1], document["project"]["dependencies"])
    wheel = document["tool"]["scikit-build"]["wheel"]
    assert settings["wheel"] == {key: value for key, value in wheel.items() if key != "packages"}


@pytest.fixture
def run_ops(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a rendered `_ops.py` with a Torch that is only a shape, and says which namespace it chose."""

    def run(source: str, version: dict[str, str] | None = None, privateuse1: str = "", **torch: Any) -> str:
        module: Any = types.ModuleType("torch")
        module.ops = types.SimpleNamespace(**{name: name for name in re.findall(r'"(_demo_kernel_\w+)"', source)})
        module.version = types.SimpleNamespace(**{"cuda": None, "hip": None, **(version or {})})
        module.backends = types.SimpleNamespace(**torch.pop("backends", {}))
        c_module = types.SimpleNamespace(_get_privateuse1_backend_name=lambda: privateuse1)
        vars(module).update(torch, _C=c_module)
        monkeypatch.setitem(sys.modules, "torch", module)
        found: dict[str, Any] = {}
        exec(compile(source, "_ops.py", "exec"), found)  # noqa: S102 - what is tested
        assert f"{found['ops']}::f" == found["add_op_namespace_prefix"]("f")
        return str(found["ops"])

    return run


THERE = types.SimpleNamespace(is_available=lambda: True)
NOT_THERE = types.SimpleNamespace(is_available=lambda: False)


@pytest.mark.parametrize(
    ("torch", "backend"),
    [
        ({"backends": {"tpu": THERE}, "version": {"cuda": "13.0"}}, "tpu"),
        ({"neuron": THERE}, "neuron"),
        ({"version": {"cuda": "13.0"}, "backends": {"tpu": NOT_THERE}}, "cuda"),
        ({"version": {"hip": "7.2"}}, "rocm"),
        ({"backends": {"mps": THERE}}, "metal"),
        ({"version": {"xpu": "20250302"}, "backends": {"mps": NOT_THERE}}, "xpu"),
        ({"privateuse1": "npu"}, "cann"),
        ({}, "cpu"),
    ],
)
def test_python_only_kernels_find_their_backend(
    run_ops: Callable[..., str], torch: dict[str, Any], backend: str
) -> None:
    """The editable package names its operators after the backend that Torch computes on."""
    ops = render(noarch_config(*BACKENDS), CLEAN)["torch-ext/demo_kernel/_ops.py"]
    assert f"_demo_kernel_{backend}_0123456" == run_ops(ops, **torch)


def test_python_only_kernels_on_another_torch(run_ops: Callable[..., str]) -> None:
    """Where Torch computes on none of the kernel's backends, the last one gives the name; of one, it always does."""
    ops = render(noarch_config("rocm", "cuda"), CLEAN)["torch-ext/demo_kernel/_ops.py"]
    assert "_demo_kernel_rocm_0123456" == run_ops(ops)
    alone = render(noarch_config("cuda"), CLEAN)["torch-ext/demo_kernel/_ops.py"]
    for source in (alone, render_ops(noarch_config("cuda", "cpu"), "cuda", "0123456")):
        assert "_demo_kernel_cuda_0123456" == run_ops(source)


def test_place_of_the_sources() -> None:
    """A project that is written elsewhere points back to the kernel's folder, in CMake and in Python."""
    files = render(torch_config(), CLEAN, source_dir="../my kernel")
    assert 'set(KERNEL_SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/../my kernel" CACHE' in files["CMakeLists.txt"]
    packages = tomllib.loads(files["pyproject.toml"])["tool"]["scikit-build"]["wheel"]["packages"]
    assert {"demo_kernel": "../my kernel/torch-ext/demo_kernel"} == packages


@pytest.mark.parametrize("config", [torch_config("metal"), tvm_ffi_config("cuda")], ids=["torch", "tvm-ffi"])
def test_no_backend_is_refused(config: KernelConfig) -> None:
    """A kernel needs no component for the CPU in order to be rendered."""
    (backend,) = config.general.backends
    assert f'\nkernel_choose_backend("{backend}")\n' in render(config, CLEAN)["CMakeLists.txt"]


@pytest.mark.parametrize(
    "config", [torch_config("cpu", components=(component("metal"),)), tvm_ffi_config("cpu", components=())]
)
def test_nothing_to_compile(config: KernelConfig) -> None:
    """A kernel that has to be compiled, and has no component for any of its backends, is refused."""
    with pytest.raises(TargetError, match=r"^demo-kernel has no component for any of its backends"):
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
    parts = ("choose_backend", "project", "component", "extension")
    functions = "".join(
        f"function({name})\n"
        f"  foreach(index RANGE ${{ARGC}})\n"
        '    string(HEX "${ARGV${index}}" hex)\n'
        '    file(APPEND values "${hex}\\n")\n'
        "  endforeach()\n"
        "endfunction()\n"
        for name in ("project", "include", *(f"kernel_{part}" for part in parts))
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
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from support.configs import noarch_config, torch_config, tvm_ffi_config;"
        "from kernel_builder.project.render import render; from kernel_builder.provenance import Provenance;"
        "import hashlib;"
        "made = [make('cpu', 'cuda', 'xpu') for make in (noarch_config, torch_config, tvm_ffi_config)];"
        "texts = repr([render(config, Provenance('x')) for config in made]);"
        "print(hashlib.sha256(texts.encode()).hexdigest())"
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
