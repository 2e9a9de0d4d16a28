"""Loading kernels that a project has locked: exactly the commits in its `kernels.lock`, exactly the locked files."""

import os
import sys
from collections.abc import Collection, Mapping
from types import ModuleType

from kernels.environment import local_kernels
from kernels.hub.client import Client
from kernels.load import load_ready, loaded_for
from kernels.lock import find_lock, read_lock
from kernels.prepare import Preparation
from kernels.request import Request

__all__ = ["get_locked_kernel", "load_kernel"]


def get_locked_kernel(
    repo_id: str,
    local_files_only: bool = False,
    *,
    lockfile: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    trust_remote_code: bool | Collection[str] = False,
    user_agent: str | Mapping[str, str] | None = None,
) -> ModuleType:
    """Load a kernel at the commit that a lock file names; download it where the cache does not have it.

    The files of the build are compared with the hash in the lock file before anything of it runs; a lock file of the
    newer form has no hashes, and the commit alone counts.

    Args:
        repo_id: the repository, which the lock file has to name.
        local_files_only: whether the cache alone counts.
        lockfile: the lock file; by default the `kernels.lock` of the project that the calling module belongs to, from
            its source tree or its installed package.
        backend: as for `get_kernel`.
        trust_remote_code: as for `get_kernel`.
        user_agent: as for `get_kernel`.

    Returns:
        The module of the kernel.

    Raises:
        LockNotFoundError: when there is no lock file for the calling module (a `FileNotFoundError` and `ValueError`).
        LockError: when the lock file cannot be used (a `ValueError`).
        NotLockedError: when it does not name the kernel, or one that the kernel needs (a `ValueError`).
        IntegrityError: when the files are not the locked ones (a `ValueError`).
        KernelsError, OSError: as for `get_kernel`.
    """
    preparation = Preparation(backend, Client(user_agent), trust_remote_code, local_files_only=local_files_only)
    return _load(repo_id, preparation, lockfile, sys._getframe(1).f_globals)  # noqa: SLF001 - who calls


def load_kernel(
    repo_id: str,
    lockfile: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    revision: str | None = None,
) -> ModuleType:
    """Load a kernel that was downloaded before, with `kernels download` for instance; the Hub is never asked.

    Args:
        repo_id: the repository.
        lockfile: as for `get_locked_kernel`.
        backend: as for `get_kernel`.
        revision: the branch, tag or commit to load; where it is given, no lock file counts.

    Returns:
        The module of the kernel.

    Raises:
        NotCachedError: when it is not in the cache (a `FileNotFoundError`).
        KernelsError: as for `get_locked_kernel`.
    """
    preparation = Preparation(backend, local_files_only=True)
    if revision is not None:
        return load_ready(preparation.repository(Request.check(repo_id, revision)))
    return _load(repo_id, preparation, lockfile, sys._getframe(1).f_globals)  # noqa: SLF001 - who calls


def _load(
    repo_id: str,
    preparation: Preparation,
    lockfile: str | os.PathLike[str] | None,
    caller: Mapping[str, object],
) -> ModuleType:
    override = local_kernels().get(repo_id)
    if override is not None and lockfile is None:
        return load_ready(preparation.folder(override))  # which needs no lock
    preparation.locks = read_lock(lockfile or find_lock(caller))
    lock = preparation.lock_of(repo_id)
    hashes = frozenset((name, variant.hash) for name, variant in (lock.variants or {}).items())
    key = (lock.repo_id, lock.sha, hashes, preparation.backend, override)
    module = loaded_for(key)
    if module is not None:
        return module
    return load_ready(preparation.repository(Request.check(repo_id, lock.sha)), key)
