"""Writes the files of a new kernel, and brings them into git.

Each file is written whole or not at all. What a run that was cut short has written is no obstacle for the next one,
since it is what that would write.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from kernel_builder.errors import BuilderError, ExistingFilesError, ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.provenance import OUTSIDE_HOOKS
from kernel_builder.tree import install_text

__all__ = ["Staged", "stage_files", "write_files"]


def write_files(files: Mapping[str, str], folder: Path, *, overwrite: bool = False) -> None:
    """Write files below a folder; the folder and the folders in it are made where they are missing.

    Raises:
        ExistingFilesError: when files exist that differ from what would be written, and `overwrite` is false; names
            all of them.
        BuilderError: when something that is no folder is in the place of one, a folder in the place of a file, or a
            folder of the project is a link, which could lead out of it.

    Nothing is written when one of these is raised.
    """
    inner = _folders(files, folder)
    for place in (*reversed(folder.parents), folder, *inner):
        _check_folder(place, is_inner=place in inner)
    paths = {folder / name: text for name, text in files.items()}
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            message = f"{path} is a folder, where a file is to be written; nothing was written"
            raise BuilderError(message, hint="Move it away, or choose another folder.")
    missing = [path for path, text in paths.items() if not _is_same(path, text)]
    existing = [path for path in missing if os.path.lexists(path)]
    if existing and not overwrite:
        listing = "\n".join(f"  {path}" for path in existing)
        message = f"these files exist already, nothing was written:\n{listing}"
        raise ExistingFilesError(message, hint="Pass --overwrite to replace them; other files are kept.")
    for path in missing:
        path.parent.mkdir(parents=True, exist_ok=True)
        install_text(path, paths[path])


def _folders(files: Mapping[str, str], folder: Path) -> list[Path]:
    """The folders within a project that files lie in, outer ones first."""
    inner = {parent for name in files for parent in PurePosixPath(name).parents if parent != PurePosixPath()}
    return [folder / name for name in sorted(inner)]


def _check_folder(folder: Path, *, is_inner: bool) -> None:
    if is_inner and folder.is_symlink():
        message = f"{folder} is a link, which could lead out of the project; nothing was written"
        raise BuilderError(message, hint="Replace the link by a folder.")
    if os.path.lexists(folder) and not folder.is_dir():
        message = f"{folder} is not a folder; nothing was written"
        raise BuilderError(message, hint="Move it away, or choose another folder.")


def _is_same(path: Path, text: str) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == text.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What git was told.

    Attributes:
        state: `"initialized"` when a repository was made, `"staged"` when the folder lay in one, or `None` when the
            files are not in git.
        note: why they are not.
    """

    state: Literal["initialized", "staged"] | None
    note: str | None = None


def stage_files(folder: Path, names: Sequence[str]) -> Staged:
    """Stage exactly these files in git, in a new repository when the folder is in none; nothing is committed."""
    top = folder.resolve()
    is_new = not any((place / ".git").exists() for place in (top, *top.parents))
    try:
        if is_new:
            run(["git", "-c", "init.defaultBranch=main", "init", "--quiet"], cwd=folder, env=OUTSIDE_HOOKS)
        run(["git", "add", "--", *names], cwd=folder, env=OUTSIDE_HOOKS)
    except ToolchainError:
        return Staged(state=None, note="git is not installed; the files are in no repository")
    except ProcessError as error:
        said = error.output.splitlines()
        return Staged(state=None, note=f"git did not take the files: {said[0] if said else error}")
    return Staged(state="initialized" if is_new else "staged")
