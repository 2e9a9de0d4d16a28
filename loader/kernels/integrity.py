"""Whether the files of a downloaded build are those that were published, checked before anything of it runs.

What they must be is known from two sides: the Hub lists every file of a commit with a hash, and the build's own
metadata has a digest. Both are compared with the bytes once. A receipt then holds what the file system said of each
file at that moment (length, times of modification and of change, inode, and where a link leads); as long as it says
the same, the bytes are the same, and a check costs one look at the folder.

Bytecode (`__pycache__`, `*.pyc`) is not part of a build, and the importer never uses what lies in a build's folder.
"""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from kernels.digest import OUTSIDE, Digest, hash_file
from kernels.errors import IntegrityError, KernelsError
from kernels.metadata import read_metadata

__all__ = ["Receipt", "blob_hash", "file_hashes", "still_holds", "verify"]

#: Length, times of modification and change in nanoseconds, inode, and the target of the link (empty: there is none).
_Look = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A build that has been verified.

    Attributes:
        oids: path within the build → hash in hexadecimal, as the Hub lists it: git's SHA-1 of the blob, or for an LFS
            file the SHA-256 of the contents.
        looks: path → what the file system said of the file.
    """

    oids: Mapping[str, str]
    looks: Mapping[str, _Look]

    def to_json(self) -> str:
        """The form in which it is kept."""
        return json.dumps({path: [self.oids[path], *look] for path, look in self.looks.items()}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Receipt | None":
        """Read what `to_json` wrote; `None` when it is something else: the build is then verified anew."""
        try:
            document = json.loads(text)
            oids = {path: str(oid) for path, (oid, *_) in document.items()}
            looks = {
                path: (int(size), int(modified), int(changed), int(inode), str(link))
                for path, (_, size, modified, changed, inode, link) in document.items()
            }
        except (ValueError, TypeError, AttributeError):
            return None
        return cls(oids, looks)


def still_holds(tree: Path, receipt: Receipt) -> bool:
    """Whether the file system says of a build what it said when the build was verified.

    A cache that was copied to another place has other inodes and times: it has to be verified again, no more.

    Raises:
        IntegrityError: when the folder cannot be looked at.
    """
    return _look_at(tree) == receipt.looks


def verify(tree: Path, listed: Mapping[str, str] | None, blob_folders: Sequence[Path]) -> Receipt:
    """Read every file of a build and compare it with what it must be.

    Args:
        tree: the folder of the build.
        listed: path within the build → hash, as the Hub lists it. Where that is not known, the digest in the build's
            metadata has to do, and a build without one is refused: nothing says that it is whole.
        blob_folders: where the links in the folder may lead.

    Raises:
        IntegrityError: when the build is not exactly what it must be, or nothing says what that is.
    """
    looks = _look_at(tree)
    problems = [] if listed is None else _strays(listed, looks)
    problems += _bad_links(tree, looks, blob_folders)
    if problems:
        _refuse(tree, problems)
    try:
        hashes = {path: file_hashes(tree / path) for path in looks}
        problems = _unlike_listed(listed or {}, hashes) + _unlike_digest(tree, hashes, needed=listed is None)
    except OSError as error:
        problems = [str(error)]
    if not problems and _look_at(tree) != looks:
        problems = ["it changed while it was read"]
    if problems:
        _refuse(tree, problems)
    return Receipt(listed or {path: _oid(looks[path], hashes[path]) for path in looks}, looks)


def blob_hash(contents: bytes) -> str:
    """The SHA-1 that git gives contents as a blob, in hexadecimal."""
    return _new_blob(len(contents), contents).hexdigest()


def file_hashes(path: Path) -> tuple[str, str]:
    """Git's SHA-1 of a file as a blob, and the SHA-256 of its contents, in hexadecimal.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        blob = _new_blob(os.fstat(file.fileno()).st_size)
        contents = hashlib.sha256()
        while chunk := file.read(1 << 20):
            blob.update(chunk)
            contents.update(chunk)
    return blob.hexdigest(), contents.hexdigest()


def _new_blob(size: int, contents: bytes = b"") -> "hashlib._Hash":
    # SHA-1 is what git names its objects by; a digest or the hash of an LFS file adds SHA-256 where there is one.
    return hashlib.sha1(b"blob %d\0" % size + contents, usedforsecurity=False)


def _look_at(tree: Path) -> dict[str, _Look]:
    """What the file system says of every file of a build, sorted by path."""
    try:
        return dict(sorted(_scan(str(tree), "")))
    except OSError as error:
        _refuse(tree, [str(error)])


def _scan(folder: str, prefix: str) -> Iterator[tuple[str, _Look]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _scan(entry.path, f"{path}/")
            elif not entry.name.endswith(".pyc"):
                yield path, _look(entry)


def _look(entry: "os.DirEntry[str]") -> _Look:
    link = os.readlink(entry.path) if entry.is_symlink() else ""  # noqa: PTH115 - runs for every file of every load
    status = os.stat(entry.path)  # noqa: PTH116 - the entry's own answer lacks the inode on Windows
    if not stat.S_ISREG(status.st_mode):
        message = f"{entry.path} is not a regular file"
        raise OSError(message)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, link


def _strays(wanted: Collection[str], found: Collection[str]) -> list[str]:
    missing = [f"{path} is missing" for path in sorted(set(wanted) - set(found))]
    return missing + [f"{path} does not belong to it" for path in sorted(set(found) - set(wanted))]


def _bad_links(tree: Path, looks: Mapping[str, _Look], blob_folders: Sequence[Path]) -> list[str]:
    allowed = tuple(os.path.realpath(folder) + os.sep for folder in blob_folders)
    targets = {path: os.path.realpath(tree / path) for path, look in looks.items() if look[-1]}
    return [f"{path} is a link to {target}" for path, target in targets.items() if not target.startswith(allowed)]


def _unlike_listed(listed: Mapping[str, str], hashes: Mapping[str, tuple[str, str]]) -> list[str]:
    return [f"{path} is not what the Hub has" for path in sorted(listed) if listed[path] not in hashes[path]]


def _unlike_digest(tree: Path, hashes: Mapping[str, tuple[str, str]], *, needed: bool) -> list[str]:
    digest = _digest_of(tree)
    if digest is None:
        return ["nothing says which files belong to it"] if needed else []
    found = {path: _digest_hash(tree / path, hashes[path], digest) for path in hashes if path not in OUTSIDE}
    return sorted(
        f"{path} is not what the digest in its metadata.json says"
        for path in found.keys() | digest.files.keys()
        if found.get(path) != digest.files.get(path)
    )


def _digest_of(tree: Path) -> Digest | None:
    try:
        return read_metadata(tree).digest
    except KernelsError:
        return None  # that the metadata cannot be used is said where it is used


def _digest_hash(path: Path, hashes: tuple[str, str], digest: Digest) -> str:
    if digest.algorithm == "sha256":
        return base64.b64encode(bytes.fromhex(hashes[1])).decode()
    return hash_file(path, digest.algorithm)


def _oid(look: _Look, hashes: tuple[str, str]) -> str:
    """The hash that the Hub lists: the Hub client names the file behind a link by it."""
    name = look[-1].replace("\\", "/").rpartition("/")[2]
    return name if name in hashes else hashes[0]


def _refuse(tree: Path, problems: Sequence[str]) -> NoReturn:
    message = f"the build in {tree} is not what was published, and nothing of it was run: {'; '.join(problems)}"
    raise IntegrityError(message)
