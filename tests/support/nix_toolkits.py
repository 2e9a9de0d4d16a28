"""Compilers of accelerators for the stub of nixpkgs: recording stand-ins, and Torches that are for them.

A stand-in that runs in a sandbox can write nowhere but below the build folder: it notes its calls in `_RECORD`, and the
stub prints that file at the end of the build's log, each line after `_CALL`.
"""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from support.icpx import install_icpx
from support.nix import NixWorld
from support.rocm import install_rocm

from kernel_builder.binary.elf import open_elf
from kernel_builder.toolchain.rocm import HipToolchain

__all__ = ["CUDA", "add_toolkits", "cuda_toolkit", "oneapi_toolkit", "read_calls", "rocm_toolkit"]

#: Where stand-ins note their calls: the build folder of every sandbox.
_RECORD = "/build/calls.jsonl"
#: What stands before each call in the log.
_CALL = "called: "

#: The stub puts the toolkit's own place in the store here.
_PLACE = "@out@"
_SETTINGS = [f"{_PLACE}/stand-in.json"]
_STANDINS = Path(__file__).with_name("standins")
#: Where CUDA 13.0 is installed, whose nvcc does the work.
CUDA = Path("/usr/local/cuda-13.0")


def add_toolkits(world: NixWorld, folder: Path, **toolkits: Path) -> NixWorld:
    """A world whose stub has toolkits.

    Args:
        world: a world.
        folder: where the copy of the stub goes.
        toolkits: the folder of each, by its name with `_` for `-` and `.`: `cuda_13_0`.
    """
    nixpkgs = Path(shutil.copytree(world.nixpkgs, folder / "nixpkgs"))
    host = json.loads((nixpkgs / "host.json").read_text("utf-8"))
    for name, source in toolkits.items():
        kind, _, version = name.partition("_")
        full = f"{kind}-{version.replace('_', '.')}"
        shutil.copytree(source, nixpkgs / "toolkits" / full, symlinks=True)
        host["toolkits"][full] = True
    (nixpkgs / "host.json").write_text(json.dumps(host), "utf-8")
    return replace(world, nixpkgs=nixpkgs)


def cuda_toolkit(root: Path, version: str, *, unknown: Sequence[str] = (), real: Path = CUDA) -> Path:
    """CUDA with an nvcc that notes its calls and says that it is of some version; another nvcc does the work.

    Args:
        root: its folder.
        version: the whole version that it says, such as `12.6.85`.
        unknown: the devices that the other one does not know, such as `70`.
        real: the toolkit whose nvcc compiles.
    """
    for folder in ("bin", "lib", "targets"):
        (root / folder).mkdir(parents=True)
    for path in (*real.iterdir(), *real.glob("lib/*")):
        place = root / path.relative_to(real)
        if not place.exists():
            place.symlink_to("lib" if path.name == "lib64" else path)
    (root / "targets" / f"{platform.machine()}-linux").symlink_to("..")
    _name_runtime(root / "lib" / "libcudart.so", f"libcudart.so.{version.partition('.')[0]}")
    settings = {"version": version, "record": _RECORD, "root": _PLACE, "real": str(real), "unknown": list(unknown)}
    return _movable(
        root, "nvcc.py", settings, {"bin/nvcc": _SETTINGS, "host": [*_SETTINGS, "--host", '"${HOST_COMPILER:-c++}"']}
    )


def oneapi_toolkit(root: Path, version: str, sycl: Path) -> Path:
    """Make a oneAPI with an icpx that notes its calls, and compiles for the host.

    Args:
        root: its folder.
        version: the whole version, such as `2026.0.0`.
        sycl: the folder with SYCL's `include` and `lib`, of which the headers and the library itself are taken.
    """
    made = install_icpx(root, version)
    folder = made.icpx.parents[1]
    (folder.parent / "latest").symlink_to(folder.name)
    settings = json.loads((folder / "stand-in.json").read_text("utf-8"))
    (folder / "stand-in.json").unlink()
    shutil.copytree(sycl / "include", root / "include")
    (root / "lib").mkdir()
    for library in sycl.glob("lib/libsycl.so*"):
        shutil.copy2(library, root / "lib" / library.name, follow_symlinks=False)
    own = {**settings, "record": _RECORD, "compile": "host", "sycl": _PLACE}
    return _movable(root, "icpx.py", own, {str(made.icpx.relative_to(root)): _SETTINGS})


def rocm_toolkit(root: Path, release: str, real: HipToolchain) -> Path:
    """ROCm with a clang that notes its calls, knows every device, and compiles for one of them.

    Args:
        root: its folder.
        release: its version.
        real: what does the work.
    """
    made = install_rocm(root, release, real=real)
    (root / "llvm").unlink()  # nixpkgs has it as a package of its own
    clang = root / "lib" / "llvm" / "bin" / "clang++"
    settings = json.loads(clang.with_name("stand-in.json").read_text("utf-8"))
    clang.with_name("stand-in.json").write_text(json.dumps({**settings, "record": _RECORD, "rocm": _PLACE}), "utf-8")
    for path in (made.hipcc, root / "lib" / "cmake" / "hip-lang" / "hip-lang-config.cmake"):
        path.write_text(path.read_text("utf-8").replace(str(root), _PLACE), "utf-8")
    _name_runtime(root / "lib" / "libamdhip64.so", f"libamdhip64.so.{release.partition('.')[0]}")
    program = "lib/llvm/bin/clang++"
    return _movable(root, "hip_clang.py", None, {program: [f"{_PLACE}/{program}"]})


def _name_runtime(library: Path, soname: str) -> None:
    """Let a library have another name: one comes into its place that has the names of its functions and no code."""
    with open_elf(library) as elf:
        names = sorted({one.name for one in elf.symbols() if one.defined and one.name.isidentifier()})
    library.unlink()
    library.with_name(soname).unlink(missing_ok=True)
    code = "".join(f"void {name}(void) {{}}\n" for name in names)
    flags = ["-shared", "-fPIC", "-nostdlib", "-fno-builtin", f"-Wl,-soname,{soname}"]
    command = ["gcc", *flags, "-xc", "-", "-o", str(library.with_name(soname))]
    subprocess.run(command, input=code, check=True, encoding="utf-8")
    library.symlink_to(soname)


def read_calls(log: str) -> list[list[str]]:
    """The arguments of the calls that a log of a build has."""
    return [json.loads(line.partition(_CALL)[2]) for line in log.splitlines() if _CALL in line]


def _movable(
    root: Path, program: str, settings: Mapping[str, object] | None, commands: Mapping[str, list[str]]
) -> Path:
    """Let the commands of a toolkit run a stand-in that comes with it, by the Python that sandboxes have."""
    shutil.copy2(_STANDINS / program, root / program)
    if settings is not None:
        (root / "stand-in.json").write_text(json.dumps(settings), "utf-8")
    python = Path(sys.executable).resolve()
    for command, arguments in commands.items():
        line = " ".join([str(python), "-IS", f"{_PLACE}/{program}", *arguments])
        (root / command).write_text(f'#!/bin/sh\nexec {line} "$@"\n', "utf-8")
        (root / command).chmod(0o755)
    return root
