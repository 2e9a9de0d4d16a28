"""Installations of Xcode that are stand-ins, whose programs note what they are called with (see standins/xcode.py)."""

import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.projects import copy_relu, kernel_builder

from kernel_builder.toolchain.tools import find_tool

__all__ = ["SHIMS", "MacProject", "Xcode", "install_xcode", "mac_project", "metal_torch"]

#: What stands in for headers and libraries of macOS and of its Torch.
SHIMS = Path(__file__).with_name("metal")

_PROGRAM = Path(__file__).with_name("standins") / "xcode.py"
_TOOLS = ("c++", "install_name_tool", "xcodebuild", "xcrun")
_TOOLCHAIN = ("metal", "metallib")
#: What CMake finds out by itself on a Mac.
_MAC = ("-DCMAKE_SYSTEM_NAME=Darwin", "-DCMAKE_SYSTEM_PROCESSOR=arm64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Xcode:
    """A stand-in of Xcode.

    Attributes:
        bin: the folder for PATH.
        toolchain: the folder `Metal.xctoolchain`.
        record: the file that notes the calls.
    """

    bin: Path
    toolchain: Path
    record: Path

    @property
    def calls(self) -> list[list[str]]:
        """Each call so far: the program and its arguments."""
        lines = self.record.read_text("utf-8").splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def path(self) -> str:
        """PATH with the programs first."""
        return f"{self.bin}{os.pathsep}{os.environ['PATH']}"


def install_xcode(
    root: Path,
    version: str = "26.1",
    *,
    component: bool = True,
    xcrun: bool = True,
    zig: Sequence[str] | None = None,
) -> Xcode:
    """Make the programs of Xcode.

    Args:
        root: the folder to make them in.
        version: the version of Xcode.
        component: whether the Metal toolchain is installed.
        xcrun: whether xcrun knows it too.
        zig: the command that compiles for macOS; without, the kernel's sources become objects for this machine that
            have nothing in them.
    """
    made = Xcode(bin=root / "bin", toolchain=root / "mounted" / "Metal.xctoolchain", record=root / "calls.jsonl")
    (root / "MacOSX.sdk").mkdir(parents=True)
    settings = root / "stand-in.json"
    document = {
        "record": str(made.record),
        "xcode": version,
        "component": str(made.toolchain.parent) if component else None,
        "xcrun": xcrun,
        "zig": list(zig) if zig else None,
    }
    settings.write_text(json.dumps(document), "utf-8")
    places = {**dict.fromkeys(_TOOLS, made.bin)}
    if component:
        places.update(dict.fromkeys(_TOOLCHAIN, made.toolchain / "usr" / "bin"))
    for name, folder in places.items():
        folder.mkdir(parents=True, exist_ok=True)
        command = shlex.join([sys.executable, "-IS", str(_PROGRAM), str(settings), name])
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    return made


def metal_torch(folder: Path) -> Path:
    """Make a folder for PYTHONPATH with a `torch` to build against: the installed headers, and names of libraries.

    It cannot be imported.

    Args:
        folder: where to make it.
    """
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    installed, torch = Path(spec.origin).parent, folder / "torch"
    torch.mkdir(parents=True)
    for name in ("__init__.py", "include", "version.py"):
        (torch / name).symlink_to(installed / name)
    (torch / "lib").symlink_to(SHIMS / "torch")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class MacProject:
    """A kernel's project whose CMake code was written, and a machine to build it on.

    Attributes:
        top: the folder with `kernel`, `site`, `build` and `xcode` in it.
        xcode: the stand-in.
    """

    top: Path
    xcode: Xcode

    @property
    def ops(self) -> str:
        """The name of the library."""
        (library,) = (self.top / "build").glob("*.abi3.so")
        return library.name.removesuffix(".abi3.so")

    def configure(self, *settings: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run CMake as on a Mac."""
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
        return self._run([*command, *_MAC, "-DKERNEL_BACKEND=metal", *settings], env)

    def build(self, *settings: str, **env: str) -> dict[str, list[str]]:
        """Configure and compile; what was called for what: its output → the program and its arguments."""
        before = len(self.xcode.calls)
        for result in (self.configure(*settings, **env), self._run([find_tool("cmake"), "--build", "build"], env)):
            assert result.returncode == 0, result.stdout + result.stderr
        calls = [call for call in self.xcode.calls[before:] if "-o" in call and "cmTC" not in " ".join(call)]
        return {Path(call[call.index("-o") + 1]).name: call for call in calls}

    def _run(self, command: list[str | Path], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if "METAL" not in name and "MACOSX" not in name}
        paths = {"PATH": self.xcode.path, "PYTHONPATH": str(self.top / "site")}
        return subprocess.run(
            command, cwd=self.top, env={**kept, **paths, **env}, capture_output=True, text=True, check=False
        )


def mac_project(top: Path, xcode: Xcode) -> MacProject:
    """The relu example with its CMake code, and a Torch.

    Args:
        top: where to make them; `xcode` is in it.
        xcode: what it is built with.
    """
    metal_torch(top / "site")
    result = kernel_builder("create-pyproject", copy_relu(top / "kernel"))
    assert result.returncode == 0, result.stderr
    return MacProject(top=top, xcode=xcode)
