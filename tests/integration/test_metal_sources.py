"""Sources of kernels for Metal, as far as compilers go that are not Apple's.

C++ and Objective-C++ are compiled and linked for macOS by the clang of ziglang, which has the headers of macOS that are
open source; those of Apple's frameworks are small shims. Shaders are taken for C++, with a shim of Metal's library. No
compiler of Metal has seen them, and nothing ran on macOS.
"""

import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.coverage import Covers
from support.fetched import fetch
from support.macho_links import needs_zig
from support.projects import RELU, ROOT, kernel_builder
from support.xcode import SHIMS, install_xcode, mac_project, metal_torch

METAL_CPP = ROOT / "examples" / "relu-metal-cpp"
SKILL = ROOT / "templates" / "skills" / "metal-kernels" / "example" / "rms_norm_metal"
SKILL_BINDINGS = ROOT / "templates" / "skills" / "compiled" / "example" / "torch-ext"
SHADERS = [RELU / "relu_metal" / "relu.metal", METAL_CPP / "relu_metal" / "relu.metal"]
#: The one thing in shaders that C++ has no words for: the name of an instance of a template.
HOST_NAME = re.compile(r"\[\[host_name\(\w+\)\]\] \[\[kernel\]\] ")
#: The relu examples have a macro for it.
EXPORT = "#define EXPORT(NAME, ...) template [[host_name(NAME)]] [[kernel]] decltype(__VA_ARGS__) __VA_ARGS__;\n"
#: Every warning, and a compiler of C++ must not ask what Metal's attributes are.
WARNINGS = ("-Wall", "-Wextra", "-Werror")
AS_CPP = ("-std=c++17", *WARNINGS, "-Wno-unknown-attributes", f"-I{SHIMS / 'shaders'}")
#: This package has the headers of metal-cpp in it.
WITH_METAL_CPP, METAL_CPP_HEADERS = "mlx-metal==0.32.4", "mlx/include/metal_cpp"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="on macOS, Xcode is there")


# Shaders


needs_clang = pytest.mark.skipif(shutil.which("clang++-19") is None, reason="clang++-19 takes shaders for C++")


@pytest.fixture(scope="module", params=SHADERS, ids=lambda path: path.parents[1].name)
def shader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bytes], bytes]:
    """A shader of an example that was compiled as C++: the name of a function and what it reads → what it writes."""
    source: Path = request.param
    folder = tmp_path_factory.mktemp("shader")
    text = source.read_text("utf-8")
    assert EXPORT in text
    (folder / "shader.metal").write_text(text.replace(EXPORT, ""), "utf-8")
    flags = [*AS_CPP, f"-I{source.parent}", f'-DSHADER="{folder}/shader.metal"']
    command = ["clang++-19", *flags, str(SHIMS / "shaders" / "run.cpp"), "-o", str(folder / "run")]
    subprocess.run(command, check=True)

    def run(function: str, elements: bytes) -> bytes:
        return subprocess.run([folder / "run", function], input=elements, capture_output=True, check=True).stdout

    return run


@needs_clang
@pytest.mark.parametrize(("function", "dtype"), [("relu_half", "float16"), ("relu_bfloat16", "bfloat16")])
def test_every_16_bit_number(
    shader: Callable[[str, bytes], bytes], function: str, dtype: str, request: pytest.FixtureRequest, covers: Covers
) -> None:
    """As C++, the shaders of the relu examples make zero of all negative numbers of 16 bits and leave all others."""
    import torch  # noqa: PLC0415 - it takes seconds

    patterns = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    expected = patterns.masked_fill(patterns.view(getattr(torch, dtype)) < 0, 0)
    assert expected.numpy().tobytes() == shader(function, patterns.numpy().tobytes())
    covers(request.node.callspec.params["shader"].parents[1].name, "metal", "computes", how="in part")


@needs_clang
def test_float32(shader: Callable[[str, bytes], bytes]) -> None:
    """The same for the numbers of 32 bits at the ends of each range."""
    inf, nan, tiny = float("inf"), float("nan"), 2.0**-149
    numbers = [inf, -inf, nan, -nan, tiny, -tiny, 0.0, -0.0, 1.0, -1.0]
    expected = [0.0 if number < 0 else number for number in numbers]
    assert struct.pack("10f", *expected) == shader("relu_float", struct.pack("10f", *numbers))


