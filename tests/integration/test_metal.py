"""Kernels for Metal: the whole build runs, with programs that note what they are called with in place of Xcode's.

Nothing here is Apple's: shaders are not compiled by a compiler of Metal, and nothing runs on a GPU.
"""

import sys
import sysconfig
from pathlib import Path

import pytest
from support.commands import plain, read_commands
from support.coverage import Covers
from support.projects import kernel_builder
from support.xcode import MacProject, install_xcode, mac_project

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "commands"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-in of Xcode's compiler is one around g++")


@pytest.fixture
def project(tmp_path: Path) -> MacProject:
    """The relu example, with a Torch and an Xcode."""
    return mac_project(tmp_path, install_xcode(tmp_path / "xcode"))


def _change(project: MacProject, *, src: str = "", keys: str = "", files: dict[str, str] | None = None) -> None:
    """Give the kernel's Metal component more sources and keys, and write files."""
    for name, text in (files or {}).items():
        path = project.top / "kernel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    build_toml = project.top / "kernel" / "build.toml"
    text = build_toml.read_text("utf-8")
    text = text.replace('backend = "metal"\n', f'backend = "metal"\n{keys}')
    build_toml.write_text(text.replace('  "relu_metal/relu.mm",\n', f'  "relu_metal/relu.mm",\n{src}'), "utf-8")
    result = kernel_builder("create-pyproject", "--force", project.top / "kernel")
    assert result.returncode == 0, result.stderr


def _component(name: str, source: str) -> str:
    """The end of a component's sources, and another component up to there."""
    return f']\n\n[kernel.{name}]\nbackend = "metal"\ndepends = []\nsrc = [\n  "{source}",\n'


# The commands


def test_commands(project: MacProject, covers: Covers) -> None:
    """The relu example is built to the end, with just the commands that the golden file explains word by word."""
    calls = project.build()
    folders = {str(project.top / name): f"<{name}>" for name in ("kernel", "site", "build", "xcode")}
    unique = project.ops.removeprefix("_relu_metal_")
    names = {**folders, sysconfig.get_path("include"): "<python>", unique: "<id>"}
    actual = {plain([output], names)[0]: plain(call, names) for output, call in calls.items()}
    assert read_commands(GOLDEN / "metal.txt") == actual
    covers("relu", "metal", "compiles", "links", how="stand-in")


def test_the_library_has_the_shaders(project: MacProject) -> None:
    """The bytes of the Metal library are in the kernel's library, every one of them; no macro names a folder."""
    _change(project, src='  "more/all.metal",\n', files={"more/all.metal": "".join(map(chr, range(1, 256)))})
    calls = project.build()
    metallib = (project.top / "build" / "metal" / f"{project.ops}.metallib").read_bytes()
    assert metallib in (project.top / "build" / f"{project.ops}.abi3.so").read_bytes()
    macros = {f'-DEMBEDDED_METALLIB_HEADER="{project.ops}_metallib.h"'}
    macros.add(f"-DEMBEDDED_METALLIB_NAMESPACE={project.ops}_metal")
    for source in ("relu.mm.o", "torch_binding.cpp.o"):
        assert macros == {word for word in calls[source] if "METALLIB" in word}


def test_one_library_of_all_shaders(project: MacProject) -> None:
    """Shaders of all components become one library, although two have one base name."""
    _change(
        project,
        src='  "other/relu.metal",\n' + _component("more", "more/more.metal"),
        files={"other/relu.metal": "other\n", "more/more.metal": "more\n"},
    )
    linked = project.build()[f"{project.ops}.metallib"]
    folder = project.top / "build" / "metal"
    expected = [f"metal/{name}.air" for name in ("relu_metal/relu.metal", "other/relu.metal", "more/more.metal")]
    assert expected == [word for word in linked if word.endswith(".air")]
    assert (folder / f"{project.ops}.metallib").read_bytes().endswith(b"other\nmore\n")


