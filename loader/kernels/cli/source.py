"""What a person names on the command line: a folder of this machine, or a repository at a commit."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.errors import KernelNotFoundError

if TYPE_CHECKING:
    from kernels.hub import Client, Location

__all__ = ["builds_in_folder", "find_commit", "local_folder", "version_number"]

_LONGEST_VERSION = 9


def local_folder(text: str) -> Path | None:
    """The folder that is meant; `None` where a repository is.

    What starts with `.`, `~` or `/`, or has no `/`, is a folder; so is what has the form `owner/name` and is there.
    """
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - Path fails on the ~ of an unknown user
    if text.startswith((".", "~", "/", os.sep)) or path.is_absolute() or "/" not in text or path.is_dir():
        return path
    return None


def builds_in_folder(folder: Path) -> dict[str, Path]:
    """The builds in a folder: those of a kernel project, those of its `build` folder, or the one that it is itself.

    Returns:
        The name of the build, which is that of a variant but for a single build → its folder.

    Raises:
        KernelNotFoundError: when there are none.
    """
    from kernels.local import variants_in

    for base in (folder, folder / "build"):
        names = sorted(variant.variant_str for variant in variants_in(base))
        if names:
            return {name: base / name for name in names}
    if (folder / "metadata.json").is_file():
        return {Path(os.path.realpath(folder)).name: folder}
    state = "has no builds in it or in build/" if folder.is_dir() else "is no folder"
    message = f"there is no kernel in {folder}: it {state} (a repository has the form owner/name)"
    raise KernelNotFoundError(message)


def find_commit(repo_id: str, client: "Client", revision: str | None = None, version: int | None = None) -> "Location":
    """The commit that is meant: without a revision and a version, that of the newest version, else of `main`.

    Raises:
        KernelsError: as `kernels.hub.locate` says.
    """
    from kernels.hub import list_versions, locate
    from kernels.request import Request

    if revision is None and version is None:
        known = list_versions(Request.check(repo_id, "main").repo_id, client)
        revision, version = (None, max(known)) if known else ("main", None)
    return locate(repo_id, revision, version, client=client)


def version_number(text: str) -> int:
    """A version on the command line: `1`, or `v1` as its branch is named.

    Raises:
        ArgumentTypeError: when it is neither.
    """
    digits = text.removeprefix("v")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_VERSION):
        message = f"{text!r} is no version, such as 1"
        raise argparse.ArgumentTypeError(message)
    return int(digits)
