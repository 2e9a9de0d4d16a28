"""Folders of the cache that hold what was made or fetched once."""

from collections.abc import Callable
from pathlib import Path

from kernel_builder.tree import build_lock, staging_dir

__all__ = ["make_once"]


def make_once(folder: Path, make: Callable[[Path], None], on_wait: Callable[[], None] = lambda: None) -> Path:
    """A folder of the cache, which is made when it is not there: whole or not at all, and by one process at a time.

    Args:
        folder: the folder; its name has to say all that its contents depend on.
        make: fills an empty folder, which then takes that name; so links within it have to be relative.
        on_wait: called once when another process is at it, or at a folder beside it.

    Raises:
        BuilderError: when a file or a link is in the place of the folder above.
        OSError: when the cache cannot be written.
    """
    if not folder.is_dir():
        with build_lock(folder.parent, on_wait):
            if not folder.is_dir():  # another process may have made it meanwhile
                with staging_dir(folder) as stage:
                    make(stage)
                    stage.rename(folder)
    return folder
