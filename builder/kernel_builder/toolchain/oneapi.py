"""oneAPI: icpx, which compiles SYCL for Intel's GPUs, of the release that is needed; several can be installed."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.accelerator import Accelerator
from kernels.backend import MajorMinor

__all__ = ["ICPX_VERSION", "Icpx", "find_ocloc", "icpx_places", "installed_icpx", "oneapi_accelerator"]

#: What icpx says its version in, in the first group.
ICPX_VERSION = r"DPC\+\+/C\+\+ Compiler (\d+\.\d+[\w.]*)"

#: How many seconds a compiler may take to say its version; it does in a fraction of one.
_PATIENCE = 30.0
_LOOKED = "CXX, CMPLR_ROOT, PATH, ONEAPI_ROOT, /opt/intel/oneapi"
#: Variables that setvars.sh of one release sets, and that would lead the compiler of another one astray.
_OF_ANOTHER_RELEASE = ("DIAGUTIL_PATH", "ICPXCFG", "OCL_ICD_FILENAMES")


@dataclass(frozen=True, slots=True, kw_only=True)
class Icpx:
    """A compiler of oneAPI.

    Attributes:
        path: the program.
        version: its whole version, such as `2025.3.2`.
    """

    path: Path
    version: str

    @property
    def release(self) -> MajorMinor:
        """The release of oneAPI, as variant names carry it."""
        return MajorMinor.parse(self.version)


def icpx_places() -> tuple[Path, ...]:
    """Every icpx of this machine: first the one that a shell here would use, then from the newest release to oldest.

    Does not run them. A release that has several names, such as `latest`, is there once.
    """
    places: dict[Path, Path] = {}
    for path in _candidates():
        places.setdefault(path.resolve(), path)
    return tuple(places.values())


def installed_icpx() -> tuple[Icpx, ...]:
    """Those of `icpx_places` that run and say which release they are of; takes a start of each."""
    return tuple(Icpx(path=path, version=version) for path in icpx_places() if (version := _version(path)) is not None)


def oneapi_accelerator(version: MajorMinor | None, cache: Path) -> Accelerator:
    """The icpx of a release of oneAPI, with the environment that its setvars.sh would give it as far as it needs one.

    Args:
        version: the release that is needed; `None` for the one that a shell here would use.
        cache: not used: nothing of oneAPI has to be put together.

    Raises:
        ToolchainError: when there is none of that release, or no ocloc, which compiles for GPUs ahead of time.
    """
    del cache
    installed = installed_icpx()
    chosen = next((one for one in installed if version in (None, one.release)), None)
    if chosen is None:
        raise _missing(version, installed)
    ocloc = find_ocloc(chosen.path)
    if ocloc is None and sys.platform != "win32":
        message = f"{chosen.path} needs ocloc of Intel's compute runtime, which is neither beside it nor on PATH"
        raise ToolchainError(message, hint="Install it; the package is often called intel-ocloc.")
    environment = _environment(chosen.path, ocloc)
    return Accelerator(
        backend="xpu",
        version=chosen.release,
        name=f"icpx {chosen.version}",
        settings=(
            f"-DCMAKE_CXX_COMPILER={_for_cmake(chosen.path).as_posix()}",
            # A compiler cache looks at what the preprocessor makes for the host, and would not see device code change.
            "-DCMAKE_CXX_COMPILER_LAUNCHER=",
        ),
        environment=environment,
        identity=(
            *(_identity(path) for path in (chosen.path, ocloc) if path),
            environment.get("DNNLROOT") or os.environ.get("DNNLROOT", ""),
        ),
        libraries=(_root(chosen.path) / "lib",),
    )


def _candidates() -> Iterator[Path]:
    """Where a compiler can be: what a shell here would use, and each release side by side, from new to old."""
    compiler = shutil.which(os.environ.get("CXX", "").strip())
    if compiler and Path(compiler).stem == "icpx":
        yield Path(compiler)
    if usual := accelerators.find_icpx():
        yield usual
    named = os.environ.get("ONEAPI_ROOT", "").strip()
    for root in (*([Path(named)] if named else []), accelerators.ONEAPI_DIR):
        releases = sorted((root / "compiler").glob("[0-9]*"), key=lambda path: _natural(path.name), reverse=True)
        yield from (Path(found) for path in releases if (found := shutil.which("icpx", path=str(path / "bin"))))


def _for_cmake(icpx: Path) -> Path:
    """On Windows, CMake takes the compiler under the name by which it understands the options of Microsoft's."""
    return icpx.with_name("icx.exe") if sys.platform == "win32" else icpx


