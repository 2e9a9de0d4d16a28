"""What `setuptools` calls to put the `kernels.lock` of a project into the metadata of its distribution.

The entry point is in the group `egg_info.writers`, under the name of the file. It is called for every project that is
built where this package is installed; for one without a lock it does nothing.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

__all__ = ["copy_lock"]


class _Distribution(Protocol):
    package_dir: Mapping[str, str] | None


class _Command(Protocol):
    """The part of setuptools' `egg_info` command that is needed here.

    Attributes:
        distribution: says in which folder the packages are.
        egg_info: the metadata folder that is being written.
    """

    distribution: _Distribution
    egg_info: str


def copy_lock(command: _Command, basename: str, filename: str) -> None:
    """Make the lock in the metadata the one that the project has.

    Args:
        command: the `egg_info` command; the working folder is the project.
        basename: the name of the lock file.
        filename: the path of the lock in the metadata.
    """
    source, target = Path(basename), Path(filename)
    if Path("PKG-INFO").is_file() and not source.is_file():
        # An unpacked source distribution: it has in its root what setuptools knows, and the lock in its metadata.
        packages = (command.distribution.package_dir or {}).get("", ".")
        source = Path(packages, Path(command.egg_info).name, basename)
    if not source.is_file():
        target.unlink(missing_ok=True)
    elif not target.exists() or not target.samefile(source):
        shutil.copyfile(source, target)
