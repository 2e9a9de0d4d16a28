"""ROCm's device libraries, completed where they lack a device that the compiler knows.

Each device has a file `oclc_isa_version_<number>.bc` there, which defines one constant. Where a distribution's are
older than its clang, the file is made, by that clang. The rest is linked.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from kernel_builder.process import run
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.made import make_once

__all__ = ["compilable_archs", "complete_device_libraries", "missing_archs"]

_ARCH = re.compile(r"gfx(\d+)([0-9a-f])([0-9a-f])")


def compilable_archs(clang: Path) -> frozenset[str]:
    """The devices that a clang can compile for, such as `gfx942`.

    Raises:
        ProcessError: when it cannot say.
    """
    # The list goes to the standard error.
    lines: list[str] = []
    run([clang, "--target=amdgcn-amd-amdhsa", "-nogpulib", "--print-supported-cpus"], on_line=lines.append)
    return frozenset(re.findall(r"\bgfx[0-9a-f]+\b", "\n".join(lines)))


def missing_archs(libraries: Path, archs: Iterable[str]) -> list[str]:
    """Those of some devices that a folder of device libraries has no file for, sorted."""
    return sorted(arch for arch in archs if not (libraries / _file(arch)).is_file())


def complete_device_libraries(libraries: Path, clang: Path, archs: frozenset[str], cache: Path) -> Path:
    """The folder of device libraries with a file for each device: the given one, or one that is made and kept.

    Args:
        libraries: the folder that has `ocml.bc`.
        clang: the compiler that is to use them.
        archs: the devices.
        cache: the folder for toolchains.

    Raises:
        ProcessError: when a file cannot be made.
        OSError: when the cache cannot be written.
    """
    missing = missing_archs(libraries, archs)
    if not missing:
        return libraries

    def make(stage: Path) -> None:
        for path in libraries.glob("*.bc"):
            (stage / path.name).symlink_to(path.absolute())
        for arch in missing:
            _compile(clang, arch, stage / _file(arch))

    return make_once(cache / "rocm-device-libs" / _key(libraries, clang, missing), make)


def _source() -> Path:
    return templates_dir() / "rocm" / "isa-version.cl"


def _file(arch: str) -> str:
    return f"oclc_isa_version_{arch.removeprefix('gfx')}.bc"


def _compile(clang: Path, arch: str, output: Path) -> None:
    """Make the file of a device: its constant is 1000 times the major version, and so on: 9402 for gfx942."""
    match = _ARCH.fullmatch(arch)
    assert match is not None  # noqa: S101 - the data file holds nothing else
    number = 1000 * int(match[1]) + 100 * int(match[2], 16) + int(match[3], 16)
    run(
        [
            clang, "-x", "cl", "-cl-std=CL2.0", "--target=amdgcn-amd-amdhsa", "-Xclang", "-mcode-object-version=none",
            "-nogpulib", "-emit-llvm", f"-DKERNEL_ISA_VERSION={number}", "-c", _source(),
            "-o", output,
        ]
    )  # fmt: skip


def _key(libraries: Path, clang: Path, archs: list[str]) -> str:
    digest = hashlib.sha256(_source().read_bytes() + repr(archs).encode())
    for path in (clang.resolve(), *sorted(libraries.glob("*.bc"))):
        facts = path.stat()
        digest.update(f"\n{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]
