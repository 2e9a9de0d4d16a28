"""The hash of a build in `kernels.lock`: `git_lfs_concat`.

It needs no download, because it is made from what the Hub lists: SHA-256 over, for each file in the order of the UTF-8
bytes of its path, the path within the build and the raw bytes of the file's hash, which is git's SHA-1 of the blob or,
for an LFS file, the SHA-256 of its contents. Bytecode is not part of it.
"""

import hashlib
import re
from collections.abc import Mapping

from kernels.errors import LockError

__all__ = ["git_lfs_concat"]

_OID = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")


def git_lfs_concat(files: Mapping[str, str]) -> str:
    """Hash the list of a build's files.

    Args:
        files: POSIX path within the build's folder → git's SHA-1 (40 hexadecimal digits) or the SHA-256 of an LFS file
            (64 hexadecimal digits).

    Returns:
        `sha256-` and 64 hexadecimal digits.

    Raises:
        LockError: when a path is no text or the hash of a file has another form.
    """
    try:
        entries = sorted((path.encode("utf-8", "surrogateescape"), oid) for path, oid in files.items())
    except UnicodeEncodeError as error:
        message = f"the path {error.object!a} is no text"
        raise LockError(message) from None
    hasher = hashlib.sha256()
    for path, oid in entries:
        if path.endswith(b".pyc") or b"__pycache__" in path.split(b"/"):
            continue
        if _OID.fullmatch(oid) is None:
            message = f"{oid!r}, the hash of {path!r}, is neither a SHA-1 nor a SHA-256"
            raise LockError(message)
        hasher.update(path)
        hasher.update(bytes.fromhex(oid))
    return f"sha256-{hasher.hexdigest()}"
