"""What is worth keeping between builds of any project: what can be made, or fetched, again when it is lost."""

import os
from pathlib import Path

__all__ = ["cache_dir"]


def cache_dir(name: str) -> Path:
    """The folder for one kind of things, which need not exist yet.

    It is below the folder that `KERNEL_BUILDER_CACHE` names, else below that which the system has for caches:
    `~/.cache/kernel-builder` on Linux (`XDG_CACHE_HOME`), `~/Library/Caches/kernel-builder` on macOS.
    """
    if named := os.environ.get("KERNEL_BUILDER_CACHE"):
        return Path(named).absolute() / name
    from platformdirs import user_cache_path

    return user_cache_path("kernel-builder", appauthor=False) / name
