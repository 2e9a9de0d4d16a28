"""Which files of a build may leave this machine, and what is in them.

A file is refused for its name, for a secret in its text, or for what it is: a link that leads out of the build, a pipe.
The patterns and their reasons are in `unpublishable.json`. Bytecode is left out and not spoken of: Python writes it
wherever it runs. Each file is read once.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from kernel_builder.checks.findings import Finding
from kernel_builder.publish.model import LocalFile

__all__ = ["Gathered", "gather_file", "gather_tree"]

_CHUNK = 1 << 20
#: Git takes a file for text when there is no NUL among so many first bytes.
_SAMPLE = 8000
#: The largest text, in bytes, that is searched for secrets.
_LARGEST_TEXT = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files that may leave, and an error for each that must not, by path."""

    files: tuple[LocalFile, ...]
    findings: tuple[Finding, ...]


def gather_tree(tree: Path, path: str) -> Gathered:
    """Read every file in a folder that may leave.

    Args:
        tree: the folder; it may be a link, but no link in it may lead out of it.
        path: its POSIX path in the repository.
    """
    return _gathered(_walk(tree, path, Path(os.path.realpath(tree))))


def gather_file(source: Path, path: str, within: Path) -> Gathered:
    """Read one file, if it may leave.

    Args:
        source: the file.
        path: its POSIX path in the repository.
        within: the folder that it must be in, if it is a link.
    """
    finding = _judge_name(source, path, is_folder=False)
    return _gathered([finding] if finding else _look(source, path, Path(os.path.realpath(within))))


def _gathered(found: Iterable[LocalFile | Finding]) -> Gathered:
    items = list(found)
    files = sorted((item for item in items if isinstance(item, LocalFile)), key=lambda file: file.path)
    return Gathered(files=tuple(files), findings=tuple(item for item in items if isinstance(item, Finding)))


def _walk(folder: Path, path: str, root: Path) -> Iterator[LocalFile | Finding]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield _unreadable(folder, path, error)
        return
    for entry in entries:
        source, place, is_folder = Path(entry.path), f"{path}/{entry.name}", entry.is_dir(follow_symlinks=False)
        if _is_bytecode(entry.name, is_folder=is_folder):
            continue
        if finding := _judge_name(source, place, is_folder=is_folder):
            yield finding
        elif is_folder:
            yield from _walk(source, place, root)
        else:
            yield from _look(source, place, root)


def _is_bytecode(name: str, *, is_folder: bool) -> bool:
    """Whether it is what no digest covers either (`kernels.digest`)."""
    return name == "__pycache__" if is_folder else name.endswith(".pyc")


def _judge_name(source: Path, path: str, *, is_folder: bool) -> Finding | None:
    name = source.name
    if not name.isprintable() or "\\" in name:
        return _refused("file-name", "has a name that cannot be on a branch", path, f"Rename it: {source}")
    for group in _facts()["names"]:
        patterns = group["folders" if is_folder else "files"]
        if any(fnmatchcase(name.lower(), pattern) for pattern in patterns):
            return _refused(group["code"], group["why"], path, _take_out(source))
    return None


def _look(source: Path, path: str, root: Path) -> Iterator[LocalFile | Finding]:
    """Read a file, and search it for secrets."""
    target = Path(os.path.realpath(source))
    if not target.is_relative_to(root):
        remedy = f"Replace the link by the file that is to be published: {source}"
        yield _refused("link", f"is a link that leads out of {root}", path, remedy)
    elif not target.is_file():
        what = "is a link to no file" if source.is_symlink() else "is neither a file nor a folder"
        yield _refused("link" if source.is_symlink() else "special-file", what, path, _take_out(source))
    else:
        try:
            yield from _read(source, path)
        except OSError as error:
            yield _unreadable(source, path, error)


def _read(source: Path, path: str) -> Iterator[LocalFile | Finding]:
    with source.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        text: list[bytes] | None = [] if size <= _LARGEST_TEXT else None
        seen = 0
        while chunk := file.read(_CHUNK):
            if not seen and b"\0" in chunk[:_SAMPLE]:
                text = None
            sha256.update(chunk)
            blob.update(chunk)
            seen += len(chunk)
            if text is not None:
                text.append(chunk)
    if seen != size:
        remedy = "Wait until nothing writes to it, and run the command again."
        yield _refused("changing", "changes while it is read", path, remedy)
    elif secrets := [*_secrets(b"".join(text or ()), source, path)]:
        yield from secrets
    else:
        yield LocalFile(path=path, source=source, size=size, sha256=sha256.hexdigest(), blob_id=blob.hexdigest())


def _secrets(text: bytes, source: Path, path: str) -> Iterator[Finding]:
    """The first secret of each kind, with its line; never the secret itself."""
    for what, pattern in _texts():
        if found := pattern.search(text):
            line = text.count(b"\n", 0, found.start()) + 1
            remedy = (
                f"Take it out of {source} and of the source that the build has it from, build again, and replace it by "
                "a new one if anybody else can have read it."
            )
            yield _refused("secret-text", f"holds what looks like {what}", path, remedy, line=line)


def _take_out(source: Path) -> str:
    return f"Remove {source}; if the build has it from the package's folder, move it out of there and build again."


def _unreadable(source: Path, path: str, error: OSError) -> Finding:
    message = f"cannot be read: {error.strerror or error}"
    return _refused("unreadable", message, path, f"Give yourself the right to read {source}, or remove it.")


def _refused(code: str, message: str, path: str, remedy: str, *, line: int | None = None) -> Finding:
    return Finding(check="contents", code=code, message=message, file=path, line=line, remedy=remedy)


@cache
def _facts() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(__file__).with_name("unpublishable.json").read_text("utf-8"))
    return document


@cache
def _texts() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple((text["what"], re.compile(text["pattern"].encode())) for text in _facts()["texts"])