@needs_clang
@pytest.mark.parametrize("of", ["relu", "relu-metal-cpp", "skill", "init"])
def test_a_shader_is_taken_for_cpp(tmp_path: Path, of: str) -> None:
    """The shaders that we hand out have no name or type that clang does not know, and no warning."""
    places = {"relu": SHADERS[0], "relu-metal-cpp": SHADERS[1], "skill": SKILL / "rms_norm.metal"}
    source = places.get(of) or _init(tmp_path / "kernel") / "fresh_metal" / "fresh.metal"
    (tmp_path / "shader.cpp").write_text(HOST_NAME.sub("", source.read_text("utf-8")), "utf-8")
    command = ["clang++-19", *AS_CPP, f"-I{source.parent}", "-fsyntax-only", str(tmp_path / "shader.cpp")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (result.returncode, result.stderr)


def _init(folder: Path) -> Path:
    """What a person starts with."""
    result = kernel_builder("init", folder, "--name", "someone/fresh", "--backends", "metal")
    assert result.returncode == 0, result.stderr
    return folder


# C++ and Objective-C++


@pytest.fixture(scope="session")
def zig(pytestconfig: pytest.Config) -> Sequence[str]:
    """A compiler of C++ and Objective-C++ for macOS; builds its standard library once, which takes a minute."""
    folder = pytestconfig.cache.mkdir("zig")
    caches = (f"{name}={folder}" for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"))
    frameworks = str(SHIMS / "frameworks")
    return ["env", *caches, sys.executable, "-m", "ziglang", "c++", f"-F{frameworks}", "-iframework", frameworks]


@needs_zig
@pytest.mark.heavy
def test_a_library_for_macos(zig: Sequence[str], tmp_path: Path, covers: Covers) -> None:
    """The relu example becomes a library for macOS 15 that passes all checks, has its shaders and no path."""
    project = mac_project(tmp_path, install_xcode(tmp_path / "xcode", zig=zig))
    project.configure()
    # The headers of Python are for this system, and those of some distributions for no other one.
    facts = (tmp_path / "build" / "facts.cmake").read_text("utf-8").splitlines()
    kept = [line for line in facts if not line.startswith("set(KERNEL_PYTHON_INCLUDE ")]
    (tmp_path / "facts.cmake").write_text("\n".join(kept), "utf-8")
    project.build(f"-DKERNEL_FACTS={tmp_path / 'facts.cmake'}")
    library = tmp_path / "build" / f"{project.ops}.abi3.so"
    contents = library.read_bytes()
    assert (tmp_path / "build" / "metal" / f"{project.ops}.metallib").read_bytes() in contents
    # Zig's own libraries, which become part of it, have paths of theirs.
    assert [] == [name for name in ("kernel", "site", "xcode") if str(tmp_path / name).encode() in contents]
    checked = {macos: kernel_builder("check-abi", library, "--macos", macos) for macos in ("15.0", "14.0")}
    assert (0, 8) == (checked["15.0"].returncode, checked["14.0"].returncode)
    assert "it needs macOS 15.0, and has to load on 14.0 (macos-version)" in checked["14.0"].stdout
    covers("relu", "metal", "compiles", "links", "ABI-clean", how="in part")


@needs_zig
@pytest.mark.heavy
@pytest.mark.parametrize("counted", ["-fobjc-arc", "-fno-objc-arc"])
@pytest.mark.parametrize("of", ["relu", "skill", "init"])
def test_objective_cpp(zig: Sequence[str], tmp_path: Path, of: str, counted: str) -> None:
    """The Objective-C++ that we hand out is right with automatic reference counting and without; no warning."""
    if of == "init":
        project = _init(tmp_path / "kernel")
        source, bindings = project / "fresh_metal" / "fresh.mm", project / "torch-ext"
    else:
        skill, relu = (SKILL / "rms_norm.mm", SKILL_BINDINGS), (RELU / "relu_metal" / "relu.mm", RELU / "torch-ext")
        source, bindings = skill if of == "skill" else relu
    _compile(zig, tmp_path, source, counted, f"-I{bindings}")


@needs_zig
@pytest.mark.heavy
@pytest.mark.parametrize("source", [METAL_CPP / "relu_metal" / "relu.cpp", RELU / "relu_metal" / "relu.mm"])
def test_metal_cpp(
    zig: Sequence[str], tmp_path: Path, pytestconfig: pytest.Config, source: Path, covers: Covers
) -> None:
    """With the real metal-cpp, C++ gets the Metal library as its object; Objective-C++ can have both."""
    options = ("--no-deps", "--platform", "macosx_15_0_arm64", "--only-binary", ":all:")
    headers = fetch(pytestconfig, WITH_METAL_CPP, *options, finish=_only_headers) / METAL_CPP_HEADERS
    _compile(zig, tmp_path, source, f"-I{source.parents[1] / 'torch-ext'}", "-isystem", str(headers))
    covers(source.parents[1].name, "metal", "compiles", how="in part")


def _only_headers(folder: Path) -> None:
    """Leave of the package what is used: the rest is large."""
    shutil.rmtree(folder / "mlx" / "lib")


def _compile(zig: Sequence[str], folder: Path, source: Path, *flags: str) -> None:
    """Compile a source as the project does, with the header of an embedded Metal library."""
    template = (ROOT / "templates/project/backend-metal/cmake/metallib.h.in").read_text("utf-8")
    (folder / "library.h").write_text(template.replace("@KERNEL_METAL_NAMESPACE@", "embedded"), "utf-8")
    torch = metal_torch(folder / "site") / "torch" / "include"
    macros = ['-DEMBEDDED_METALLIB_HEADER="library.h"', "-DEMBEDDED_METALLIB_NAMESPACE=embedded", f"-I{folder}"]
    system = [word for path in (torch, torch / "torch/csrc/api/include") for word in ("-isystem", str(path))]
    command = [*zig, "-target", "aarch64-macos.15.0", "-std=c++20", *WARNINGS, *macros, *system, *flags]
    output = ["-c", str(source), "-o", str(folder / "source.o")]
    result = subprocess.run([*command, *output], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