def test_a_kernel_without_shaders(project: MacProject) -> None:
    """Without a shader there is no Metal library, and nothing that names one."""
    build_toml = project.top / "kernel" / "build.toml"
    build_toml.write_text(build_toml.read_text("utf-8").replace('  "relu_metal/relu.metal",\n', ""), "utf-8")
    assert 0 == kernel_builder("create-pyproject", "--force", project.top / "kernel").returncode
    calls = project.build()
    assert ["relu.mm.o", "torch_binding.cpp.o", f"{project.ops}.abi3.so"] == sorted(calls, key=_order)
    assert [] == [word for call in calls.values() for word in call if "METALLIB" in word]


def _order(name: str) -> tuple[bool, str]:
    return (name.endswith(".so"), name)


def test_a_changed_header(project: MacProject) -> None:
    """A shader is compiled again when a header that it includes changes, and no C++ is but the library's bytes."""
    _change(project, src='  "relu_metal/scale.h",\n', files={"relu_metal/scale.h": "#define SCALE 1\n"})
    shader = project.top / "kernel" / "relu_metal" / "relu.metal"
    shader.write_text('#include "scale.h"\n' + shader.read_text("utf-8"), "utf-8")
    project.build()
    assert {} == project.build()
    (project.top / "kernel" / "relu_metal" / "scale.h").write_text("#define SCALE 2\n", "utf-8")
    expected = ["relu.metal.air", f"{project.ops}.metallib", f"{project.ops}_metallib.cpp.o", f"{project.ops}.abi3.so"]
    assert expected == list(project.build())


# What a person and an author choose


@pytest.mark.parametrize(
    ("flags", "settings", "std"),
    [
        ([], [], "metal3.0"),
        (["-std=metal3.1"], [], "metal3.1"),
        (["-DA", "-std=metal3.2"], [], "metal3.2"),
        (["-std=metal3.2", "-DB=a b"], [], "metal3.2"),
        (["-DA", "-std=metal3.1", "-DB=a b"], [], "metal3.1"),
        (["-std=c++23"], [], "metal3.0"),
        (["-DNAME=-std=metal3.1"], [], "metal3.0"),
        ([], ["-DKERNEL_METAL_STD=metal3.2"], "metal3.2"),
        (["-std=metal3.1"], ["-DKERNEL_METAL_STD=metal3.2"], "metal3.2"),
    ],
)
def test_the_version_of_metal(project: MacProject, flags: list[str], settings: list[str], std: str) -> None:
    """An author chooses it by a flag, which C++ does not get; a person overrules that; else it is Metal 3.0."""
    _change(project, keys=f"cxx-flags = {flags!r}\n" if flags else "")
    calls = project.build(*settings)
    assert [f"-std={std}"] == [word for word in calls["relu.metal.air"] if word.startswith("-std")]
    others = [flag for flag in flags if not flag.startswith("-std=metal")]
    assert others == [word for word in calls["relu.mm.o"] if word in flags]
    assert [] == [word for word in calls["torch_binding.cpp.o"] if word in flags]


@pytest.mark.parametrize(
    ("settings", "env", "target"),
    [
        ([], {}, "15.0"),
        (["-DCMAKE_OSX_DEPLOYMENT_TARGET=14.4"], {}, "14.4"),
        ([], {"MACOSX_DEPLOYMENT_TARGET": "26.0"}, "26.0"),
    ],
)
def test_the_deployment_target(project: MacProject, settings: list[str], env: dict[str, str], target: str) -> None:
    """All that is compiled and linked is for one macOS: the one that is asked for, else 15.0."""
    calls = project.build(*settings, **env)
    versions = {name: [word for word in call if "version-min" in word] for name, call in calls.items()}
    del versions[f"{project.ops}.metallib"]
    assert {name: [f"-mmacosx-version-min={target}"] for name in versions} == versions


def test_a_version_that_the_target_does_not_know(project: MacProject) -> None:
    """Shaders in a version of Metal that is newer than the deployment target are built for the macOS that knows it."""
    _change(project, keys='cxx-flags = ["-std=metal4.0"]\n')
    warning = " ".join(project.configure().stderr.split())
    assert "component 'relu_metal' are in metal4.0, which macOS 26.0 is the first to know" in warning
    calls = project.build()
    assert "-mmacosx-version-min=26.0" in calls["relu.metal.air"]
    assert "-mmacosx-version-min=15.0" in calls["relu.mm.o"]
    assert "Warning" not in project.configure("-DCMAKE_OSX_DEPLOYMENT_TARGET=26.0").stderr


