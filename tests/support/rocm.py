"""Installations of ROCm that are stand-ins: a clang that notes what it is called with (see standins/hip_clang.py)."""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.config.capabilities import rocm_archs
from kernel_builder.toolchain.rocm import HipToolchain

__all__ = ["Rocm", "install_rocm"]

_PROGRAM = Path(__file__).with_name("standins") / "hip_clang.py"
_VERSION = "#define HIP_VERSION_MAJOR {}\n#define HIP_VERSION_MINOR {}\n#define HIP_VERSION_PATCH 1\n"
_HIPCC = """\
#!/bin/sh
test "$HIP_PLATFORM" = amd || {{ echo "nvcc: NVIDIA (R) Cuda compiler driver"; exit 0; }}
test "$*" = --version && echo "HIP version: {release}.0-1"
exec {clang} "$@"
"""
#: What CMake asks ROCm for; the real one has more, for the run-time library alone.
_HIP_LANG = """\
add_library(hip-lang::device INTERFACE IMPORTED)
set_target_properties(
  hip-lang::device PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "{root}/include"
                              INTERFACE_INCLUDE_DIRECTORIES "{root}/include"
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rocm:
    """A stand-in of one release of ROCm.

    Attributes:
        root: its folder.
        clang: its compiler.
        hipcc: the program that calls it.
        record: the file that notes the compiler's calls.
    """

    root: Path
    clang: Path
    hipcc: Path
    record: Path

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call so far, but for those that only ask."""
        lines = self.record.read_text("utf-8").splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]


def install_rocm(
    root: Path,
    release: str = "7.1",
    *,
    clang: str = "20.0.0",
    archs: Sequence[str] | None = None,
    libraries_for: Sequence[str] | None = None,
    real: HipToolchain | None = None,
) -> Rocm:
    """Make a ROCm as AMD's installer would.

    Args:
        root: its folder, such as `/opt/rocm-7.1.0`.
        release: its version, which is that of its HIP.
        clang: the version of its compiler.
        archs: the devices that the compiler knows; all when not given.
        libraries_for: the devices that there are device libraries for; all when not given.
        real: a toolchain of this machine that does the work: what is compiled is for gfx90a alone.
    """
    program, record = root / "lib" / "llvm" / "bin" / "clang++", root / "calls.jsonl"
    header, config = (
        root / "include" / "hip" / "hip_version.h",
        root / "lib" / "cmake" / "hip-lang" / "hip-lang-config.cmake",
    )
    bitcode = root / "amdgcn" / "bitcode"
    for folder in (program.parent, header.parent, config.parent, bitcode):
        folder.mkdir(parents=True)
    document = {
        "version": clang,
        "rocm": str(root),
        "archs": list(rocm_archs().supported if archs is None else archs),
        "record": str(record),
        "clang": str(real.clang) if real else None,
        "arch": "gfx90a",
    }
    program.with_name("stand-in.json").write_text(json.dumps(document), "utf-8")
    command = shlex.join([sys.executable, "-IS", str(_PROGRAM), str(program)])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    program.chmod(0o755)
    (root / "llvm").symlink_to("lib/llvm")
    header.write_text(_VERSION.format(*release.split(".")), "utf-8")
    config.write_text(_HIP_LANG.format(root=root.as_posix()), "utf-8")
    names = [
        f"oclc_isa_version_{arch[3:]}.bc"
        for arch in (rocm_archs().supported if libraries_for is None else libraries_for)
    ]
    for name in ("ocml.bc", *names):
        (bitcode / name).touch()
    if real:
        _take_over(root, real)
    else:
        (root / "lib" / "libamdhip64.so").touch()
    hipcc = root / "bin" / "hipcc"
    hipcc.parent.mkdir()
    hipcc.write_text(_HIPCC.format(release=release, clang=shlex.quote(str(program))), "utf-8")
    hipcc.chmod(0o755)
    return Rocm(root=root, clang=root / "llvm" / "bin" / "clang++", hipcc=hipcc, record=record)


def _take_over(root: Path, real: HipToolchain) -> None:
    """Let the headers, the run-time library and the device libraries be those of this machine."""
    for path in (real.root / "include" / "hip").iterdir():
        if path.name != "hip_version.h":
            (root / "include" / "hip" / path.name).symlink_to(path)
    (root / "lib" / "libamdhip64.so").symlink_to(real.libraries[0] / "libamdhip64.so")
    assert real.device_libraries is not None
    for path in real.device_libraries.glob("*.bc"):
        (root / "amdgcn" / "bitcode" / path.name).unlink(missing_ok=True)
        (root / "amdgcn" / "bitcode" / path.name).symlink_to(path)
