"""`kernels.lock`: which commit of each kernel a project uses, and what is in its builds.

A list with one object for each repository, sorted by its id. Two forms are read::

    {"repo_id": "o/r", "sha": COMMIT, "variants": {VARIANT: {"hash": "sha256-HEX", "hash_type": "git_lfs_concat"}}}
    {"dependency": {"repo-id": "o/r", "version": 1}, "lock": {"commit": COMMIT}}

The first is the one that is written. The second comes from newer versions of other loaders; it says nothing of the
contents, and has a `revision` in the place of the `version` when the project asked for one. `COMMIT` is a full
commit, of 40 or 64 hexadecimal digits. Keys and repositories that occur twice, and keys that are not known, are
refused: each could mean something that this loader would not enforce.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernels._fields import OBJECT, TEXT, Fields, Form, show
from kernels.errors import LockError, LockNotFoundError

__all__ = [
    "LOCK_NAME",
    "KernelLock",
    "VariantLock",
    "read_lock",
    "write_lock",
]

#: The name of the file, in a project and in its installed metadata.
LOCK_NAME = "kernels.lock"

#: A larger file is no lock; it is refused before it is parsed.
MAX_BYTES = 4 << 20

#: A file with more problems than this is no lock that somebody could mend.
_MOST_PROBLEMS = 100

_HASH_TYPE = "git_lfs_concat"
_NEWER_KEYS = ("dependency", "lock")


def _matching(words: str, pattern: str) -> Form:
    compiled = re.compile(pattern)
    return Form(words, lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None)


_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"

# What becomes part of a path or an address is taken in only in a form that cannot lead elsewhere.
_REPO_ID = _matching("a repository such as owner/name", rf"(?!.*\.\.){_NAME}/{_NAME}")
_COMMIT = _matching("a full commit", r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_VERSION = Form("a whole number of 0 or more", lambda value: type(value) is int and value >= 0)
_VARIANT = _matching("the name of a build", r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}")
_HASH = _matching("sha256- and 64 hexadecimal digits", r"sha256-[0-9a-f]{64}")
_HASH_KIND = Form(_HASH_TYPE, lambda value: value == _HASH_TYPE)
_LIST = Form("a list", lambda value: isinstance(value, list))


@dataclass(frozen=True, slots=True)
class VariantLock:
    """What is in one build.

    Attributes:
        hash: `sha256-` and 64 hexadecimal digits.
        hash_type: how the hash is made; `git_lfs_concat` is the only way (see `kernels.lock.concat`).
    """

    hash: str
    hash_type: str = _HASH_TYPE


@dataclass(frozen=True, slots=True)
class KernelLock:
    """What one repository is locked to.

    Attributes:
        repo_id: the repository.
        sha: the commit, in full.
        variants: build → its hash; `None` in the newer form, which has no hashes.
        version: the version that the project asked for, where the newer form says so.
        revision: the revision that the project asked for, where the newer form says so.
    """

    repo_id: str
    sha: str
    variants: Mapping[str, VariantLock] | None
    version: int | None = None
    revision: str | None = None


def read_lock(path: str | os.PathLike[str]) -> dict[str, KernelLock]:
    """Read a lock file of either form.

    Args:
        path: the file.

    Returns:
        Repository → what it is locked to, in the order of the file.

    Raises:
        LockNotFoundError: when there is no such file (a `FileNotFoundError`).
        LockError: when it cannot be read or used; has every problem with the key it is about (a `ValueError`).
    """
    try:
        with Path(path).open("rb") as file:
            document = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        message = f"{os.fspath(path)} does not exist; write it with `kernels lock`"
        raise LockNotFoundError(message) from None
    except (OSError, ValueError) as error:
        message = f"{os.fspath(path)} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise LockError(message) from None
    try:
        return _parse(document)
    except LockError as error:
        message = f"{os.fspath(path)}: {error}; write it anew with `kernels lock`"
        raise LockError(message) from None


def write_lock(path: str | os.PathLike[str], locks: Mapping[str, KernelLock]) -> None:
    """Write a lock file in the form with hashes, the same text for the same locks.

    At each moment the old file is there, or the new one.

    Args:
        path: the file; a link is followed, and the mode of a file that is there stays.
        locks: repository → what it is locked to, as `read_lock` gives it.

    Raises:
        LockError: when a lock has no hashes, because it was read from the newer form; nothing is written.
        OSError: when the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    entries = [_entry(locks[repo_id]) for repo_id in sorted(locks)]
    text = json.dumps(entries, indent=2) + "\n"
    temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _entry(lock: KernelLock) -> dict[str, Any]:
    if lock.variants is None:
        message = f"the lock of {lock.repo_id} has no hashes of its builds; make it anew with `kernels lock`"
        raise LockError(message)
    variants = {
        name: {"hash": variant.hash, "hash_type": variant.hash_type} for name, variant in sorted(lock.variants.items())
    }
    return {"repo_id": lock.repo_id, "sha": lock.sha, "variants": variants}


