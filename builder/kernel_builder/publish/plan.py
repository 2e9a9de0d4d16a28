"""What becomes of each file of a branch."""

import re
from collections.abc import Iterable, Sequence

from kernel_builder.publish.model import BranchPlan, Change, LocalFile, PlannedFile, Release, RemoteFile

__all__ = ["build_of", "plan_builds", "plan_card"]

_BENCHMARK = re.compile(r"benchmarks/benchmark[^/]*\.py")


def plan_builds(
    release: Release,
    branch: str,
    head: str | None,
    start: str | None,
    remote: Sequence[RemoteFile],
    *,
    remove_missing: bool = False,
) -> BranchPlan:
    """Plan for the branch of a version.

    Of an existing branch, what a build of the release no longer has is stale, and so are the scripts of benchmarks that
    the project, if it has benchmarks, no longer has. Its other builds stay as they are: a version never loses builds
    (reference page 'Quickstart'), and one machine rarely makes all of them. A new branch starts with the files of the
    main branch; builds that come along so are not of this version, and stale, as are their benchmarks.

    Args:
        release: what is to be published.
        branch: the name of the branch.
        head: its commit; `None` when there is no such branch.
        start: the commit that a new branch starts from, if there is one.
        remote: the files of the one or the other commit.
        remove_missing: whether builds that the release does not have are stale on an existing branch too.
    """
    if head is None:
        owned = ("build/", *(("benchmarks/",) if release.has_benchmarks else ()))
    elif remove_missing:
        owned = ("build/",)
    else:
        owned = tuple(f"build/{name}/" for name in release.builds)
    stale = {file.path for file in remote if file.path.startswith(owned)}
    if release.has_benchmarks:
        stale |= {file.path for file in remote if _BENCHMARK.fullmatch(file.path)}
    return _plan(branch, head, start, release.files, remote, stale)


def plan_card(
    release: Release, branch: str, head: str | None, start: str | None, remote: Sequence[RemoteFile]
) -> BranchPlan:
    """Plan for the branch with the card, `main`: of its files, only `README.md` is ours.

    The arguments are those of `plan_builds`.
    """
    wanted = () if release.card is None else (release.card,)
    return _plan(branch, head, start, wanted, remote, frozenset())


def build_of(path: str) -> str | None:
    """The name of the build that a file of a repository is in; `None` for other files."""
    parts = path.split("/", 2)
    return parts[1] if parts[0] == "build" and len(parts) > 2 else None  # noqa: PLR2004 - `build`, name, rest


def _plan(
    branch: str,
    head: str | None,
    start: str | None,
    wanted: Iterable[LocalFile],
    remote: Sequence[RemoteFile],
    stale: Iterable[str],
) -> BranchPlan:
    there = {file.path: file for file in remote}
    files = {file.path: _planned(file, there.get(file.path)) for file in wanted}
    # A file that is to become a folder has to go.
    folders = {path[:end] for path in files for end, char in enumerate(path) if char == "/"}
    for path in ({*stale} | (folders & there.keys())) - files.keys():
        files[path] = PlannedFile(path=path, change=Change.STALE, size=there[path].size)
    return BranchPlan(
        branch=branch,
        head=head,
        start=start if head is None else None,
        files=tuple(files[path] for path in sorted(files)),
    )


def _planned(local: LocalFile, remote: RemoteFile | None) -> PlannedFile:
    known = Change.SAME if remote is not None and remote.has(local) else Change.CHANGED
    change = Change.NEW if remote is None else known
    return PlannedFile(path=local.path, change=change, size=local.size, local=local)
