"""What is worth keeping between builds of any project: made from this machine alone, and made again when it is lost."""

import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["cache_dir", "make_once"]


def cache_dir(name: str) -> Path:
    """The folder for one kind of things, which need not exist yet.

    It is below the folder that `KERNEL_BUILDER_CACHE` names, else below that which the system has for caches:
    `~/.cache/kernel-builder` on Linux (`XDG_CACHE_HOME`), `~/Library/Caches/kernel-builder` on macOS.
    """
    if named := os.environ.get("KERNEL_BUILDER_CACHE"):
        return Path(named).absolute() / name
    from platformdirs import user_cache_path

    return user_cache_path("kernel-builder", appauthor=False) / name


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, which is made when it is not there: whole or not at all, and by one process at a time.

    Args:
        folder: the folder; its name has to say all that its contents depend on.
        make: fills an empty folder, which then takes that name; so links within it have to be relative.

    Raises:
        BuilderError: when a file or a link is in the place of the folder above.
        OSError: when the cache cannot be written.
    """
    from kernel_builder.tree import build_lock, staging_dir

    if not folder.is_dir():
        with build_lock(folder.parent, on_wait=lambda: None):
            if not folder.is_dir():  # another process may have made it meanwhile
                with staging_dir(folder) as stage:
                    make(stage)
                    stage.rename(folder)
    return folder
