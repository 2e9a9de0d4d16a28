"""The CUDA toolkits of this machine."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.toolchain.accelerators import nvcc_candidates
from kernels.backend import MajorMinor

__all__ = ["FETCHED", "Toolkit", "installed_toolkits"]

#: Where fetched toolkits are within the cache: below it one folder each, which is a site folder of Python packages.
FETCHED = "cuda-wheels"
#: How many seconds an nvcc may take to say its version; it takes milliseconds.
_PATIENCE = 30.0
_VERSION = re.compile(r"release \d+\.\d+, V(\d+\.\d+[\d.]*)")
#: Among what nvcc says of its settings when it is asked what it would do.
_TOP = re.compile(r"^#\$ TOP=(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """An installed CUDA toolkit.

    Attributes:
        nvcc: its compiler.
        version: the whole version of the compiler, such as `13.0.88`.
        root: its folder, with `bin` and `include`.
    """

    nvcc: Path
    version: str
    root: Path

    @property
    def release(self) -> MajorMinor:
        """The version of CUDA, as variant names carry it."""
        return MajorMinor.parse(self.version)


def installed_toolkits(cache: Path, *, patience: float = _PATIENCE) -> tuple[Toolkit, ...]:
    """Every toolkit of this machine whose nvcc runs, each once: first the one that a shell here would use.

    Looks at CUDACXX, CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda, /usr/local/cuda-*, the CUDA packages of the running
    Python, and what was fetched. Takes some milliseconds for each.

    Args:
        cache: the folder for toolchains, of which nothing need exist.
        patience: how many seconds each may take to say its version.
    """
    found: dict[Path, Toolkit] = {}
    for nvcc in (*nvcc_candidates(), *_fetched(cache)):
        version = _version(nvcc, patience)
        if version is not None:
            root = _root(nvcc)
            found.setdefault(root.resolve(), Toolkit(nvcc=nvcc, version=version, root=root))
    return tuple(found.values())


def _fetched(cache: Path) -> Iterator[Path]:
    yield from sorted((cache / FETCHED).glob("*/nvidia/cu*/bin/nvcc"), reverse=True)


def _version(nvcc: Path, patience: float) -> str | None:
    """What a compiler says that it is; `None` for one that does not run, or is something else."""
    try:
        match = _VERSION.search(run([nvcc, "--version"], timeout=patience))
    except (OSError, ProcessError, ToolchainError):
        return None
    return match[1] if match else None


def _root(nvcc: Path) -> Path:
    """The folder of a compiler's toolkit, as the compiler says: what is on PATH may be a script that calls it."""
    lines: list[str] = []
    with contextlib.suppress(OSError, ProcessError):  # without a C++ compiler it fails, but says this before
        run([nvcc, "--dryrun", "kernel.cu"], on_line=lines.append)
    match = _TOP.search("\n".join(lines))
    top = Path(match[1].strip()) if match else nvcc.resolve().parents[1]
    # nvcc says "…/bin/..".
    return top.parent.parent if top.name == ".." else top
