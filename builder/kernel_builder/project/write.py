"""Writes a rendered project, and removes exactly what was written.

A manifest in the target folder lists each file with the hash of its contents. Only what the manifest lists, what lies
inside the target, and what is still as it was written is ever removed. The folders in which CMake has built the project
are removed too; they are known by what CMake wrote there.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kernel_builder.config.sources import MANIFEST
from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.tree import install_text

__all__ = ["MANIFEST", "CleanPlan", "apply_clean", "plan_clean", "write_project"]

#: Where the generated project is built: by `pip install -e .`, and by `cmake -B build-ext`.
_BUILD_FOLDERS = ("build-ext/editable", "build-ext")


def write_project(files: Mapping[str, str], target: Path, *, unique_id: str, force: bool = False) -> list[Path]:
    """Write rendered files below a folder, each whole or not at all, and the manifest.

    Returns:
        The paths written, without the manifest.

    Raises:
        ExistingFilesError: when files exist and `force` is false; nothing is written then.
        BuilderError: when a file would be written through a link to outside the folder.
    """
    paths = {name: target / name for name in files}
    for name in files:
        if not _inside(target, name):
            message = f"{target / name} leads out of {target} through a link; nothing was written"
            raise BuilderError(message, hint="Remove the link.")
    existing = [path for path in paths.values() if os.path.lexists(path)]
    if existing and not force:
        listing = "\n".join(f"  {path}" for path in existing)
        message = f"these files exist already:\n{listing}"
        raise ExistingFilesError(message)
    # The manifest comes first: after a crash, what was written can still be cleaned.
    listed = _read_manifest(target)[1] | {name: _hash(text.encode()) for name, text in files.items()}
    document = {"unique-id": unique_id, "files": dict(sorted(listed.items()))}
    target.mkdir(parents=True, exist_ok=True)
    install_text(target / MANIFEST, json.dumps(document, indent=2) + "\n")
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        install_text(path, files[name])
    return list(paths.values())


@dataclass(frozen=True, slots=True)
class CleanPlan:
    """What cleaning would do.

    Attributes:
        target: the folder.
        remove: the files to remove, as POSIX paths within it.
        keep: the files that are listed but were changed since, or lead out of the folder.
        unique_id: the unique id that the files were written for.
        built: the folders to remove in which CMake has built the files, as POSIX paths within it.
    """

    target: Path
    remove: tuple[str, ...]
    keep: tuple[str, ...]
    unique_id: str
    built: tuple[str, ...] = ()


def plan_clean(target: Path) -> CleanPlan:
    """Read the manifest and sort its files into those to remove and those to keep; touches nothing."""
    unique_id, listed = _read_manifest(target)
    present = [name for name in listed if os.path.lexists(target / PurePosixPath(name))]
    unchanged = [name for name in present if _inside(target, name) and _hash_file(target / name) == listed[name]]
    changed = [name for name in present if name not in unchanged]
    built = [name for name in _BUILD_FOLDERS if _is_built(target, name)]
    return CleanPlan(target, tuple(unchanged), tuple(changed), unique_id, tuple(built))


def apply_clean(plan: CleanPlan) -> None:
    """Remove the planned files, the folders that this leaves empty, and the manifest when nothing of it is left.

    Raises:
        OSError: when something cannot be removed; the manifest stays, so that another run finishes the work.
    """
    for name in plan.built:
        if _is_built(plan.target, name):
            shutil.rmtree(plan.target / name)
    for name in plan.remove:
        if _inside(plan.target, name):  # a person may have been asked since the plan was made
            (plan.target / name).unlink(missing_ok=True)
    for folder in sorted(
        {parent for name in (*plan.remove, *plan.built) for parent in PurePosixPath(name).parents}, reverse=True
    ):
        if folder != PurePosixPath():
            with contextlib.suppress(OSError):  # not empty, which is how it stays
                (plan.target / folder).rmdir()
    manifest = plan.target / MANIFEST
    if plan.keep:
        listed = _read_manifest(plan.target)[1]
        document = {"unique-id": plan.unique_id, "files": {name: listed[name] for name in plan.keep}}
        install_text(manifest, json.dumps(document, indent=2) + "\n")
    else:
        manifest.unlink(missing_ok=True)


def _is_built(target: Path, name: str) -> bool:
    """Whether a folder is the one in which CMake has built the project of the target."""
    if not _inside(target, name):
        return False
    try:
        cache = (target / name / "CMakeCache.txt").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return f"\nCMAKE_HOME_DIRECTORY:INTERNAL={target.resolve().as_posix()}\n" in cache


def _read_manifest(target: Path) -> tuple[str, dict[str, str]]:
    path = target / MANIFEST
    try:
        document = json.loads(path.read_text("utf-8"))
        listed = {str(name): str(digest) for name, digest in document["files"].items()}
        return str(document["unique-id"]), listed
    except FileNotFoundError:
        return "", {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{path} is damaged: {error!r}"
        raise BuilderError(message, hint="Remove it; the generated files then have to be removed by hand.") from None


def _inside(target: Path, name: str) -> bool:
    """Whether a listed name is a plain path below the target that goes through no link."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        return False
    current = target
    for part in parts:
        current /= part
        if current.is_symlink():
            return False
    return True


def _hash(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _hash_file(path: Path) -> str | None:
    return _hash(path.read_bytes()) if path.is_file() else None
