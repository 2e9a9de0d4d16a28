"""`kernels.lock`: the commits of the kernels that a project uses, and the hashes of their builds.

Finding and reading a lock needs the standard library only. What makes and checks one talks to the Hub, and is bound on
first use (PEP 562).
"""

from kernels.lock.concat import git_lfs_concat
from kernels.lock.find import find_lock
from kernels.lock.format import LOCK_NAME, KernelLock, VariantLock, read_lock, write_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kernels.lock.project import LockResult, check_lock, lock_project

__all__ = [
    "LOCK_NAME",
    "KernelLock",
    "LockResult",
    "VariantLock",
    "check_lock",
    "find_lock",
    "git_lfs_concat",
    "lock_project",
    "read_lock",
    "write_lock",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from kernels.lock import project

    return getattr(project, name)
