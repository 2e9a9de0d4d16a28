"""What of this machine compiles HIP."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError
from kernel_builder.process import run
from kernel_builder.toolchain import accelerators
from kernels.backend import MajorMinor

__all__ = ["HipToolchain", "hip_clangs", "installed_rocm"]

#: Where a ROCm has its clang.
_CLANGS = ("llvm/bin/clang++", "lib/llvm/bin/clang++", "lib64/rocm/llvm/bin/clang++")
_HEADER = "include/hip/hip_version.h"
_LIBRARIES = ("lib", "lib64", "lib/*-linux-gnu")
#: Where distributions put the headers of HIP.
_SYSTEM = Path("/usr")
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HipToolchain:
    """A compiler of HIP with its headers.

    Attributes:
        clang: the compiler.
        clang_version: its whole version, such as `19.1.7`.
        root: the folder with `include/hip` and the run-time library.
        release: the version of HIP by these headers, which is that of ROCm.
    """

    clang: Path
    clang_version: str
    root: Path
    release: MajorMinor

    @property
    def header(self) -> Path:
        """The header that says the version of HIP."""
        return self.root / _HEADER

    @property
    def device_libraries(self) -> Path | None:
        """The folder of the device libraries, as it is installed; `None` without any."""
        return accelerators.find_device_libraries(self.clang, self.root)

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The folders with the run-time library."""
        places = (folder for pattern in _LIBRARIES for folder in sorted(self.root.glob(pattern)))
        return tuple(folder for folder in places if any(folder.glob("libamdhip64.so*")))


def installed_rocm(patience: float = _PATIENCE) -> tuple[HipToolchain, ...]:
    """Every toolchain: first the one that a shell here would use, then AMD's from new to old, then the system's.

    What does not say its version, within some seconds of patience, is passed over.
    """
    found: dict[Path, HipToolchain] = {}
    for clang, root in _candidates():
        toolchain = _examine(clang, root, patience)
        if toolchain is not None:
            found.setdefault(clang.resolve(), toolchain)
    return tuple(found.values())


def hip_clangs() -> tuple[Path, ...]:
    """Every clang that could be a part of a toolchain, whether or not it runs, in the order of `installed_rocm`."""
    return tuple(clang for clang, _ in _candidates())


def _candidates() -> Iterator[tuple[Path, Path]]:
    """Each clang that is there, and the folder that may have the headers of HIP."""
    for root in _roots():
        for name in _CLANGS:
            if (root / name).is_file():
                yield root / name, root
                break
    if (clang := accelerators.find_hip_clang()) is not None:
        yield clang, _SYSTEM


def _roots() -> Iterator[Path]:
    for variable in ("ROCM_PATH", "HIP_PATH"):
        if named := os.environ.get(variable, "").strip():
            yield Path(named)
    if (hipcc := accelerators.find_hipcc()) is not None:
        yield hipcc.resolve().parents[1]
    usual = accelerators.ROCM_DIR
    yield usual
    yield from sorted(usual.parent.glob(f"{usual.name}-*"), key=lambda path: _natural(path.name), reverse=True)


def _natural(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]


def _examine(clang: Path, root: Path, patience: float) -> HipToolchain | None:
    """The toolchain, or `None` where a part lacks or does not run."""
    try:
        numbers = dict(re.findall(r"#define HIP_VERSION_(MAJOR|MINOR)\s+(\d+)", (root / _HEADER).read_text("utf-8")))
        said = run([clang, "--version"], timeout=patience)
    except (OSError, ProcessError, TimeoutError):
        return None
    version = re.search(r"clang version (\d+\.\d+\.\d+)", said)
    if version is None or len(numbers) != 2:  # noqa: PLR2004 - major and minor
        return None
    release = MajorMinor(int(numbers["MAJOR"]), int(numbers["MINOR"]))
    return HipToolchain(clang=clang, clang_version=version[1], root=root, release=release)
