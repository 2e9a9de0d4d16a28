"""Object ids as git computes them: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

__all__ = ["blob_oid", "commit_oid", "lfs_pointer", "tree_oids"]

_AUTHOR = "Hub of the tests <hub@example.invalid>"


def _oid(kind: str, content: bytes) -> str:
    header = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def blob_oid(content: bytes) -> str:
    """The id of a file with this content, 40 hex digits."""
    return _oid("blob", content)


def lfs_pointer(sha256: str, size: int) -> bytes:
    """What git stores instead of an LFS file: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def tree_oids(files: Mapping[str, str]) -> dict[str, str]:
    """The ids of all folders of a tree, by path; the root is `""`.

    Args:
        files: The blob id of each file, by POSIX path.
    """
    children: dict[str, dict[str, str]] = {"": {}}
    for path in files:
        folder = path
        while folder:
            folder, _, name = folder.rpartition("/")
            children.setdefault(folder, {})[name] = f"{folder}/{name}".lstrip("/")
    oids: dict[str, str] = {}
    for folder in sorted(children, key=lambda name: name.count("/") + bool(name), reverse=True):
        entries = [(name, path in children, path) for name, path in children[folder].items()]
        entries.sort(key=lambda entry: entry[0] + "/" * entry[1])
        content = b"".join(
            (b"40000 " if is_folder else b"100644 ")
            + name.encode()
            + b"\0"
            + bytes.fromhex(oids[path] if is_folder else files[path])
            for name, is_folder, path in entries
        )
        oids[folder] = _oid("tree", content)
    return oids


def commit_oid(tree: str, parent: str | None, message: str, date: datetime) -> str:
    """The id of a commit, 40 hex digits: the same tree, parent, message and date give the same id."""
    who = f"{_AUTHOR} {int(date.timestamp())} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []), f"author {who}", f"committer {who}"]
    return _oid("commit", ("\n".join(lines) + f"\n\n{message}\n").encode())
