"""Finding the `kernels.lock` of the project that a module belongs to.

A module in a source tree, or one with the lock among the files of its package, finds it by walking up from its file.
What is installed can have it in the metadata of its distribution: `setuptools` puts it there where this package is
installed (see `kernels.lock.egg_info`), other build backends do when it is one of the `license-files`. Only
distributions that have a lock are looked at, so that looking through an environment costs milliseconds.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernels.errors import LockNotFoundError
from kernels.lock.format import LOCK_NAME

__all__ = ["find_lock"]

_PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_INSTALL_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a module comes from.

    Attributes:
        file: its file.
        root: the folder that its top-level package is in.
    """

    file: Path
    root: Path


def find_lock(module_globals: Mapping[str, object] | None = None) -> Path:
    """Find the lock file of the project that a module belongs to.

    It is looked for, in this order,

    1. from the folder of the module upwards, as far as the root of its project (the folder with a `pyproject.toml`,
       `setup.py`, `setup.cfg` or `.git`), but not in the folder that packages are installed in, nor above it;
    2. in the metadata of the installed distribution that the module belongs to.

    For code without a file, as in a notebook, it is looked for from the working folder upwards, as in 1.

    Args:
        module_globals: the `globals()` of the module; without them, the code has no file.

    Returns:
        The path of the lock file.

    Raises:
        LockNotFoundError: when there is none; says where it was looked for (a `FileNotFoundError` and a `ValueError`).
    """
    origins = _origins(module_globals or {})
    walks = [_upwards(origin.file.parent, origin.root) for origin in origins] or [_upwards(Path.cwd(), None)]
    folders = list(dict.fromkeys(folder for walk in walks for folder in walk))
    for path in (folder / LOCK_NAME for folder in folders):
        if os.path.isfile(path):  # noqa: PTH113 - a folder that may not be entered has none
            return path
    found = _in_metadata(origins) if origins else None
    if found is None:
        raise LockNotFoundError(_not_found(origins, folders))
    return found


def _origins(module_globals: Mapping[str, object]) -> list[_Origin]:
    """The origin of a module as its path says and, where that has links, as it really is; none without a file."""
    file, package = module_globals.get("__file__"), module_globals.get("__package__")
    if not isinstance(file, str):
        return []
    parts = package.split(".") if isinstance(package, str) and package else []
    paths = dict.fromkeys((_absolute(file), Path(os.path.realpath(file))))
    return [_Origin(path, _import_root(path, len(parts))) for path in paths]


def _import_root(file: Path, depth: int) -> Path:
    root = file.parent
    for _ in range(depth):
        root = root.parent
    return root


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - without following links


def _upwards(start: Path, root: Path | None) -> Iterator[Path]:
    """The folders of a project, from one of them up to its root."""
    for folder in (start, *start.parents):
        is_project = any(os.path.exists(folder / mark) for mark in _PROJECT_MARKS)  # noqa: PTH110 - as above
        has_metadata = folder == root and any(folder.glob("*.dist-info"))
        if folder.name in _INSTALL_FOLDERS or (has_metadata and not is_project):
            return
        yield folder
        if is_project:
            return


def _in_metadata(origins: list[_Origin]) -> Path | None:
    """The lock in the metadata of the distribution that owns a module."""
    claims: dict[Path, int] = {}
    for site in dict.fromkeys([*(origin.root for origin in origins), *map(_absolute, sys.path)]):
        for metadata, lock in _locked_distributions(site):
            claims[lock] = max(_claim(metadata, origin) for origin in origins)
    best = max(claims, key=claims.__getitem__, default=None)
    return best if best and claims[best] else None


def _locked_distributions(site: Path) -> Iterator[tuple[Path, Path]]:
    """The metadata folders in a folder of installed packages that have a lock, and the lock."""
    for pattern in ("*.dist-info", "*.egg-info"):
        for metadata in sorted(site.glob(pattern)):
            locks = [path for path in metadata.rglob(LOCK_NAME) if path.is_file()]
            if locks:
                yield metadata, min(locks, key=lambda path: (len(path.parts), path))


def _claim(metadata: Path, origin: _Origin) -> int:
    """How well founded the claim of a distribution to a module is; 0: it has none.

    The list of its files is the best evidence; then being installed from a folder that the module is in, the innermost
    one; and for a distribution without a list of files, the names of its packages.
    """
    try:
        record = metadata / "RECORD"
        if record.is_file():
            return sys.maxsize if _records(record, origin) else _editable_depth(metadata / "direct_url.json", origin)
        names = (metadata / "top_level.txt").read_text("utf-8").split()
    except (OSError, ValueError):  # what cannot be read proves nothing
        return 0
    top_level = origin.file.relative_to(origin.root).parts[0]
    return int(metadata.parent == origin.root and top_level.removesuffix(".py") in names)


def _records(record: Path, origin: _Origin) -> bool:
    """Whether the list of a distribution's files has a module: lines of CSV, paths from the folder of the metadata."""
    path = os.path.relpath(origin.file, record.parents[1]).replace(os.sep, "/")
    with record.open(encoding="utf-8") as lines:
        return any(line.startswith((f"{path},", f'"{path}",')) for line in lines)


def _editable_depth(direct_url: Path, origin: _Origin) -> int:
    """How deep the source tree of an editable installation lies that a module is in; 0: it is in none."""
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    if not direct_url.is_file():
        return 0
    document = json.loads(direct_url.read_bytes())
    if not isinstance(document, dict):
        return 0
    project = Path(os.path.realpath(url2pathname(urlsplit(str(document.get("url"))).path)))
    editable = document.get("dir_info") == {"editable": True}
    return len(project.parts) if editable and origin.file.is_relative_to(project) else 0


def _not_found(origins: list[_Origin], folders: list[Path]) -> str:
    what = f"that {origins[0].file} belongs to" if origins else "in the working folder"
    places = [*map(str, folders), *(["the metadata of the installed packages"] if origins else [])]
    return (
        f"Could not find the {LOCK_NAME} of the project {what}. It was looked for in: {', '.join(places)}. Write one "
        "with `kernels lock` in the project and, if that is installed, install it anew so that its metadata has the "
        "file; or say where it is with `lockfile`."
    )
