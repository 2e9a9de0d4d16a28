"""Locking the kernels of a project, and checking whether a lock still answers what the project asks for."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernels.errors import KernelsError, LockError, LockNotFoundError
from kernels.hub import Client, Location, list_commits, list_files, locate
from kernels.lock.builds import hash_builds, read_needs
from kernels.lock.format import LOCK_NAME, KernelLock, VariantLock, read_lock, write_lock
from kernels.lock.pyproject import read_dependencies
from kernels.lock.survey import Found, Progress, survey, wish
from kernels.metadata import KernelDependency
from kernels.request import Request
from kernels.variant import parse_variant_or_none

__all__ = ["LockResult", "check_lock", "lock_project"]


@dataclass(frozen=True, slots=True)
class LockResult:
    """What locking a project has done.

    Attributes:
        path: the lock file.
        locks: repository → what it is locked to now, with the kernels that other kernels need.
        before: repository → the commit that it was locked to before; empty without an earlier lock.
        warnings: what a person should look at before using the lock, one sentence each.
    """

    path: Path
    locks: Mapping[str, KernelLock]
    before: Mapping[str, str]
    warnings: tuple[str, ...]


def lock_project(project_dir: str | os.PathLike[str], *, progress: Progress | None = None) -> LockResult:
    """Write the `kernels.lock` of a project: the commit that each of its kernels has now, and the hashes of its builds.

    The kernels that its kernels need are locked with them. Nothing but metadata is downloaded.

    Args:
        project_dir: the folder of the project, with its `pyproject.toml`.
        progress: called after each repository with its id, how many are done, and how many are known so far.

    Raises:
        LockError: when the `pyproject.toml` cannot be used, or a kernel cannot be locked; says so of each (a
            `ValueError`). The old lock is left as it is.
        OSError: when the lock cannot be written.
    """
    dependencies = read_dependencies(project_dir)
    path = Path(project_dir) / LOCK_NAME
    before, warnings = _read_old(path)
    client = Client()
    found = survey(dependencies, lambda dependency: _resolve(dependency, before, client), progress)
    problems = [problem for one in found.values() for problem in one.problems] + _conflicts(dependencies, found)
    if problems:
        raise LockError("\n  ".join([f"Could not lock the kernels of {os.fspath(project_dir)}:", *problems]))
    locks = {one.lock.repo_id: one.lock for one in found.values() if one.lock is not None}
    write_lock(path, locks)
    warnings += [warning for one in found.values() for warning in one.warnings]
    return LockResult(path, locks, before, tuple(warnings))


def check_lock(project_dir: str | os.PathLike[str], *, progress: Progress | None = None) -> list[str]:
    """Say what is wrong with the `kernels.lock` of a project.

    Each kernel that the project needs, and each that those need, must be locked, to a commit in the history of the
    version or revision that is asked for, with the hashes that the builds of that commit have; and nothing else may be
    locked. That newer commits exist is no problem.

    Args:
        project_dir: the folder of the project, with its `pyproject.toml`.
        progress: called after each repository with its id, how many are done, and how many are known so far.

    Returns:
        One sentence for each problem; empty when all is well.

    Raises:
        LockError: when the `pyproject.toml` cannot be used (a `ValueError`).
    """
    dependencies = read_dependencies(project_dir)
    try:
        locks = read_lock(Path(project_dir) / LOCK_NAME)
    except KernelsError as error:
        return [str(error)]
    client = Client()
    found = survey(dependencies, lambda dependency: _check(dependency, locks, client), progress)
    problems = [problem for one in found.values() for problem in one.problems]
    if all(one.lock is not None and not one.warnings for one in found.values()):  # else not all that is needed is known
        superfluous = sorted(locks.keys() - {dependency.repo_id for dependency in found})
        problems += [f"{repo_id} is locked, but nothing needs it" for repo_id in superfluous]
    return problems


def _read_old(path: Path) -> tuple[dict[str, str], list[str]]:
    """The commits of the lock that is about to be replaced, and what is wrong with it."""
    try:
        return {lock.repo_id: lock.sha for lock in read_lock(path).values()}, []
    except LockNotFoundError:
        return {}, []
    except LockError as error:
        return {}, [f"the lock until now could not be compared: {error}"]


def _resolve(dependency: KernelDependency, before: Mapping[str, str], client: Client) -> Found:
    """Find out what a kernel is to be locked to."""
    repo_id = dependency.repo_id
    location = locate(repo_id, dependency.revision, dependency.version, client=client)
    if location.repo_id != repo_id:
        problem = f"{repo_id} has moved to {location.repo_id}, and a lock has no place for that; ask for the new one"
        return Found(problems=(problem,))
    files = list_files(repo_id, location.commit, client)
    builds = {name: build for name, build in hash_builds(files).items() if parse_variant_or_none(name)}
    needs, warnings = read_needs(repo_id, location.commit, files, client)
    if not _follows(before.get(repo_id), location, client):
        warnings.append(
            f"{repo_id}: {before[repo_id]}, the commit that was locked, is in the history of no branch any more; a "
            "branch was moved, or the repository made anew, so look at what is in it before you use it"
        )
    return Found(KernelLock(repo_id, location.commit, builds), needs, warnings=tuple(warnings))


def _follows(old: str | None, location: Location, client: Client) -> bool:
    """Whether the commit that was locked is still part of the history of its repository."""
    repo_id = location.repo_id
    if old in (None, location.commit) or old in list_commits(repo_id, location.commit, client):
        return True
    return any(old in list_commits(repo_id, branch, client) for branch in client.refs(repo_id))


def _check(dependency: KernelDependency, locks: Mapping[str, KernelLock], client: Client) -> Found:
    """Compare what a kernel is locked to with what is asked for, and with what the Hub has."""
    repo_id = dependency.repo_id
    lock = locks.get(repo_id)
    if lock is None:
        return Found(problems=(f"{repo_id} is needed, but not locked",))
    if not _is_in_history(lock.sha, dependency, client):
        problem = f"{repo_id} is locked to {lock.sha}, which is not in the history of {wish(dependency)}"
        return Found(problems=(problem,))
    problems = []
    if (lock.version, lock.revision) not in ((None, None), (dependency.version, dependency.revision)):
        problems.append(f"{repo_id} is locked for {wish(lock)}, but {wish(dependency)} is asked for")
    files = list_files(repo_id, lock.sha, client)
    if lock.variants is not None:
        problems += _unlike_builds(lock.variants, hash_builds(files), f"{repo_id} at {lock.sha}")
    needs, warnings = read_needs(repo_id, lock.sha, files, client)
    return Found(lock, needs, tuple(problems), tuple(warnings))


def _is_in_history(commit: str, dependency: KernelDependency, client: Client) -> bool:
    """Whether a commit is, or has been, what a project asks for."""
    request = Request.check(dependency.repo_id, dependency.revision, dependency.version)
    if request.commit:
        return commit == request.commit
    return commit in list_commits(request.repo_id, request.revision, client)


def _conflicts(dependencies: list[KernelDependency], found: Mapping[KernelDependency, Found]) -> list[str]:
    """The repositories that are needed at more than one commit, which one lock cannot say."""
    wanted_by: dict[KernelDependency, list[str]] = {one: ["the project"] for one in dependencies}
    for dependency, one in found.items():
        for need in one.needs:
            wanted_by.setdefault(need, []).append(dependency.repo_id)
    commits: dict[str, dict[str, list[str]]] = {}
    for dependency, one in found.items():
        if one.lock is not None:
            words = f"as {wish(dependency)} for {' and '.join(wanted_by[dependency])}"
            commits.setdefault(dependency.repo_id, {}).setdefault(one.lock.sha, []).append(words)
    return [
        f"{repo_id} is needed {', '.join(map(', '.join, of_repo.values()))}; those are different commits, and a lock "
        "has one of each kernel"
        for repo_id, of_repo in commits.items()
        if len(of_repo) > 1
    ]


def _unlike_builds(locked: Mapping[str, VariantLock], builds: Mapping[str, VariantLock], where: str) -> Iterator[str]:
    """Compare the hashes of a lock with those of a commit, whose folders need not all be builds."""
    for name in sorted(locked.keys() | builds.keys()):
        if name not in locked and parse_variant_or_none(name):
            yield f"the build {name} of {where} is not locked"
        elif name not in builds:
            yield f"the build {name} is locked, but {where} has none of that name"
        elif name in locked and locked[name] != builds[name]:
            yield f"the build {name} of {where} has another hash than the lock says"