def test_include_folders(project: MacProject) -> None:
    """A component's shaders find headers in its include folders, as its other sources do."""
    keys = 'include = ["include folder"]\n'
    build_toml = project.top / "kernel" / "build.toml"
    head, _, tail = build_toml.read_text("utf-8").partition('backend = "metal"\n')
    tail = tail.replace('include = ["torch-ext"]\n', "", 1)
    build_toml.write_text(f'{head}backend = "metal"\n{tail}', "utf-8")
    _change(project, keys=keys, files={"include folder/scale.h": "", "relu_metal/relu.metal": '#include "scale.h"\n'})
    calls = project.build()
    assert ["-I../kernel/include folder"] == [word for word in calls["relu.metal.air"] if word.startswith("-I")]
    assert f"-I{project.top}/kernel/include folder" in calls["relu.mm.o"]


# The toolchain


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("by", ["environment", "setting"])
def test_a_toolchain_that_is_named(tmp_path: Path, inside: bool, by: str) -> None:
    """METAL_TOOLCHAIN names the toolchain, as a variable or a setting; it may be the folder around it."""
    xcode = install_xcode(tmp_path / "xcode", xcrun=False)
    project = mac_project(tmp_path, xcode)
    folder = str(xcode.toolchain if inside else xcode.toolchain.parent)
    if by == "environment":
        project.build(METAL_TOOLCHAIN=folder)
    else:
        project.build(f"-DMETAL_TOOLCHAIN={folder}")
    assert {"metal", "metallib"} <= {call[0] for call in xcode.calls}
    assert [] == [call for call in xcode.calls if call[0] == "xcrun" and "metal" in call]


def test_a_toolchain_that_xcrun_does_not_know(tmp_path: Path) -> None:
    """A toolchain that Xcode has mounted is used although xcrun does not find it."""
    project = mac_project(tmp_path, install_xcode(tmp_path / "xcode", xcrun=False))
    assert "metal" == project.build()["relu.metal.air"][0]
    assert '"accelerator": "metal 32023.830"' in (tmp_path / "build" / "kernel-build.json").read_text("utf-8")


def test_no_toolchain(tmp_path: Path) -> None:
    """Without the Metal toolchain, the error has xcrun's own words and the command that installs it."""
    project = mac_project(tmp_path, install_xcode(tmp_path / "xcode", component=False, xcrun=False))
    error = " ".join(project.configure().stderr.split())
    assert "`xcrun -sdk macosx metal --version` failed: error: error: cannot execute tool 'metal'" in error
    assert "with: xcodebuild -downloadComponent MetalToolchain" in error


def test_a_wrong_folder(project: MacProject) -> None:
    """A folder that is no toolchain is refused by its name."""
    error = " ".join(project.configure("-DMETAL_TOOLCHAIN=/nonesuch").stderr.split())
    assert "METAL_TOOLCHAIN is /nonesuch, in which there is no usr/bin/metal." in error


def test_another_system(project: MacProject) -> None:
    """A build for another system is refused before anything else is looked for."""
    error = " ".join(project.configure("-UCMAKE_SYSTEM_NAME").stderr.split())
    assert "Kernels for metal are built on macOS; this is Linux." in error


def test_a_shader_that_is_there_twice(project: MacProject) -> None:
    """A shader of two components, whose functions would be in the library twice, is refused."""
    _change(project, src=_component("twice", "relu_metal/relu.metal"))
    error = " ".join(project.configure().stderr.split())
    assert "relu_metal/relu.metal is a shader of the kernel component 'twice' and of another one" in error


def test_a_shader_that_is_missing(project: MacProject) -> None:
    """A shader that is gone since build.toml was read is named."""
    (project.top / "kernel" / "relu_metal" / "relu.metal").unlink()
    error = "".join(project.configure().stderr.split())
    assert f"buildtomlnamesasourcethatdoesnotexist:{project.top}/kernel/relu_metal/relu.metal" in error.replace(
        ".t", "t"
    )
