"""The compilers of the accelerators, found where their makers install them."""

import importlib.util
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = [
    "CUDA_DIR",
    "ONEAPI_DIR",
    "ROCM_DIR",
    "find_device_libraries",
    "find_hip_clang",
    "find_hipcc",
    "find_icpx",
    "find_nvcc",
    "nvcc_candidates",
]

#: Where the makers install what no variable names.
CUDA_DIR, ROCM_DIR, ONEAPI_DIR = Path("/usr/local/cuda"), Path("/opt/rocm"), Path("/opt/intel/oneapi")

#: The first LLVM whose clang compiles HIP with the headers that Linux distributions package.
_FIRST_HIP_CLANG, _LAST_HIP_CLANG = 19, 29


def find_nvcc() -> Path | None:
    """CUDA's compiler: that of CUDACXX, CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda, or the CUDA wheels of Python."""
    if os.environ.get("CUDACXX", "").strip() and not _named_nvcc():
        return None
    return next(nvcc_candidates(), None)


def nvcc_candidates() -> Iterator[Path]:
    """Every nvcc of this machine, in the order of `find_nvcc`; of those below /usr/local the newest comes first."""
    if named := _named_nvcc():
        yield Path(named)
    on_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    side_by_side = sorted(CUDA_DIR.parent.glob(f"{CUDA_DIR.name}-*/bin"), key=_natural, reverse=True)
    for folder in (*_below(("CUDA_HOME", "CUDA_PATH"), "bin"), *on_path, CUDA_DIR / "bin", *side_by_side, *_wheels()):
        if found := shutil.which("nvcc", path=str(folder)):
            yield Path(found)


def _named_nvcc() -> str | None:
    return shutil.which(os.environ.get("CUDACXX", "").strip())


def find_hipcc() -> Path | None:
    """ROCm's compiler: that of ROCM_PATH, HIP_PATH, PATH or /opt/rocm."""
    return _first("hipcc", [*_below(("ROCM_PATH", "HIP_PATH"), "bin"), None, ROCM_DIR / "bin"])


def find_hip_clang() -> Path | None:
    """A clang++ of a version that compiles HIP by itself, by its name with the version; the newest one."""
    names = (f"clang++-{version}" for version in range(_LAST_HIP_CLANG, _FIRST_HIP_CLANG - 1, -1))
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def find_icpx() -> Path | None:
    """The compiler of oneAPI: that of CMPLR_ROOT, PATH, or the folder that oneAPI is installed to."""
    installed = [*_below(("ONEAPI_ROOT",), "compiler/latest/bin"), ONEAPI_DIR / "compiler/latest/bin"]
    return _first("icpx", [*_below(("CMPLR_ROOT",), "bin"), None, *installed])


def find_device_libraries(compiler: Path, rocm: Path | None = None) -> Path | None:
    """The folder of ROCm's device libraries (`ocml.bc` and others): beside a compiler, or where distributions put it.

    Args:
        compiler: the path of hipcc or clang.
        rocm: the folder of ROCm, where it is known; older ones have the libraries there.
    """
    named = os.environ.get("HIP_DEVICE_LIB_PATH")
    roots = (compiler.resolve().parents[1], *([rocm] if rocm else []), Path("/usr"))
    patterns = ("amdgcn/bitcode", "lib/amdgcn/bitcode", "lib/llvm/amdgcn/bitcode", "lib/clang/*/lib/amdgcn/bitcode")
    distribution = ("lib/*/amdgcn/bitcode", "lib64/rocm/amdgcn/bitcode", "lib/clang/*/amdgcn/bitcode")
    candidates = [
        *([Path(named)] if named else []),
        *(found for root in roots for pattern in (*patterns, *distribution) for found in sorted(root.glob(pattern))),
    ]
    return next((folder for folder in candidates if (folder / "ocml.bc").is_file()), None)


def _first(name: str, folders: Iterable[Path | None]) -> Path | None:
    """The first program of a name in the folders; `None` among them is PATH."""
    for folder in folders:
        if found := shutil.which(name, path=None if folder is None else str(folder)):
            return Path(found)
    return None


def _below(variables: Iterable[str], folder: str) -> Iterator[Path]:
    for variable in variables:
        if root := os.environ.get(variable, "").strip():
            yield Path(root) / folder


def _natural(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path.parent.name)]


def _wheels() -> Iterator[Path]:
    """The folders of the CUDA wheels, `nvidia/cu13` for CUDA 13; those for CUDA 12 bring no nvcc."""
    spec = importlib.util.find_spec("nvidia")
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(Path(place).glob("cu*/bin"), reverse=True)
