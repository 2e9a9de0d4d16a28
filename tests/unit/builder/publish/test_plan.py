"""What becomes of each file of a branch."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_builder.publish.model import BranchPlan, Change, LocalFile, Release, RemoteFile
from kernel_builder.publish.plan import build_of, plan_builds, plan_card

NEW, CHANGED, SAME, STALE = Change.NEW, Change.CHANGED, Change.SAME, Change.STALE
FILES = {"build/a/x.py": "1", "build/a/y.so": "2", "build/b/x.py": "3"}


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _local(path: str, text: str) -> LocalFile:
    return LocalFile(path=path, source=Path(path), size=len(text), sha256=_hash(text), blob_id=f"git:{text}")


def _remote(path: str, text: str) -> RemoteFile:
    """A file of a branch; a library is large, and its blob is a pointer."""
    if path.endswith(".so"):
        return RemoteFile(path=path, size=len(text), blob_id=f"pointer:{text}", sha256=_hash(text))
    return RemoteFile(path=path, size=len(text), blob_id=f"git:{text}")


def _release(files: Mapping[str, str] = FILES, *, card: str | None = None, has_benchmarks: bool = False) -> Release:
    names = sorted({name for path in files if (name := build_of(path))})
    return Release(
        builds={name: Path(name) for name in names},
        metadata={},
        version=1,
        files=tuple(_local(path, text) for path, text in files.items()),
        card=None if card is None else _local("README.md", card),
        has_benchmarks=has_benchmarks,
    )


def _plan(
    release: Release, remote: Mapping[str, str], *, is_new: bool = False, remove_missing: bool = False
) -> BranchPlan:
    head, start = (None, "start") if is_new else ("head", "start")
    files = [_remote(path, text) for path, text in remote.items()]
    return plan_builds(release, "v1", head, start, files, remove_missing=remove_missing)


def _changes(plan: BranchPlan) -> dict[str, Change]:
    return {file.path: file.change for file in plan.files}


def test_each_change() -> None:
    """Files are new, changed or the same, and what a build no longer has is stale; large ones go by their contents."""
    remote = {"build/a/x.py": "1", "build/a/y.so": "old", "build/a/gone.py": "12345", "README.md": "4"}
    plan = _plan(_release(), remote)

    assert {
        "build/a/gone.py": STALE,
        "build/a/x.py": SAME,
        "build/a/y.so": CHANGED,
        "build/b/x.py": NEW,
    } == _changes(plan)
    assert ("v1", "head", None, False, 2) == (plan.branch, plan.head, plan.start, plan.is_done, plan.bytes_to_send)
    assert [5, 1, 1, 1] == [file.size for file in plan.files]
    assert [None, "build/a/x.py"] == [file.local and file.local.path for file in plan.files[:2]]


def test_a_second_time_nothing_is_done() -> None:
    """A branch that has everything is done."""
    plan = _plan(_release(), FILES)
    assert ({SAME}, True, 0) == (set(_changes(plan).values()), plan.is_done, plan.bytes_to_send)


def test_other_builds_stay() -> None:
    """A version never loses builds: those that the release does not have stay, unless it is asked for."""
    others = {"build/torch27/x.py": "1", "build/ab/x.py": "2", "notes.txt": "3"}
    assert set(FILES) == set(_changes(_plan(_release(), {**FILES, **others})))
    removed = _changes(_plan(_release(), {**FILES, **others}, remove_missing=True))
    assert {"build/torch27/x.py", "build/ab/x.py"} == {path for path, change in removed.items() if change is STALE}


def test_a_new_branch() -> None:
    """Of what a new branch has of the main branch, everything but builds of others stays."""
    remote = {
        **FILES,
        "build/old/x.py": "1",
        "build/CARD.md": "2",
        "README.md": "3",
        ".gitattributes": "4",
        "builds": "5",
    }
    plan = _plan(_release(), remote, is_new=True)

    expected = {**dict.fromkeys(FILES, SAME), "build/old/x.py": STALE, "build/CARD.md": STALE}
    assert (expected, None, "start", False) == (_changes(plan), plan.head, plan.start, plan.is_done)


@pytest.mark.parametrize(
    ("is_new", "has_benchmarks", "stale"),
    [
        (False, False, set()),
        (True, False, set()),
        (False, True, {"benchmarks/benchmark_old.py"}),
        (True, True, {"benchmarks/benchmark_old.py", "benchmarks/table.md", "benchmarks/deep/benchmark.py"}),
    ],
)
def test_benchmarks(is_new: bool, has_benchmarks: bool, stale: set[str]) -> None:
    """Scripts that a project with benchmarks no longer has are stale; a project without leaves those of a branch."""
    wanted = {**FILES, **({"benchmarks/benchmark.py": "1"} if has_benchmarks else {})}
    remote = {
        "benchmarks/benchmark.py": "1",
        "benchmarks/benchmark_old.py": "2",
        "benchmarks/table.md": "3",
        "benchmarks/deep/benchmark.py": "4",
    }
    changes = _changes(_plan(_release(wanted, has_benchmarks=has_benchmarks), remote, is_new=is_new))
    assert stale == {path for path, change in changes.items() if change is STALE}


def test_a_file_that_becomes_a_folder() -> None:
    """A file in the place of a folder goes, also where it is nobody's."""
    changes = _changes(_plan(_release(), {"build": "1"}))
    assert {"build": STALE, **dict.fromkeys(FILES, NEW)} == changes


