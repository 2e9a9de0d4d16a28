"""Stage, sync, swap: the only place that writes a build tree.

A tree is made whole in a folder beside its target and then takes the target's place in one step. A crash at any
instruction leaves the old tree, the new one, or, on a system that cannot exchange two folders and on a first build,
none; what it leaves beside them is removed by the next build.
"""

import contextlib
import ctypes
import filecmp
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from kernel_builder.errors import BuilderError

__all__ = ["build_lock", "check_places", "different_files", "install_text", "install_tree", "same_trees", "staging_dir"]

_STAGE = ".stage-"
_LOCK = ".lock"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2


def check_places(*folders: Path) -> None:
    """Make sure that folders can be written to: each is a folder or nothing, and no link to elsewhere.

    Raises:
        BuilderError: when a file or a link is in the way.
    """
    for folder in folders:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            what = "a link" if folder.is_symlink() else "a file"
            message = f"{folder} is {what}; builds need a folder of that name in the project"
            raise BuilderError(message, hint=f"Move {folder.name} away and build again.")


@contextlib.contextmanager
def build_lock(work_dir: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the one lock of a project's builds; `on_wait` is called once when another build has it.

    Raises:
        BuilderError: when a file or a link is in the place of the work folder.
    """
    from filelock import FileLock, Timeout

    check_places(work_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work_dir / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def staging_dir(target: Path) -> Iterator[Path]:
    """An empty folder beside `target`, removed at the end if it is still there; leftovers of a crash go first.

    The caller holds the build lock.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = target.with_name(_STAGE + target.name)
    _restore(target, _old(stage))
    _remove(stage)
    stage.mkdir()
    try:
        yield stage
    finally:
        _remove(stage)


def install_tree(stage: Path, target: Path) -> None:
    """Put a staged tree in the place of `target`: files are given their modes and synced, then the two are exchanged.

    Raises:
        OSError: when the disk is full or the folder cannot be written; the target is untouched then.
    """
    _settle(stage)
    if not os.path.lexists(target):
        stage.rename(target)
    elif not _exchange(stage, target):
        # Without an atomic exchange there is a moment without a tree; the old one waits beside it.
        old = _old(stage)
        try:
            target.rename(old)
            stage.rename(target)
        finally:
            _restore(target, old)
    _sync_folder(target.parent)


def install_text(path: Path, text: str, *, mode: int | None = None) -> None:
    """Write a text file whole or not at all; a link in its place is replaced, never followed.

    Args:
        path: the file.
        text: what it is to hold, as it is: no end of line is translated.
        mode: its permissions; by default those of a new file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, "utf-8", newline="\n")
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        # The name of the temporary file tells nobody anything.
        if error.filename is not None:
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def same_trees(left: Path, right: Path, *, besides: Collection[str] = ()) -> bool:
    """Whether two folders hold the same files with the same contents; a link is never the same, bytecode no matter.

    Args:
        left: a folder.
        right: another one.
        besides: files that do not count, as POSIX paths within the folders.
    """
    if any(path.is_symlink() for tree in (left, right) for path in (tree, *tree.rglob("*"))):
        return False
    return set(different_files(left, right)) <= set(besides)


def different_files(left: Path, right: Path) -> list[str]:
    """The files that two folders do not have in common, or that differ; bytecode does not count.

    Returns:
        POSIX paths within the folders, sorted.
    """
    names = [set(_files(side)) for side in (left, right)]
    common = {name for name in names[0] & names[1] if filecmp.cmp(left / name, right / name, shallow=False)}
    return sorted((names[0] | names[1]) - common)


def _files(tree: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from ((Path(folder) / name).relative_to(tree).as_posix() for name in files)


def _settle(tree: Path) -> None:
    """Give every file its mode, whatever the umask was, and bring everything to the disk."""
    for folder, _, files in os.walk(tree, topdown=False):
        for name in files:
            path = Path(folder) / name
            path.chmod(0o644)
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        Path(folder).chmod(0o755)
        _sync_folder(Path(folder))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(left: Path, right: Path) -> bool:
    """Exchange two folders in one step, where the system can."""
    libc: Any = None if os.name == "nt" else ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(left), os.fsencode(right))
    if hasattr(libc, "renameat2"):  # Linux
        return not libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    if hasattr(libc, "renamex_np"):  # macOS
        return not libc.renamex_np(*names, _RENAME_SWAP)
    return False


def _old(stage: Path) -> Path:
    return stage.with_name(stage.name + ".old")


def _restore(target: Path, old: Path) -> None:
    """Finish an exchange that was cut short: the old tree goes back where nothing has taken its place, else away."""
    if os.path.lexists(target):
        _remove(old)
    elif os.path.lexists(old):
        old.rename(target)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o755)  # a copy from the Nix store may be read-only
        shutil.rmtree(path)
