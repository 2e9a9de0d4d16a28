"""Kernels for XPU: the whole build runs, with a compiler that notes what it is called with in place of icpx."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.commands import plain, read_commands
from support.coverage import Covers
from support.icpx import OneApi, install_icpx
from support.projects import copy_relu, kernel_builder, make_tiny_tvm_ffi, run_python
from support.sycl_runtime import sycl_runtime
from support.torches import xpu_torch

from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.tools import find_tool

#: How SPIR-V starts, on a machine with the lowest byte first.
_SPIRV = {bytes.fromhex("03022307")}
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "commands"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-in of icpx is a shell script around g++")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A kernel's project whose CMake code was written, and a machine to build it on.

    Attributes:
        top: the folder with `kernel`, `site`, `build` and `oneapi` in it.
        oneapi: the stand-in.
    """

    top: Path
    oneapi: OneApi

    def configure(self, *settings: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run CMake without a choice of the compiler, which is on PATH or where a variable says."""
        command: list[str | Path] = [
            find_tool("cmake"),
            "-S",
            "kernel",
            "-B",
            "build",
            "-G",
            "Ninja",
            f"-DPython_EXECUTABLE={sys.executable}",
        ]
        return self._run([*command, *settings], **variables)

    def build(self, *settings: str) -> list[list[str]]:
        """Configure and compile; what the SYCL compiler was called with."""
        for result in (self.configure(*settings), self._run([find_tool("cmake"), "--build", "build"])):
            assert result.returncode == 0, result.stdout + result.stderr
        return [call for call in self.oneapi.calls if "-fsycl" in call]

    @property
    def names(self) -> dict[str, str]:
        """What differs between machines → its name in golden files."""
        found = re.search(r"_relu_xpu_(\w+)", (self.top / "build" / "kernel-build.json").read_text("utf-8"))
        assert found is not None
        folders = {str(self.top / name): f"<{name}>" for name in ("kernel", "site", "build")}
        return {**folders, sysconfig.get_path("include"): "<python>", found[1]: "<id>"}

    def _run(self, command: list[str | Path], **variables: str) -> "subprocess.CompletedProcess[str]":
        outside = ("CMPLR_ROOT", "CXX", "DNNLROOT", "ONEAPI_ROOT")
        env = {
            **{name: value for name, value in os.environ.items() if name not in outside},
            "PATH": f"{self.oneapi.icpx.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.top / "site"),
            **variables,
        }
        return subprocess.run(command, cwd=self.top, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes the project of the relu example, with a Torch and a compiler of some releases of oneAPI."""

    def make(icpx: str = "2026.0.0", torch: str = "2026.0") -> Project:
        oneapi = install_icpx(tmp_path / "oneapi", icpx)
        xpu_torch(tmp_path / "site", torch)
        result = kernel_builder("create-pyproject", copy_relu(tmp_path / "kernel"))
        assert result.returncode == 0, result.stderr
        return Project(top=tmp_path, oneapi=oneapi)

    return make


# The commands


@pytest.mark.parametrize("release", ["2025.3", "2026.0"])
def test_commands(project: Callable[..., Project], release: str, covers: Covers) -> None:
    """The relu example is built to the end, with just the commands that the golden file explains word by word."""
    built = project(f"{release}.1", release)
    compiled, bindings, linked = (plain(words, built.names) for words in sorted(built.build(), key=_kind))
    expected = {"compile relu_xpu/relu.cpp": compiled, "compile torch-ext/torch_binding.cpp": bindings, "link": linked}
    assert read_commands(GOLDEN / f"xpu-{release}.txt") == expected
    covers("relu", "xpu", "compiles", "links", how="stand-in")


def _kind(words: list[str]) -> int:
    return 2 if "-c" not in words else int(words[-1].endswith("torch_binding.cpp"))


def test_a_later_release(project: Callable[..., Project]) -> None:
    """A compiler that is newer than what is known is called as the last one that is."""
    known = _explained("xpu-2026.0.txt")
    assert known == {word for words in project("2027.1.0", "2027.1").build() for word in words if word in known}


def _explained(name: str) -> set[str]:
    """The options of a golden file for device code."""
    words = {word for command in read_commands(GOLDEN / name).values() for word in command}
    return {word for word in words if "sycl" in word or "offload" in word or word.startswith("-device")}


@pytest.mark.parametrize(
    ("devices", "targets", "options"),
    [("none", "spir64", []), ("bmg;pvc", "spir64_gen,spir64", ["bmg,pvc"])],
)
def test_devices(project: Callable[..., Project], devices: str, targets: str, options: list[str]) -> None:
    """A person chooses the GPUs that code is compiled for ahead of time, or none."""
    calls = project().build(f"-DKERNEL_XPU_DEVICES={devices}")
    assert [f"-fsycl-targets={targets}"] * 3 == [word for call in calls for word in call if "-targets" in word]
    assert options == [word.split()[1] for call in calls for word in call if word.startswith("-device ")]


@pytest.mark.parametrize(
    ("release", "targets", "devices"),
    [("2025.3", "spir64", []), ("2026.0", "spir64_gen,spir64", ["pvc,bmg-g21,cri"])],
)
def test_sycl_tla(project: Callable[..., Project], release: str, targets: str, devices: list[str]) -> None:
    """With sycl-tla, the library gets extensions of SPIR-V, and code for GPUs that have its instructions."""
    made = project(f"{release}.0", release)
    lists = made.top / "kernel" / "CMakeLists.txt"
    depends = 'DEPENDS "sycl_tla" SOURCES "relu_xpu/relu.cpp"'
    text = re.sub(r'SOURCES\s+"relu_xpu/relu.cpp"', depends, lists.read_text("utf-8"))
    # The headers themselves are not needed here.
    lists.write_text(
        text.replace("include(kernel)\n", "include(kernel)\nfunction(kernel_depend)\nendfunction()\n"), "utf-8"
    )
    linked = max(made.build(), key=_kind)
    assert [f"-fsycl-targets={targets}"] == [word for word in linked if "-targets" in word]
    assert devices == [word.split()[1] for word in linked if word.startswith("-device ")]
    extensions = linked[linked.index("-Xspirv-translator") + 1]
    assert extensions.startswith("-spirv-ext=+SPV_INTEL_split_barrier,+SPV_INTEL_2d_block_io,+SPV_INTEL_subgroup_")


def test_sycl_flags(project: Callable[..., Project]) -> None:
    """The flags of a component come after the others, and only on its own sources; its C++ flags before them."""
    made = project()
    build_toml = made.top / "kernel" / "build.toml"
    flags = 'sycl-flags = ["-fno-sycl-id-queries-fit-in-int", "-DNAME=a b"]\ncxx-flags = ["-DCXX"]\n'
    text = build_toml.read_text("utf-8").replace('backend = "xpu"\n', f'backend = "xpu"\n{flags}')
    build_toml.write_text(text, "utf-8")
    assert 0 == kernel_builder("create-pyproject", "--force", made.top / "kernel").returncode
    kernel, *others = sorted(made.build(), key=_kind)
    own = ["-fno-sycl-id-queries-fit-in-int", "-DNAME=a b", "-DCXX"]
    assert [] == [word for call in others for word in call if word in own]
    after = [kernel.index(word) for word in ("-DCXX", "-fno-sycl-instrument-device-code", *own[:2])]
    assert sorted(after) == after


def test_tvm_ffi(tmp_path: Path) -> None:
    """A kernel on tvm-ffi is built with the same flags, and without a word of Torch."""
    kernel = make_tiny_tvm_ffi(tmp_path / "kernel")
    build_toml = kernel / "build.toml"
    build_toml.write_text(build_toml.read_text("utf-8").replace('"cpu"', '"xpu"'), "utf-8")
    assert 0 == kernel_builder("create-pyproject", kernel).returncode
    made = Project(top=tmp_path, oneapi=install_icpx(tmp_path / "oneapi"))
    calls = made.build("-DKERNEL_BACKEND=xpu")
    known = _explained("xpu-2025.3.txt")
    assert known == {word for call in calls for word in call if word in known}
    assert [] == [word for call in calls for word in call if "torch" in word.lower()]
    assert 2 == sum("-DXPU_KERNEL" in call for call in calls)


# Errors


@pytest.mark.parametrize(
    ("icpx", "torch", "said"),
    [
        ("2025.3.2", "2026.0", "Torch is for oneAPI 2026.0, and .* is of oneAPI 2025.3; each has a SYCL library"),
        ("2025.3.2", "2025.10", "Torch is for oneAPI 2025.10, and"),
        ("2025.2.0", "2025.2", "Kernels for xpu need icpx of oneAPI 2025.3 or later; .* is of oneAPI 2025.2"),
    ],
)
def test_releases_that_do_not_fit(project: Callable[..., Project], icpx: str, torch: str, said: str) -> None:
    """A compiler that is too old, or not of Torch's own oneAPI, is refused with both releases."""
    assert re.search(said, " ".join(project(icpx, torch).configure().stderr.split()))


def test_another_compiler(project: Callable[..., Project]) -> None:
    """A C++ compiler that knows no SYCL is refused by its name."""
    error = " ".join(project().configure("-DCMAKE_CXX_COMPILER=g++").stderr.split())
    assert re.search("Kernels for xpu are compiled by icpx of Intel's oneAPI; the C\\+\\+ compiler is GNU", error)


@pytest.mark.parametrize("variable", ["CXX", "CMPLR_ROOT", "ONEAPI_ROOT", "PATH"])
def test_places(project: Callable[..., Project], variable: str) -> None:
    """The compiler is found where each variable says, without a shell that is set up for it."""
    made = project()
    icpx, path = made.oneapi.icpx, os.environ["PATH"]
    root = icpx.parents[1]
    (root.parent / "latest").symlink_to(root)
    values = {
        "CXX": icpx,
        "CMPLR_ROOT": root,
        "ONEAPI_ROOT": root.parents[1],
        "PATH": f"{icpx.parent}{os.pathsep}{path}",
    }
    result = made.configure("-DKERNEL_XPU_DEVICES=none", **{"PATH": path, variable: str(values[variable])})
    assert result.returncode == 0, result.stderr
    assert "The CXX compiler identification is IntelLLVM 2026.0.0" in result.stdout


@pytest.mark.skipif(Path("/opt/intel/oneapi").exists(), reason="oneAPI is installed")
def test_no_compiler(project: Callable[..., Project]) -> None:
    """Without icpx, the error says where was looked for it."""
    made = project()
    made.oneapi.icpx.rename(made.top / "gone")
    error = " ".join(made.configure().stderr.split())
    assert "which was not found (CXX, CMPLR_ROOT, PATH, ONEAPI_ROOT, /opt/intel/oneapi)" in error


def test_no_ocloc(project: Callable[..., Project]) -> None:
    """Without the compiler for GPUs, the error says so before anything is compiled, and how to do without."""
    made = project()
    made.oneapi.icpx.with_name("ocloc").unlink()
    error = " ".join(made.configure().stderr.split())
    assert "Code for pvc,xe-lpg,ats-m150 is made by ocloc of Intel's compute runtime, which is neither on PATH" in error
    assert 3 == len(made.build("-DKERNEL_XPU_DEVICES=none"))


# SYCL itself, without a GPU


@pytest.fixture(scope="session")
def sycl(pytestconfig: pytest.Config) -> Path:
    """Intel's SYCL: headers, libraries, the compiler of device code as a library, and a device that is the CPU."""
    return sycl_runtime(pytestconfig.cache.mkdir("sycl"), "2026.0.0")


@pytest.mark.heavy
def test_built_for_the_host(sycl: Path, tmp_path: Path, covers: Covers) -> None:
    """The relu example is compiled for the host, passes all checks and registers its operator for XPU."""
    oneapi = install_icpx(tmp_path / "oneapi", "2026.0.0", sycl=sycl)
    kernel = copy_relu(tmp_path / "kernel")
    site = xpu_torch(tmp_path / "site")
    env = {
        "PYTHONPATH": str(site),
        "CMPLR_ROOT": str(oneapi.icpx.parents[1]),
        "LD_LIBRARY_PATH": os.pathsep.join([str(site / "torch" / "lib"), str(sycl / "lib")]),
    }
    variant = "torch213-cxx11-xpu20260-x86_64-linux"
    result = kernel_builder("build", kernel, "--driver", "local", "--variant", variant, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "not-looked-at" not in result.stdout + result.stderr
    code = """
import sys, torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1])
print(torch._C._dispatch_has_kernel_for_dispatch_key(f"{kernel._ops.ops.name}::relu", "XPU"))
"""
    assert "True\n" == run_python(code, kernel, env=env)
    covers("relu", "xpu", "compiles", "links", "ABI-clean", "loads", how="in part")


@pytest.mark.heavy
def test_device_code(sycl: Path, tmp_path: Path, covers: Covers) -> None:
    """DPC++ takes our flags and makes SPIR-V of the example's kernels; on the CPU each element is what it should be."""
    program, torch = tmp_path / "device", xpu_torch(tmp_path / "site") / "torch" / "include"
    library = sycl / "lib"
    flags = ["-std=c++20", "-w", "-DSYCL2020_DISABLE_DEPRECATION_WARNINGS", "-isystem", str(sycl / "include")]
    source = Path(__file__).resolve().parents[1] / "support" / "sycl" / "device.cpp"
    link = [f"-L{library}", "-lsycl", f"-Wl,-rpath,{library}"]
    subprocess.run(["g++", *flags, str(source), "-o", str(program), *link], check=True)
    kernel = copy_relu(tmp_path / "kernel")
    includes = [kernel / "torch-ext", torch, torch / "torch" / "csrc" / "api" / "include"]
    facts = json.loads((templates_dir() / "project" / "backend-xpu" / "cmake" / "xpu.json").read_text("utf-8"))
    # This compiler makes code for one target, and does not take the option that names it.
    known = {one["flag"] for one in (*facts["compile"], *facts["link"]) if "TARGETS" not in one["flag"]}
    options = ["-std=c++20", "-DUSE_XPU", *(f"-I{path}" for path in includes), *sorted(known)]
    result = subprocess.run(
        [program, kernel / "relu_xpu" / "relu.cpp", *options],
        cwd=tmp_path,
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(library),
            "OCL_ICD_FILENAMES": str(library / "libintelocl.so"),
            "SYCL_CACHE_PERSISTENT": "0",
            "SYCL_DUMP_IMAGES": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    wrong = dict(line.split() for line in result.stdout.splitlines())
    assert dict.fromkeys(["d", "f", "h", "l", "N3c108BFloat16E"], "0") == wrong
    assert _SPIRV == {path.read_bytes()[:4] for path in tmp_path.glob("*.spv")}
    covers("relu", "xpu", "compiles", "computes", how="in part")
