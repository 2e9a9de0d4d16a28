"""What a pull request must not carry: builds, binaries and generated files, which no review shows for what they are.

A file is judged by where it is, by its name, and by its contents: a library is one whatever it is called. The patterns
and their reasons are in `unreviewable.json`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from kernel_builder.binary.kind import binary_kind
from kernel_builder.checks.findings import Finding
from kernel_builder.config.sources import GENERATED_FOLDERS
from kernel_builder.resources import templates_dir
from kernels.variant import parse_variant_or_none

__all__ = ["LARGEST", "ChangedFile", "judge", "judge_contents", "refusal"]

_BINARIES = {"elf": "a library or program for Linux (ELF)", "macho": "a library or program for macOS (Mach-O)"}
#: How a pointer of Git LFS begins, and a line that each has ("Git LFS Specification", the pointer).
_POINTER = (b"version ", b"\noid sha256:")
_MARK = b"ritten by kernel-builder"
_MARKED_LINES = 10


@cache
def _facts() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(__file__).with_name("unreviewable.json").read_text("utf-8"))
    return document


#: The largest file, in bytes, that is looked into; a larger one is refused.
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file that a pull request adds or changes.

    Attributes:
        path: its POSIX path in the repository.
        mode: git's mode: `120000` is a link, `160000` a submodule.
        blob: git's id of its contents.
    """

    path: str
    mode: str
    blob: str

    @property
    def has_contents(self) -> bool:
        """Whether there is a file to look into."""
        return self.mode.startswith("100")


def refusal(file: ChangedFile, code: str, message: str, remedy: str) -> Finding:
    """A finding that refuses the pull request."""
    return Finding(check="pull-request", code=code, message=message, file=file.path, remedy=remedy)


def judge(file: ChangedFile, projects: Collection[str], written: Collection[str]) -> Finding | None:
    """Judge a file by where it is and what it is called.

    Args:
        file: the file.
        projects: the folders of the kernel projects, as POSIX paths in the repository; `.` is its top.
        written: the files that `create-pyproject` has written, as POSIX paths in the repository.
    """
    if folder := _output(file.path, projects):
        remedy = (
            f"Take it out with `git rm -r --cached -- {quote(folder)}` and list it in .gitignore; a kernel is built "
            "after the merge, by those who publish it."
        )
        return refusal(file, "build-output", "is what a build leaves, and may be of other sources than these", remedy)
    names = _facts()["names"]
    for kind, fact in names.items():
        if pattern := _named(file.path, fact["patterns"]):
            return refusal(file, kind, fact["why"], _remedy(file, pattern))
    if file.path in written or _is_reserved(file.path, projects):
        return _generated(file)
    return None


def judge_contents(file: ChangedFile, contents: bytes, projects: Collection[str]) -> Finding | None:
    """Judge a file that `judge` finds nothing wrong with by what is in it; `projects` is as there."""
    suffix = PurePosixPath(file.path).suffix.lower()
    is_image = suffix in _facts()["images"]
    if contents.startswith(_POINTER[0]) and _POINTER[1] in contents:
        message = "is a pointer of Git LFS, so that a review does not show what it stands for"
        return None if is_image else refusal(file, "lfs-pointer", message, _remedy(file, f"*{suffix or '.bin'}"))
    if is_image and contents.startswith(bytes.fromhex(_facts()["images"][suffix])):
        return None
    if what := _binary(contents):
        return refusal(file, "binary", f"is {what}, whatever it is called", _remedy(file, None))
    is_in_project = any(parent.as_posix() in projects for parent in PurePosixPath(file.path).parents)
    return _generated(file) if is_in_project and _is_generated(file.path, contents) else None


def _remedy(file: ChangedFile, pattern: str | None) -> str:
    ignore = f" and add {pattern} to .gitignore" if pattern else ""
    return f"Take it out with `git rm --cached -- {quote(file.path)}`{ignore}; what it is made from can be reviewed."


def _generated(file: ChangedFile) -> Finding:
    message = "is a file that `kernel-builder create-pyproject` or a build writes, and is not to be edited"
    remedy = (
        f"Take it out with `git rm --cached -- {quote(file.path)}` and add it to .gitignore; it is written anew where "
        "it is needed."
    )
    return refusal(file, "generated", message, remedy)


def _output(path: str, projects: Collection[str]) -> str | None:
    """The folder of build outputs that a path is in, or the path itself; `None` when it is not in one."""
    parts = PurePosixPath(path).parts
    patterns = (*GENERATED_FOLDERS, *_facts()["outputs"])
    for depth, part in enumerate(parts):
        within = PurePosixPath(*parts[:depth]).as_posix()
        name = part.lower()
        is_variant = name == "build" and depth + 2 < len(parts) and parse_variant_or_none(parts[depth + 1]) is not None
        if is_variant or (within in projects and any(fnmatchcase(name, pattern) for pattern in patterns)):
            return PurePosixPath(within, part).as_posix()
    return None


def _named(path: str, patterns: list[str]) -> str | None:
    """The pattern that the name of a file, or of a folder that it is in, has."""
    *folders, name = path.lower().split("/")
    for pattern in patterns:
        if fnmatchcase(name, pattern) or ("*" not in pattern and pattern in folders):
            return pattern
    return None


def _is_reserved(path: str, projects: Collection[str]) -> bool:
    """Whether only we write a file of this name at this place of a kernel project."""
    parts = path.split("/")
    for depth in range(len(parts)):
        if PurePosixPath(*parts[:depth]).as_posix() in projects:
            for pattern in _facts()["reserved"]:
                names = pattern.split("/")
                if len(names) == len(parts) - depth and all(map(fnmatchcase, parts[depth:], names)):
                    return True
    return False


def _binary(contents: bytes) -> str | None:
    """What kind of binary the contents are; `None` when they are text."""
    kind = binary_kind(contents)
    if kind in _BINARIES:
        return _BINARIES[kind]
    has_zeros = b"\0" in contents
    if kind == "pe" and has_zeros:  # a text can begin with the two letters
        return "a library or program for Windows (PE)"
    for name, starts in _facts()["starts"].items():
        if any(contents.startswith(bytes.fromhex(start)) for start in starts):
            return str(name)
    return "binary: it has bytes that no text has" if has_zeros else None


@cache
def _copied() -> frozenset[bytes]:
    """The files of a generated project that are the same in every one."""
    paths = (path for path in (templates_dir() / "project").rglob("*") if "__pycache__" not in path.parts)
    return frozenset(path.read_bytes() for path in paths if path.is_file() and path.suffix != ".jinja")


@cache
def _rendered() -> frozenset[str]:
    """The names of the files of generated projects."""
    return frozenset(path.name.removesuffix(".jinja") for path in (templates_dir() / "project").rglob("*.*"))


def _is_generated(path: str, contents: bytes) -> bool:
    name = PurePosixPath(path).name
    is_marked = name in _rendered() and any(
        _MARK in line for line in contents.split(b"\n", _MARKED_LINES)[:_MARKED_LINES]
    )
    word = _facts()["written"].get(name)
    return is_marked or contents in _copied() or (word is not None and word.encode() in contents)
