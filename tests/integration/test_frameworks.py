"""Kernels that are Python only, and kernels on tvm-ffi: built, checked and loaded with what this machine has."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from support.coverage import Covers
from support.cuda_builds import build_for_cuda
from support.hub import HubServer
from support.projects import ROOT, contents, kernel_builder, make_tiny_noarch, make_tiny_tvm_ffi, run_python

from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.tvm_ffi import find_tvm_ffi
from kernels.digest import digest_tree
from kernels.metadata import BackendInfo, read_metadata

NOARCH = ("torch-cpu", "torch-cuda", "torch-rocm")
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


@pytest.fixture(scope="module")
def tvm_ffi_variant() -> str:
    """The variant on tvm-ffi that this environment builds."""
    return f"tvm-ffi{find_tvm_ffi().release.digits}-cpu-{host_platform()}"


# Python only


def test_every_backend_of_a_python_only_kernel_is_built(built_noarch: Path) -> None:
    """Without a compiler, each backend that this system has becomes a variant, with the same Python files."""
    build = built_noarch / "build"
    assert set(NOARCH) == {path.name for path in build.iterdir()}
    expected = {"__init__.py", "_ops.py", "metadata.json", "tiny_noarch/__init__.py"}
    assert [expected] * 3 == [set(contents(build / name)) for name in NOARCH]
    assert 1 == len({(build / name / "__init__.py").read_bytes() for name in NOARCH})


def test_the_metadata_of_python_only_builds(built_noarch: Path) -> None:
    """Each build names its backend and what it runs on, its own id, and the hash of every file; no tool chain."""
    trees = [built_noarch / "build" / name for name in NOARCH]
    found = [read_metadata(tree) for tree in trees]
    expected = [BackendInfo("cpu"), BackendInfo("cuda", ("8.0", "9.0")), BackendInfo("rocm", ("gfx942",))]
    assert expected == [metadata.backend for metadata in found]
    assert [digest_tree(tree) for tree in trees] == [metadata.digest for metadata in found]
    for metadata, tree in zip(found, trees, strict=True):
        assert metadata.id.startswith(f"_tiny_noarch_{metadata.backend.type}_")
        assert f'_OPS_ID = "{metadata.id}"' in (tree / "_ops.py").read_text("utf-8")
        assert metadata.provenance is not None
        assert ["kernel-builder", "driver"] == list(metadata.provenance)


def test_a_python_only_kernel_is_loaded(built_noarch: Path) -> None:
    """The loader finds the build for the CPU and its operator computes, under the name of the build."""
    code = """
import sys, torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1], "cpu")
print(kernel.same(torch.tensor([1.0, 2.0])).tolist(), kernel._ops.add_op_namespace_prefix("same"))
"""
    kernel_id = read_metadata(built_noarch / "build" / "torch-cpu").id
    assert f"[1.0, 2.0] {kernel_id}::same" == run_python(code, built_noarch).strip()


def test_a_second_python_only_build_changes_nothing(built_noarch: Path, tmp_path: Path) -> None:
    """With nothing changed every tree stays; one changed file changes them all."""
    project = Path(shutil.copytree(built_noarch, tmp_path / "tiny"))
    again = json.loads(kernel_builder("build", project, "--driver", "local", "--json").stdout)
    assert [(name, False, None) for name in NOARCH] == [
        (one["variant"], one["changed"], one["compiled"])
        for one in sorted(again["builds"], key=lambda one: one["variant"])
    ]
    (project / "torch-ext/tiny_noarch/more.py").write_text("x = 1\n", "utf-8")
    result = json.loads(kernel_builder("build", project, "--driver", "local", "--json").stdout)
    assert [True, True, True] == [built["changed"] for built in result["builds"]]


def test_one_python_only_variant_and_neither_compiler_nor_cmake(tmp_path: Path) -> None:
    """With `--variant`, that one is built; no program is needed for it."""
    project = make_tiny_noarch(tmp_path / "a [b; c" / "tiny")
    env = {"PATH": str(tmp_path), "CXX": ""}
    result = kernel_builder("build", project, "--driver", "local", "--variant", "torch-cuda", "--json", env=env)
    assert result.returncode == 0, result.stderr
    assert ["torch-cuda"] == [path.name for path in (project / "build").iterdir()]


def test_a_python_only_build_that_does_not_load_is_not_installed(tmp_path: Path) -> None:
    """The build for this machine's backend is loaded before it is installed; what is wrong in every build is seen."""
    project = make_tiny_noarch(tmp_path / "tiny")
    init = project / "torch-ext/tiny_noarch/__init__.py"
    text = init.read_text("utf-8")
    init.write_text("from . import missing_module\n", "utf-8")
    result = kernel_builder("build", project, "--driver", "local", "--variant", "torch-cpu")
    assert (8, True) == (result.returncode, "missing_module" in result.stderr), result.stderr
    init.write_text(text.replace('add_op_namespace_prefix("same")', '"tiny::same"'), "utf-8")
    result = kernel_builder("build", project, "--driver", "local", "--variant", "torch-cuda")
    assert (8, True) == (result.returncode, "registers in `tiny`" in result.stderr), result.stderr
    assert [] == list((project / "build").iterdir())


