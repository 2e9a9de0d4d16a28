"""What lies in the folder of a build: every entry, without following a link."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry", "entries", "is_library"]

_LIBRARY = re.compile(r".+\.(so(\.\d+)*|pyd|dylib|dll)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a build.

    Attributes:
        name: the POSIX path within the build.
        kind: `"file"`, `"folder"`, `"link"`, or `"other"`: a pipe, a socket, a device.
    """

    name: str
    kind: str

    @property
    def parts(self) -> list[str]:
        """The names that the path is made of."""
        return self.name.split("/")

    @property
    def is_bytecode(self) -> bool:
        """Whether it is, or lies in, what Python writes beside the files that it runs."""
        return "__pycache__" in self.parts or self.name.endswith((".pyc", ".pyo"))


def entries(tree: Path) -> list[Entry]:
    """Everything in a build, sorted by path; what is behind a link is not part of it.

    Raises:
        OSError: when a folder cannot be read.
    """
    found: list[Entry] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(tree / folder) as listing:
            for item in listing:
                entry = Entry(f"{folder}{item.name}", _kind(item))
                found.append(entry)
                if entry.kind == "folder":
                    pending.append(f"{entry.name}/")
    return sorted(found, key=lambda entry: entry.name)


def is_library(name: str) -> bool:
    """Whether a file is a native library by its name: `x.abi3.so`, `libx.so.1`, `x.pyd`, `x.dylib`, `x.dll`."""
    return _LIBRARY.fullmatch(name.rpartition("/")[2]) is not None


def _kind(item: "os.DirEntry[str]") -> str:
    if item.is_symlink():
        return "link"
    if item.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if stat.S_ISREG(item.stat(follow_symlinks=False).st_mode) else "other"
