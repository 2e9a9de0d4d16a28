"""Files in memory, as far as they are looked at."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel_builder.binary import BinaryError

__all__ = ["mapped"]


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """Map a file into memory.

    Raises:
        BinaryError: when it is empty.
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            message = f"{path}: the file is empty"
            raise BinaryError(message) from None
        with data:
            yield data
