"""Intel's SYCL from the registry, which works on a machine without a GPU."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

__all__ = ["sycl_runtime"]

#: SYCL itself with the compiler of device code as a library; its plug-ins; a compiler for the CPU, and what it needs.
_OF_A_RELEASE = ("intel-sycl-rt", "intel-cmplr-lib-ur", "intel-cmplr-lib-rt", "intel-opencl-rt")
_OTHERS = ("tcmlib", "tbb", "umf")


def sycl_runtime(folder: Path, version: str) -> Path:
    """A folder with the `include` and `lib` of one release, which is fetched once (1.3 GB); skips where it cannot be.

    Args:
        folder: where to keep it.
        version: the whole version, such as `2026.0.0`.
    """
    target = folder / version
    with FileLock(f"{target}.lock"):
        if not (target / "done").exists():
            packages = [*(f"{name}=={version}" for name in _OF_A_RELEASE), *_OTHERS]
            # Into a folder of its own by --prefix: with --target, pip leaves out the libraries.
            options = ["--quiet", "--no-deps", "--ignore-installed", "--no-compile", "--prefix", str(target)]
            command = [sys.executable, "-m", "pip", "install", *options, *packages]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode:
                pytest.skip(f"SYCL {version} cannot be installed: {result.stderr.strip().splitlines()[-1]}")
            (target / "done").touch()
    return target
