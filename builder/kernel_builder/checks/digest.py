"""Whether the files of a build are those that its digest lists."""

import errno
import json
from pathlib import Path, PurePosixPath

from kernel_builder.checks.entries import entries
from kernel_builder.checks.findings import Finding
from kernel_builder.tree import install_text
from kernels.digest import OUTSIDE, Digest, digest_tree
from kernels.metadata import Metadata, read_metadata

__all__ = ["SIGNATURE", "check_digest", "write_digest"]

#: The file of a build that signs its metadata, and with its digest every other file.
SIGNATURE = OUTSIDE[1]

_REMEDY = "If the change is meant, write the digest anew with `kernel-builder hash`; else build again."


def check_digest(tree: Path, metadata: Metadata) -> list[Finding]:
    """Compare the files of a build with its digest; one finding for each that is missing, changed or not listed.

    Builders that record where a build comes from write a digest too: where such a build has none, it was lost. Of older
    builds its absence is a warning.
    """
    digest = metadata.digest
    if digest is None:
        is_lost = "kernel-builder" in (metadata.provenance or {})
        remedy = "Write it with `kernel-builder hash`."
        return [_finding("no-digest", "has no digest", "metadata.json", remedy, "error" if is_lost else "warning")]
    try:
        present = _digest(tree, digest.algorithm).files
    except OSError as error:
        message = f"cannot be compared with the digest: {error.strerror or error}"
        remedy = "Replace it by a file that can be read, or remove it."
        return [_finding("unreadable", message, _within(tree, error.filename), remedy)]
    return _differences(digest, present)


def _digest(tree: Path, algorithm: str | None = None) -> Digest:
    """The digest of the files as they are; a pipe, which would never end, is not read.

    Raises:
        OSError: names what cannot be read, or is neither a file nor a folder.
    """
    if odd := [entry.name for entry in entries(tree) if entry.kind == "other"]:
        raise OSError(errno.EINVAL, "it is neither a file nor a folder", str(tree / odd[0]))
    return digest_tree(tree, algorithm) if algorithm else digest_tree(tree)


def _within(tree: Path, name: str | None) -> str:
    """The path within a build of what an error of the system names, if it is in there."""
    return Path(name).relative_to(tree).as_posix() if name and Path(name).is_relative_to(tree) else ""


def _differences(digest: Digest, present: dict[str, str]) -> list[Finding]:
    found = [
        _finding("digest-path", f"the digest lists {path!r}, which is no path within a build", "metadata.json", _REMEDY)
        for path in digest.files
        if not _is_inside(path)
    ]
    missing = sorted(path for path in digest.files.keys() - present.keys() if _is_inside(path))
    found += [_finding("file-missing", "is missing, and the digest lists it", path, _REMEDY) for path in missing]
    for path, value in present.items():
        if path not in digest.files:
            found.append(_finding("file-not-listed", "is not in the digest", path, _REMEDY))
        elif value != digest.files[path]:
            found.append(_finding("file-changed", "has changed since the digest was written", path, _REMEDY))
    return found


def _finding(code: str, message: str, file: str, remedy: str, severity: str = "error") -> Finding:
    return Finding(check="digest", code=code, message=message, file=file, remedy=remedy, severity=severity)


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(path) and not pure.is_absolute() and ".." not in pure.parts and "\\" not in path and str(pure) == path


def write_digest(tree: Path) -> bool:
    """Write the digest of a build's files into its metadata, of which everything else stays as it is.

    Returns:
        Whether it was another; if not, nothing is written.

    Raises:
        kernels.errors.KernelsError: when the build has no metadata that can be read.
        OSError: when a file cannot be read or written, a folder is a link, or something is neither file nor folder.
    """
    old = read_metadata(tree).digest
    new = _digest(tree) if old is None else _digest(tree, old.algorithm)
    if new == old:
        return False
    path = tree / "metadata.json"
    document = json.loads(path.read_text("utf-8"))
    document["digest"] = {"algorithm": new.algorithm, "files": new.files}
    install_text(path, json.dumps(document, indent=2) + "\n")
    return True
