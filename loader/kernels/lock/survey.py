"""Going through the kernels that a project needs, and those that they need, several at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeAlias

from kernels._fields import show
from kernels.errors import KernelsError
from kernels.hub.client import is_missing
from kernels.lock.format import KernelLock
from kernels.metadata import KernelDependency

__all__ = ["Found", "Progress", "survey", "wish"]

#: Called with a repository that has been looked at, how many have been, and how many are known to be needed.
Progress: TypeAlias = Callable[[str, int, int], None]

_THREADS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about one kernel.

    Attributes:
        lock: what it is locked to; `None` when that could not be found out, and `problems` says why.
        needs: the kernels that it needs itself.
        problems: what is wrong, one sentence each.
        warnings: what a person should look at, one sentence each.
    """

    lock: KernelLock | None = None
    needs: tuple[KernelDependency, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def survey(
    dependencies: Iterable[KernelDependency],
    visit: Callable[[KernelDependency], Found],
    progress: Progress | None = None,
) -> dict[KernelDependency, Found]:
    """Look at each kernel once, ten at a time.

    Args:
        dependencies: the kernels to begin with.
        visit: looks at one; called from several threads. What it cannot find out, an error of this package or of the
            operating system (which those of the Hub client are), becomes a problem of that kernel.
        progress: called from the calling thread.

    Returns:
        Kernel → what was found, sorted, whatever the order in which the answers came.
    """
    found: dict[KernelDependency, Found] = {}
    running: dict[Future[Found], KernelDependency] = {}
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kernels-lock")

    def start(wanted: Iterable[KernelDependency]) -> None:
        for dependency in wanted:
            if dependency not in found and dependency not in running.values():
                running[pool.submit(_try, visit, dependency)] = dependency

    try:
        start(dependencies)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                dependency = running.pop(future)
                found[dependency] = future.result()
                start(found[dependency].needs)
                if progress is not None:
                    progress(dependency.repo_id, len(found), len(found) + len(running))
    finally:
        pool.shutdown(cancel_futures=True)
    return {dependency: found[dependency] for dependency in sorted(found, key=_order)}


def _try(visit: Callable[[KernelDependency], Found], dependency: KernelDependency) -> Found:
    try:
        return visit(dependency)
    except (KernelsError, OSError) as error:
        reason = f"the Hub has no {wish(dependency)} of it, or does not show it" if is_missing(error) else error
        return Found(problems=(f"{dependency.repo_id}: {reason}",))


def wish(wanted: KernelDependency | KernelLock) -> str:
    """What is asked for of a repository, in words."""
    return f"version {wanted.version}" if wanted.revision is None else f"revision {show(wanted.revision)}"


def _order(dependency: KernelDependency) -> tuple[str, int, str]:
    return dependency.repo_id, -1 if dependency.version is None else dependency.version, dependency.revision or ""
