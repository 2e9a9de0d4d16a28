"""The digest of a build: which files it has and what is in them.

The format of `digest` in `metadata.json`: an algorithm, and for each file its POSIX path within the build and the
padded standard base64 of its hash. `metadata.json` itself, its signature and bytecode are not part of it.
"""

import base64
import errno
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

__all__ = ["ALGORITHMS", "OUTSIDE", "Digest", "digest_mismatches", "digest_tree", "hash_file"]

ALGORITHMS = ("sha256", "sha512")
#: Files of a build that its digest does not cover: the one that holds it, and the signature of that.
OUTSIDE = ("metadata.json", "metadata.json.sigstore")


@dataclass(frozen=True, slots=True)
class Digest:
    """The hashes of a build's files.

    Attributes:
        algorithm: one of `ALGORITHMS`.
        files: POSIX path within the build → padded base64 of the file's hash, sorted by path.
    """

    algorithm: str
    files: dict[str, str] = field(default_factory=dict)


def digest_tree(tree: Path, algorithm: str = "sha256") -> Digest:
    """Hash every file of a build.

    A link to a file counts as the file (the cache of the Hub client is made of them).

    Raises:
        OSError: when a file or a folder cannot be read, or a folder is a link: what is behind it could change without
            the build.
    """
    return Digest(algorithm, {path: hash_file(tree / path, algorithm) for path in _paths(tree)})


def digest_mismatches(tree: Path, digest: Digest) -> list[str]:
    """Compare a build with its digest; one sentence for each file that is missing, changed or not listed.

    Raises:
        OSError: as for `digest_tree`.
    """
    present = _paths(tree)
    problems = [f"{path} is missing" for path in sorted(digest.files.keys() - set(present))]
    for path in present:
        if path not in digest.files:
            problems.append(f"{path} is not in the digest")
        elif hash_file(tree / path, digest.algorithm) != digest.files[path]:
            problems.append(f"{path} has changed")
    return problems


def _paths(tree: Path) -> list[str]:
    found = []
    for folder, folders, files in os.walk(tree, onerror=_raise):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in folders:
            if (Path(folder) / name).is_symlink():
                raise OSError(errno.ELOOP, "a build has no links to folders", str(Path(folder) / name))
        relative = Path(folder).relative_to(tree)
        found += [(relative / name).as_posix() for name in files if not name.endswith(".pyc")]
    return sorted(path for path in found if path not in OUTSIDE)


def _raise(error: OSError) -> NoReturn:
    raise error


def hash_file(path: Path, algorithm: str) -> str:
    """The padded standard base64 of a file's hash.

    Raises:
        OSError: when it cannot be read.
    """
    hasher = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return base64.b64encode(hasher.digest()).decode()
