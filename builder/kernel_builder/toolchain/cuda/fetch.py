"""CUDA toolkits from the Python packages that NVIDIA publishes, into our cache and never into an environment.

`wheels.json` names each package of a release with the digest of its file, so that what is installed is what was tried.
"""

import json
import platform
from functools import cache as cached
from pathlib import Path
from typing import Any

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.cuda.toolkits import FETCHED, installed_toolkits
from kernel_builder.toolchain.made import make_once
from kernel_builder.toolchain.pip import Listener, run_pip
from kernel_builder.tree import install_text
from kernels.backend import MajorMinor
from kernels.variant import Platform

__all__ = ["can_fetch", "fetch_toolkit"]

_REQUIREMENTS = "requirements.txt"
_NOBODY = Listener()


def can_fetch(version: MajorMinor) -> bool:
    """Whether the toolkit of a version of CUDA is among the packages, for this processor and system."""
    return _wheels(version) is not None


def fetch_toolkit(version: MajorMinor, cache: Path, listener: Listener = _NOBODY) -> None:
    """Install the compiler of a version of CUDA into the cache, unless this machine has one of that version.

    Takes about 300 MB; `installed_toolkits` finds it afterwards.

    Args:
        version: the version of CUDA.
        cache: the folder for toolchains.
        listener: who is told.

    Raises:
        ToolchainError: when there are no packages for it, or they cannot be had.
        ProcessError: when pip fails.
        OSError: when the cache cannot be written.
    """
    if any(toolkit.release == version for toolkit in installed_toolkits(cache)):
        return
    release = _wheels(version)
    if release is None:
        known = ", ".join(_table())
        message = f"the registry has no compiler of CUDA {version} for {_host()} (it has CUDA {known} for Linux)"
        hint = f"Install NVIDIA's CUDA Toolkit {version}, and set CUDA_HOME to its folder (the one that has bin/nvcc)."
        raise ToolchainError(message, hint=hint)
    name = f"{release['version']}-{_host().cpu}"
    make_once(cache / FETCHED / name, lambda stage: _install(release, version, stage, listener), listener.on_wait)


def _install(release: dict[str, Any], version: MajorMinor, stage: Path, listener: Listener) -> None:
    listener.on_stage(f"download the compiler of CUDA {version}")
    wheels = release[_host().cpu]
    lines = [f"{one['name']}=={one['version']} --hash=sha256:{one['sha256']}\n" for one in wheels]
    requirements = stage / _REQUIREMENTS
    install_text(requirements, "".join(lines))
    run_pip(
        [
            "install", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--ignore-installed",
            "--no-cache-dir", "--target", stage, "--requirement", requirements,
        ],
        what=f"compiler of CUDA {version}",
        scratch=stage / "scratch",
        on_line=listener.on_line,
    )  # fmt: skip


@cached
def _table() -> dict[str, dict[str, Any]]:
    document = json.loads(Path(__file__).with_name("wheels.json").read_text("utf-8"))
    toolkits: dict[str, dict[str, Any]] = document["toolkits"]
    return toolkits


def _wheels(version: MajorMinor) -> dict[str, Any] | None:
    host = _host()
    release = _table().get(str(version))
    return release if release is not None and host.os == "linux" and host.cpu in release else None


def _host() -> Platform:
    return Platform.of(platform.machine(), platform.system())