def test_the_card() -> None:
    """Of the main branch, only the card is ours."""
    release, remote = _release(card="new"), [_remote("README.md", "old"), _remote("build/a/x.py", "1")]
    plan = plan_card(release, "main", "head", None, remote)
    assert {"README.md": CHANGED} == _changes(plan)
    assert {"README.md": SAME} == _changes(plan_card(release, "main", "head", None, [_remote("README.md", "new")]))
    assert {"README.md": NEW} == _changes(plan_card(release, "main", None, None, []))
    assert () == plan_card(replace(release, card=None), "main", "head", None, remote).files


@pytest.mark.parametrize(
    ("path", "name"),
    [("build/a/x.py", "a"), ("build/a/b/c", "a"), ("build/a", None), ("build", None), ("other/a/x", None), ("a", None)],
)
def test_build_of(path: str, name: str | None) -> None:
    """A file is of the build whose folder it is in."""
    assert name == build_of(path)


_NAMES = ("x.py", "y.so", "z/w.py")
_PATHS = [
    *(f"build/{build}/{name}" for build in ("a", "b", "c") for name in _NAMES),
    *("README.md", "benchmarks/benchmark.py", "benchmarks/benchmark_b.py", "benchmarks/data.txt"),
]
_TREES = st.dictionaries(st.sampled_from(_PATHS), st.sampled_from(["1", "2"]))


@given(local=_TREES, remote=_TREES, is_new=st.booleans(), remove_missing=st.booleans(), has_benchmarks=st.booleans())
def test_a_plan_makes_the_branch_what_is_wanted(
    local: dict[str, str], remote: dict[str, str], is_new: bool, remove_missing: bool, has_benchmarks: bool
) -> None:
    """After the commit, the branch has every file that is wanted, its builds no others, and nothing is left to do."""
    wanted = {path: text for path, text in local.items() if path.startswith(("build/", "benchmarks/benchmark"))}
    release = _release(wanted, has_benchmarks=has_benchmarks)
    plan = _plan(release, remote, is_new=is_new, remove_missing=remove_missing)

    stale = {file.path for file in plan.of(STALE)}
    after = {**{path: text for path, text in remote.items() if path not in stale}, **wanted}

    assert wanted == {path: text for path, text in after.items() if build_of(path) in release.builds or path in wanted}
    assert stale <= remote.keys() - wanted.keys()
    assert _plan(release, after, remove_missing=remove_missing).is_done