def _natural(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]


def _version(icpx: Path) -> str | None:
    """What a compiler says that it is; `None` for one that does not run, or is of another kind."""
    try:
        match = re.search(ICPX_VERSION, run([icpx, "--version"], timeout=_PATIENCE))
    except (OSError, ProcessError, ToolchainError):
        return None
    return match[1] if match else None


def _missing(version: MajorMinor | None, installed: tuple[Icpx, ...]) -> ToolchainError:
    wanted = f"icpx of oneAPI {version}" if version else "icpx of oneAPI"
    there = ", ".join(f"{one.version} in {_root(one.path)}" for one in installed)
    package = f"intel-oneapi-compiler-dpcpp-cpp{f'-{version}' if version else ''}"
    message = f"{wanted}, which compiles for xpu, is not installed; " + (
        f"there is {there}" if there else f"none was found ({_LOOKED})"
    )
    hint = f"Install the package {package} of Intel's own repository; releases can be installed side by side."
    return ToolchainError(message, hint=hint)


def find_ocloc(icpx: Path) -> Path | None:
    """The compiler for GPUs that are known ahead of time: beside icpx, of the same oneAPI, or on PATH.

    Only on Windows does it come with oneAPI, in a place where icpx finds it by itself.
    """
    component = _component(icpx, "ocloc")
    bins = [icpx.parent, icpx.parent / "compiler", *([component / "bin"] if component else []), None]
    found = (shutil.which("ocloc", path=None if folder is None else str(folder)) for folder in bins)
    return next((Path(one) for one in found if one), None)


def _component(icpx: Path, name: str) -> Path | None:
    """Where another part of the same oneAPI is installed: in a folder for the release of the compiler, else the newest.

    Parts lie side by side: `<oneAPI>/compiler/2025.3`, `<oneAPI>/ocloc/2025.3`.
    """
    root = _root(icpx)
    if root.parent.name != "compiler":
        return None
    folder = root.parents[1] / name
    return next((path for path in (folder / root.name, folder / "latest") if path.is_dir()), None)


def _root(icpx: Path) -> Path:
    """The folder that the compiler is installed to, which CMPLR_ROOT names in a shell that is set up."""
    return icpx.resolve().parents[1]


def _environment(icpx: Path, ocloc: Path | None) -> dict[str, str | None]:
    """The folders of this release before those of any other."""
    programs = [str(icpx.parent), *([str(ocloc.parent)] if ocloc else [])]
    libraries = [str(_root(icpx) / "lib"), *([str(ocloc.parents[1] / "lib")] if ocloc else [])]
    onednn = _component(icpx, "dnnl")
    return {
        **dict.fromkeys(_OF_ANOTHER_RELEASE),
        "CMPLR_ROOT": str(_root(icpx)),
        **({"DNNLROOT": str(onednn)} if onednn else {}),
        "PATH": _joined(programs, "PATH"),
        "LD_LIBRARY_PATH": _joined(libraries, "LD_LIBRARY_PATH"),
    }


def _joined(folders: list[str], variable: str) -> str:
    return os.pathsep.join([*folders, *filter(None, [os.environ.get(variable)])])


def _identity(program: Path) -> str:
    real = program.resolve()
    facts = real.stat()
    return f"{real} {facts.st_size} {facts.st_mtime_ns}"