# tvm-ffi


def test_the_tree_of_a_tvm_ffi_build(built_tvm_ffi: Path, tvm_ffi_variant: str) -> None:
    """The one variant is named after tvm-ffi's release and holds a plain library under the kernel's id."""
    assert [tvm_ffi_variant] == [path.name for path in (built_tvm_ffi / "build").iterdir()]
    tree = built_tvm_ffi / "build" / tvm_ffi_variant
    metadata = read_metadata(tree)
    expected = {"__init__.py", "_ops.py", f"{metadata.id}{SUFFIX}", "metadata.json", "tiny_ffi/__init__.py"}
    assert expected == set(contents(tree))
    assert (digest_tree(tree), BackendInfo("cpu")) == (metadata.digest, metadata.backend)
    assert metadata.provenance is not None
    assert ["kernel-builder", "driver", "toolchain"] == list(metadata.provenance)
    assert find_tvm_ffi().version == metadata.provenance["toolchain"]["tvm-ffi"]


@pytest.mark.skipif(sys.platform != "linux", reason="ELF")
def test_the_library_of_a_tvm_ffi_build(built_tvm_ffi: Path, tvm_ffi_variant: str) -> None:
    """The library is stripped, names no folder, and depends neither on Torch nor on Python; its function is visible."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415 - ELF only

    (path,) = (built_tvm_ffi / "build" / tvm_ffi_variant).glob("*.so")
    with path.open("rb") as file:
        elf = ELFFile(file)
        tags = [
            (tag.entry.d_tag, getattr(tag, "needed", None)) for tag in elf.get_section_by_name(".dynamic").iter_tags()
        ]
        exported = [
            one.name for one in elf.get_section_by_name(".dynsym").iter_symbols() if one["st_shndx"] != "SHN_UNDEF"
        ]
        sections = [section.name for section in elf.iter_sections()]
    needed = [str(name) for tag, name in tags if tag == "DT_NEEDED"]
    assert "libtvm_ffi.so" in needed
    assert [] == [name for name in needed if "torch" in name or "c10" in name or "python" in name]
    assert {"DT_RPATH", "DT_RUNPATH"}.isdisjoint(tag for tag, _ in tags)
    assert (True, False) == ("__tvm_ffi_twice" in exported, any("twicePf" in name for name in exported))
    assert ".symtab" not in sections


def test_a_tvm_ffi_kernel_is_loaded(built_tvm_ffi: Path) -> None:
    """The loader finds the build, and its function works on a tensor of Torch, in its place."""
    code = """
import sys, torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1], "cpu")
x = torch.tensor([1.0, -2.0])
kernel.twice(x)
print(x.tolist(), kernel is get_local_kernel(sys.argv[1], "cpu"))
"""
    assert "[2.0, -4.0] True" == run_python(code, built_tvm_ffi).strip()


def test_a_tvm_ffi_kernel_is_loaded_from_the_hub(built_tvm_ffi: Path, hub_client: HubServer) -> None:
    """A program that names the repository gets the build for its tvm-ffi, and computes with it."""
    hub_client.publish(built_tvm_ffi, "org/tiny-ffi")
    hub_client.trust("org")
    code = """
import torch
from kernels import get_kernel
kernel = get_kernel("org/tiny-ffi", version=1, backend="cpu")
x = torch.tensor([1.0, -2.0])
kernel.twice(x)
print(x.tolist())
"""
    assert "[2.0, -4.0]" == run_python(code).strip()


def test_without_tvm_ffi_the_loader_says_what_is_missing(
    built_tvm_ffi: Path, tmp_path: Path, tvm_ffi_variant: str
) -> None:
    """Where tvm-ffi is not installed, the build is refused with that reason, and nothing of it runs."""
    _hide_tvm_ffi(tmp_path)
    code = """
import sys
from kernels import get_local_kernel
try:
    get_local_kernel(sys.argv[1], "cpu")
except FileNotFoundError as error:
    print(error)
"""
    wanted = f"tvm-ffi {find_tvm_ffi().release} (the package apache-tvm-ffi)"
    reason = f"{tvm_ffi_variant}: it needs {wanted}, this system has none"
    assert reason in run_python(code, built_tvm_ffi, env={"PYTHONPATH": str(tmp_path)})


def test_tvm_ffi_decides_which_build_is_loaded(
    built_tvm_ffi: Path, built_noarch: Path, tmp_path: Path, tvm_ffi_variant: str
) -> None:
    """Of a build on tvm-ffi and a Python-only one, the first is loaded where tvm-ffi is installed, else the second."""
    hidden, build = tmp_path / "hidden", tmp_path / "build"
    hidden.mkdir()
    _hide_tvm_ffi(hidden)
    shutil.copytree(built_tvm_ffi / "build" / tvm_ffi_variant, build / tvm_ffi_variant)
    shutil.copytree(built_noarch / "build" / "torch-cpu", build / "torch-cpu")
    code = """
