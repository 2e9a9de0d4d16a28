"""Metal: the compiler of shaders, which Xcode brings, or finds in the toolchain that is a component of its own."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain.accelerator import Accelerator
from kernels.backend import MajorMinor

__all__ = ["DOWNLOAD_TOOLCHAIN", "METAL_VERSION", "Metal", "find_metal", "metal_accelerator"]

#: What the compiler says its version in, in the first group.
METAL_VERSION = r"version (\S+) \(metalfe-"

#: The command that installs the Metal toolchain, which is a component of its own from Xcode 26 on.
DOWNLOAD_TOOLCHAIN = "xcodebuild -downloadComponent MetalToolchain"

#: How many seconds a program of Xcode may take to answer; the first one after a restart takes some.
_PATIENCE = 60.0
_INSTALL_XCODE = "Install Xcode 26 or later, choose it with `sudo xcode-select -s …`, and run: " + DOWNLOAD_TOOLCHAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Metal:
    """A compiler of shaders.

    Attributes:
        command: what runs it.
        version: its whole version, such as `32023.830`.
        toolchain: the folder that it is in, where it is not for xcrun to find it.
    """

    command: tuple[str, ...]
    version: str
    toolchain: Path | None = None


def metal_accelerator(version: MajorMinor | None, cache: Path) -> Accelerator:
    """What compiles shaders: of the toolchain that METAL_TOOLCHAIN names, else of the one that Xcode finds.

    Args:
        version: not used: variants for Metal have none.
        cache: not used: nothing of Xcode has to be put together.

    Raises:
        ToolchainError: on a system that is not macOS, without Xcode, and without its Metal toolchain.
    """
    del version, cache
    metal = find_metal()
    return Accelerator(
        backend="metal",
        version=None,
        name=f"metal {metal.version}",
        settings=(f"-DMETAL_TOOLCHAIN={metal.toolchain}",) if metal.toolchain else (),
        identity=(*metal.command, metal.version, *_sdk()),
    )


def find_metal() -> Metal:
    """The compiler of shaders that a build uses; starts it once.

    Raises:
        ToolchainError: as `metal_accelerator`.
    """
    if named := os.environ.get("METAL_TOOLCHAIN", "").strip():
        return _metal_in(Path(named))
    if shutil.which("xcrun") is None:
        reason = "xcrun was not found" if sys.platform == "darwin" else "this is another system"
        message = f"kernels for metal are built on macOS with Xcode; {reason}"
        raise ToolchainError(message, hint=_INSTALL_XCODE)
    command = ("xcrun", "-sdk", "macosx", "metal")
    try:
        return Metal(command=command, version=_version(command))
    except ToolchainError:
        mounted = _mounted_toolchain()
        if mounted is None:
            raise
        return _metal_in(mounted)


def _metal_in(folder: Path) -> Metal:
    """The compiler in a toolchain, which is the folder or, as Xcode mounts it, `Metal.xctoolchain` in it."""
    for toolchain in (folder, folder / "Metal.xctoolchain"):
        if found := shutil.which("metal", path=str(toolchain / "usr" / "bin")):
            return Metal(command=(found,), version=_version((found,)), toolchain=toolchain)
    message = f"METAL_TOOLCHAIN is {folder}, in which there is no usr/bin/metal"
    hint = "Set it to the folder Metal.xctoolchain, or unset it to use the toolchain that Xcode finds."
    raise ToolchainError(message, hint=hint)


def _mounted_toolchain() -> Path | None:
    """The folder that Xcode says its Metal toolchain is mounted at, which xcrun may not know of yet."""
    try:
        said = run(["xcodebuild", "-showComponent", "MetalToolchain"], timeout=_PATIENCE)
    except (OSError, ProcessError, ToolchainError):
        return None
    place = re.search(r"^Toolchain Search Path: (.+)$", said, re.MULTILINE)
    folder = Path(place[1]) / "Metal.xctoolchain" if place else None
    return folder if folder and folder.is_dir() else None


def _version(command: tuple[str, ...]) -> str:
    hint = f"Install the Metal toolchain, from Xcode 26 on a component of its own: {DOWNLOAD_TOOLCHAIN}"
    try:
        said = run([*command, "--version"], timeout=_PATIENCE)
    except (OSError, ProcessError) as error:
        output = error.output.strip() if isinstance(error, ProcessError) else str(error)
        message = f"the compiler of Metal shaders does not run: {output or ' '.join(command)}"
        raise ToolchainError(message, hint=hint) from error
    found = re.search(METAL_VERSION, said)
    if found is None:
        message = f"`{' '.join(command)} --version` says nothing of a compiler of Metal shaders"
        raise ToolchainError(message, hint=hint)
    return found[1]


def _sdk() -> tuple[str, ...]:
    """The SDK that C++ is compiled with, which changes with Xcode; nothing where xcrun does not say."""
    questions = ("--show-sdk-path", "--show-sdk-version")
    try:
        return tuple(run(["xcrun", "-sdk", "macosx", one], timeout=_PATIENCE).strip() for one in questions)
    except (OSError, ProcessError, ToolchainError):
        return ()
