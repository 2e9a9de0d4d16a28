"""Patterns in lists of sources: `relu/*.cu` stands for the files that it matches.

`*` stands for any characters of a name and `?` for one; `**` in place of a folder stands for any number of folders. As
in a shell, a name that begins with a dot is matched by a dot only. What building a kernel leaves in its project is
never matched, so that a pattern means the same before and after a build.
"""

import itertools
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["GENERATED_FOLDERS", "MANIFEST", "expand", "is_pattern", "is_within", "written_files"]

#: The name of the file, at the top of a project, that lists what `create-pyproject` has written.
MANIFEST = ".kernel-builder-manifest.json"

#: Folders at the top of a project that hold what was built, and what it was built from.
GENERATED_FOLDERS = (".kernel-builder", "build", "build-ext", "result")

_ANY_FOLDERS = r"(?:(?!\.)[^/]+/)*"


def is_pattern(text: str) -> bool:
    """Whether a source is a pattern rather than the name of a file."""
    return "*" in text or "?" in text


def expand(project_dir: Path, pattern: str) -> tuple[str, ...]:
    """The files of a project that a pattern matches, as sorted POSIX paths from its top.

    Only regular files within the project count: links are followed where they stay within it, links to folders never.
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    fixed = 0
    while fixed < len(parts) - 1 and not is_pattern(parts[fixed]):
        fixed += 1
    expression = re.compile(_expression(parts))
    written = written_files(project_dir)
    found = _files(project_dir, "/".join(parts[:fixed]), expression)
    return tuple(sorted(name for name in found if name not in written))


def written_files(project_dir: Path) -> frozenset[str]:
    """What `create-pyproject` has written into a project, when its manifest can be read."""
    try:
        files = json.loads((project_dir / MANIFEST).read_text("utf-8"))["files"]
        return frozenset({MANIFEST, *map(str, files)})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset({MANIFEST})


def _expression(parts: list[str]) -> str:
    """The regular expression of a pattern's parts.

    What stands between two `**` is taken where it comes first, for good, as in `_name`.
    """
    groups = itertools.count()
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_name(part, groups))
    if not runs[-1]:
        runs[-1].append(_name("*", groups))
    *folders, last = ["/".join(run) for run in runs]
    if not folders:
        return last
    first, *middle = [f"{run}/" if run else "" for run in folders]
    between = "".join(_once(f"{_ANY_FOLDERS}?{run}", groups) for run in middle if run)
    return f"{first}{between}{_ANY_FOLDERS}{last}"


def _name(part: str, groups: Iterator[int]) -> str:
    """The regular expression of one name.

    What stands between two `*` is taken where it comes first, for good: trying every place would take a time that
    doubles with each `*`.
    """
    hidden = r"(?!\.)" if part[0] in "*?" else ""
    first, *rest = [re.escape(piece).replace(r"\?", "[^/]") for piece in re.split(r"\*+", part)]
    if not rest:
        return hidden + first
    *middle, last = rest
    between = "".join(_once(f"[^/]*?{piece}", groups) for piece in middle)
    return f"{hidden}{first}{between}[^/]*{last}"


def _once(expression: str, groups: Iterator[int]) -> str:
    """An expression whose first match is taken for good.

    A look-ahead and its group say that in every version of Python that is supported.
    """
    group = f"g{next(groups)}"
    return f"(?=(?P<{group}>{expression}))(?P={group})"


def is_within(real: str, top: str) -> bool:
    """Whether a path is a folder or lies below it, both with their links followed."""
    return real == top or real.startswith(top.rstrip(os.sep) + os.sep)


def _files(project_dir: Path, start: str, expression: re.Pattern[str]) -> Iterator[str]:
    """The regular files below a folder whose paths match, but for those of hidden and generated folders."""
    top = os.path.realpath(project_dir)
    if start.split("/", 1)[0] in GENERATED_FOLDERS or not is_within(os.path.realpath(f"{top}/{start}"), top):
        return
    for folder, folders, files in os.walk(f"{top}/{start}"):
        prefix = os.path.relpath(folder, top).replace(os.sep, "/")
        prefix = "" if prefix == "." else f"{prefix}/"
        folders[:] = [name for name in folders if not _is_skipped(name, is_top=not prefix)]
        for name in files:
            if expression.fullmatch(prefix + name) and _is_file_within(f"{folder}/{name}", top):
                yield prefix + name


def _is_skipped(folder: str, *, is_top: bool) -> bool:
    return folder.startswith(".") or folder == "__pycache__" or (is_top and folder in GENERATED_FOLDERS)


def _is_file_within(path: str, top: str) -> bool:
    real = os.path.realpath(path)
    try:
        return is_within(real, top) and stat.S_ISREG(os.lstat(real).st_mode)
    except OSError:
        return False