import sys
from pathlib import Path
from kernels import get_local_kernel
print(Path(get_local_kernel(sys.argv[1], "cpu").__file__).parent.name)
"""
    found = [run_python(code, tmp_path, env=env).strip() for env in ({}, {"PYTHONPATH": str(hidden)})]
    assert [tvm_ffi_variant, "torch-cpu"] == found


@pytest.mark.heavy
def test_a_tvm_ffi_build_for_cuda_is_loaded_beside_a_torch_for_cuda(tmp_path: Path, covers: Covers) -> None:
    """The compute version is that of Torch; what the library throws is an exception of Python, also without a GPU."""
    prefix = f"tvm-ffi{find_tvm_ffi().release.digits}"
    project, variant = build_for_cuda(ROOT / "examples" / "relu-tvm-ffi", tmp_path, prefix)
    code = """
import sys, torch
from pathlib import Path
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1])
print(Path(kernel.__file__).parent.name)
try:
    kernel.relu(torch.zeros(1))
except ValueError as error:
    print(error)
"""
    output = run_python(code, project, env={"PYTHONPATH": str(tmp_path / "torch-site")})
    assert [variant, "relu: the input is on a device that this build is not for"] == output.splitlines()
    covers("relu-tvm-ffi", "cuda", "compiles", "links", "ABI-clean", "loads")


def test_two_versions_of_a_tvm_ffi_kernel_in_one_process(built_tvm_ffi: Path, tmp_path: Path) -> None:
    """Two builds of one kernel keep to their own library."""
    other = make_tiny_tvm_ffi(tmp_path / "other")
    source = other / "tiny_cpu/tiny.cpp"
    source.write_text(source.read_text("utf-8").replace("*= 2", "*= 3"), "utf-8")
    result = kernel_builder("build", other, "--driver", "local")
    assert result.returncode == 0, result.stderr
    code = """
import sys, torch
from kernels import get_local_kernel
x = torch.ones(1)
for place in sys.argv[1:]:
    get_local_kernel(place, "cpu").twice(x)
    print(x.item())
"""
    assert ["2.0", "6.0"] == run_python(code, built_tvm_ffi, other).split()


def test_a_second_tvm_ffi_build_compiles_what_changed(built_tvm_ffi: Path, tmp_path: Path) -> None:
    """With nothing changed, nothing is compiled; a header that changed is seen by what includes it."""
    project = Path(shutil.copytree(built_tvm_ffi, tmp_path / "tiny"))
    kernel_builder("build", project, "--driver", "local")  # the folder is another
    result = json.loads(kernel_builder("build", project, "--driver", "local", "--json").stdout)
    assert [(False, 0)] == [(built["changed"], built["compiled"]) for built in result["builds"]]
    with (project / "tvm-ffi-ext/twice.h").open("a", encoding="utf-8") as file:
        file.write("\n// Changed.\n")
    result = json.loads(kernel_builder("build", project, "--driver", "local", "--json").stdout)
    assert [(True, 2)] == [(built["changed"], built["compiled"]) for built in result["builds"]]


def test_tvm_ffi_builds_are_byte_identical(built_tvm_ffi: Path, tmp_path: Path, tvm_ffi_variant: str) -> None:
    """The folder leaves no trace in a build."""
    other = make_tiny_tvm_ffi(tmp_path / "a rather long way" / "there")
    assert (
        0
        == kernel_builder("build", other, "--driver", "local", env={"PYTHONHASHSEED": "7", "CXXFLAGS": "-g"}).returncode
    )
    one, two = (contents(project / "build" / tvm_ffi_variant) for project in (built_tvm_ffi, other))
    assert one == two


def test_without_tvm_ffi_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    """A machine without tvm-ffi is told so before anything is compiled."""
    project = make_tiny_tvm_ffi(tmp_path / "tiny")
    _hide_tvm_ffi(tmp_path)
    result = kernel_builder("build", project, "--driver", "local", env={"PYTHONPATH": str(tmp_path)})
    assert 5 == result.returncode, result.stderr
    assert "-m pip install apache-tvm-ffi" in result.stderr
    assert not (project / "build").exists()


def test_builds_of_every_framework_pass_check_builds(built_noarch: Path, built_tvm_ffi: Path) -> None:
    """What the driver makes is what check-builds wants."""
    for project in (built_noarch, built_tvm_ffi):
        result = kernel_builder("check-builds", project)
        assert result.returncode == 0, result.stdout + result.stderr


def _hide_tvm_ffi(folder: Path) -> None:
    """A finder that hides tvm-ffi from every Python that has the folder on its path."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'tvm_ffi' else real(name, package)\n",
        "utf-8",
    )