def _parse(document: bytes) -> dict[str, KernelLock]:
    if len(document) > MAX_BYTES:
        message = f"larger than {MAX_BYTES} bytes"
        raise LockError(message)
    problems: list[str] = []
    try:
        data = json.loads(document, object_pairs_hook=lambda pairs: _unique(pairs, problems))
    except (ValueError, RecursionError) as error:
        message = f"not valid JSON: {error}"
        raise LockError(message) from None
    if not _LIST.fits(data):
        message = f"it is {show(data)}, expected a list with an object for each kernel"
        raise LockError(message)
    locks: dict[str, KernelLock] = {}
    for index, entry in enumerate(data):
        lock = _read_entry(index, entry, problems)
        if lock is not None and lock.repo_id in locks:
            problems.append(f"`[{index}]` is about {lock.repo_id}, which is locked further up")
        elif lock is not None:
            locks[lock.repo_id] = lock
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        raise LockError("; ".join([*problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]))
    return locks


def _unique(pairs: list[tuple[str, Any]], problems: list[str]) -> dict[str, Any]:
    """An object of the document, with a problem noted for each key that it has twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        problems.extend(f"the key {show(key)} stands twice in one object" for key in made if counts[key] > 1)
    return made


def _read_entry(index: int, entry: object, problems: list[str]) -> KernelLock | None:
    """One kernel of the list; `None`, with a problem noted, where it cannot be told which."""
    if not isinstance(entry, dict):
        problems.append(f"`[{index}]` is {show(entry)}, expected an object")
        return None
    fields = Fields(entry, problems, f"[{index}].")
    lock = _read_newer(fields) if any(key in entry for key in _NEWER_KEYS) else _read_hashed(fields)
    return lock if _REPO_ID.fits(lock.repo_id) else None


def _read_hashed(fields: Fields) -> KernelLock:
    _refuse_unknown(fields, ("repo_id", "sha", "variants"))
    repo_id = fields.required("repo_id", _REPO_ID)
    sha = fields.required("sha", _COMMIT) or ""
    variants = _object(fields, "variants")
    return KernelLock(repo_id, sha.lower(), {name: _read_variant(variants, name) for name in variants.data})


def _read_variant(variants: Fields, name: str) -> VariantLock:
    if not _VARIANT.fits(name):
        variants.problems.append(f"`{variants.prefix[:-1]}` has the key {show(name)}, expected {_VARIANT.words}")
        return VariantLock("")
    variant = _object(variants, name)
    _refuse_unknown(variant, ("hash", "hash_type"))
    variant.required("hash_type", _HASH_KIND)
    return VariantLock(variant.required("hash", _HASH))


def _read_newer(fields: Fields) -> KernelLock:
    _refuse_unknown(fields, _NEWER_KEYS)
    dependency, lock = _object(fields, "dependency"), _object(fields, "lock")
    _refuse_unknown(dependency, ("repo-id", "version", "revision"))
    _refuse_unknown(lock, ("commit",))
    repo_id = dependency.required("repo-id", _REPO_ID)
    version = dependency.optional("version", _VERSION)
    revision = dependency.optional("revision", TEXT)
    if (dependency.data.get("version") is None) == (dependency.data.get("revision") is None):
        dependency.problems.append(f"`{dependency.prefix[:-1]}` needs one of `version` and `revision`")
    commit = lock.required("commit", _COMMIT) or ""
    return KernelLock(repo_id, commit.lower(), None, version, revision)


def _object(fields: Fields, key: str) -> Fields:
    """The object under a required key; where it is missing, that is noted and nothing about what it should hold."""
    return Fields({}, []) if fields.required(key, OBJECT) is None else fields.nested(key)


def _refuse_unknown(fields: Fields, known: tuple[str, ...]) -> None:
    fields.problems.extend(
        f"`{fields.prefix[:-1]}` has the key {show(key)}, expected {' and '.join(known)}"
        for key in fields.data
        if key not in known
    )
