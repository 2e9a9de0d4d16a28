"""The Torches in our cache, which belong to no environment."""

import re
import sys
import sysconfig
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernel_builder.toolchain.torches.wanted import WantedTorch

__all__ = ["python_tag", "stored_torches", "torch_folder"]

_NAME = re.compile(r"\d+\.\d+-[a-z0-9]+-(cp\d+t?)")


def python_tag() -> str:
    """The running Python, as wheels name it: `cp311`, or `cp314t` for one without the global lock."""
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"cp{sys.version_info[0]}{sys.version_info[1]}{threads}"


def torch_folder(cache: Path, wanted: WantedTorch) -> Path:
    """The folder of the cache for a Torch: its release, what it is for, and the Python that can import it."""
    return cache / f"{wanted.release}-{wanted.compute.tag}-{python_tag()}"


def stored_torches(cache: Path) -> list[TorchFacts]:
    """Every Torch in the cache that can be used, from new to old; of one release, that for the running Python first.

    Those for another Python can be built against all the same. Takes the time of a Python start for each.
    """
    named = [(match[1] != python_tag(), path) for path in cache.glob("*") if (match := _NAME.fullmatch(path.name))]
    found = [_read(place) for _, place in sorted(named)]
    return sorted(filter(None, found), key=lambda one: one.release, reverse=True)


def _read(place: Path) -> TorchFacts | None:
    try:
        return find_torch(place=place)
    except ToolchainError:  # somebody took a part away; to fetch it says so
        return None
