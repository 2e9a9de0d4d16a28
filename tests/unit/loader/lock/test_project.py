"""Locking the kernels of a project, against a Hub."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.hub import HubServer
from support.metadata import MINIMAL

from kernels.errors import LockError
from kernels.lock import KernelLock, check_lock, lock_project, read_lock

VARIANTS = (
    "torch-cuda",
    "torch-stable-abi211-cpu-aarch64-darwin",
    "torch212-cxx11-cu130-x86_64-linux",
    "tvm-ffi01-cu130-x86_64-linux",
)


def _kernel(*needs: object, variants: tuple[str, ...] = ("torch-cpu",), body: str = "value = 1\n") -> dict[str, bytes]:
    """The files of a kernel; a build has a native library, which is stored by LFS."""
    kernel: dict[str, bytes] = {}
    for variant in variants:
        metadata = json.dumps({**MINIMAL, "id": f"_{variant.replace('-', '_')}", "kernel-depends": needs}).encode()
        files = {"__init__.py": body.encode(), "_ops.abi3.so": b"\x7fELF", "metadata.json": metadata}
        kernel |= {f"build/{variant}/{path}": data for path, data in files.items()}
    return kernel


def _hash(files: Mapping[str, bytes], build: str) -> str:
    """The hash of a build as the documents describe it."""
    hasher = hashlib.sha256()
    for path, data in sorted(files.items()):
        if path.startswith(f"{build}/"):
            blob = hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False)
            hasher.update(path.removeprefix(f"{build}/").encode())
            hasher.update((hashlib.sha256(data) if path.endswith(".so") else blob).digest())
    return f"sha256-{hasher.hexdigest()}"


def _hashes(lock: KernelLock) -> dict[str, str]:
    return {name: variant.hash for name, variant in (lock.variants or {}).items()}


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Make a project that needs kernels, given as lines of TOML."""

    def make(*lines: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "pyproject.toml").write_text("\n".join(["[tool.kernels.dependencies]", *lines]), "utf-8")
        return folder

    return make


@pytest.fixture
def one_kernel(hub_client: HubServer, project: Callable[..., Path]) -> Path:
    """A project that needs version 1 of `o/r`, which is on the Hub; not locked."""
    hub_client.commit("o/r", "v1", _kernel())
    return project('"o/r" = 1')


def test_every_build_is_locked(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """The lock has the commit of the version and the documented hash of each kind of build."""
    files = {**_kernel(variants=VARIANTS), "build/notes/a.txt": b"", "build/README.md": b"", "README.md": b""}
    commit = hub_client.commit("o/r", "v1", files)
    folder = project('"o/r" = 1')

    result = lock_project(folder)

    assert ["o/r"] == list(result.locks)
    assert commit == result.locks["o/r"].sha
    assert {name: _hash(files, f"build/{name}") for name in VARIANTS} == _hashes(result.locks["o/r"])
    assert folder / "kernels.lock" == result.path
    assert result.locks == read_lock(result.path)
    assert ({}, ()) == (result.before, result.warnings)
    assert [] == check_lock(folder)


def test_a_project_is_locked_with_few_requests(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """For each kernel: its branches, its files, and the metadata of one build for each backend; no contents."""
    hub_client.commit("o/r", "v1", _kernel(variants=VARIANTS))

    lock_project(project('"o/r" = 1'))

    assert 1 == len(hub_client.requests_for("GET /api/kernels/o/r/refs"))
    assert 1 == len(hub_client.requests_for("GET /api/kernels/o/r/tree/*"))
    downloaded = {seen.path.split("/build/")[1] for seen in hub_client.requests_for("GET */resolve/*")}
    assert {
        "torch212-cxx11-cu130-x86_64-linux/metadata.json",
        "torch-stable-abi211-cpu-aarch64-darwin/metadata.json",
    } == downloaded


def test_the_kernels_that_kernels_need_are_locked_too(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """Kernels in need of others are followed to the end, for every backend, by version and by revision."""
    needs_b, needs_c = {"repo-id": "o/b", "version": 2}, {"repo-id": "o/c", "revision": "main"}
    only_metal = {**_kernel(), **_kernel(needs_b, variants=("torch29-metal-aarch64-darwin",))}
    commits = {
        "o/a": hub_client.commit("o/a", "v1", only_metal),
        "o/b": hub_client.commit("o/b", "v2", _kernel(needs_c)),
        "o/c": hub_client.commit("o/c", "main", _kernel({"repo-id": "o/a", "version": 1})),
    }
    folder = project('"o/a" = 1')

    assert commits == {repo_id: lock.sha for repo_id, lock in lock_project(folder).locks.items()}
    assert [] == check_lock(folder)


def test_a_commit_and_a_branch_can_be_locked(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """A revision may be a branch, which moves on, or a commit, which the lock keeps to."""
    old = hub_client.commit("o/commit", "main", _kernel())
    new = hub_client.commit("o/commit", "main", _kernel(body="value = 2\n"))
    branch = hub_client.commit("o/branch", "main", _kernel())
    folder = project(f'"o/commit" = {{ revision = "{old}" }}', '"o/branch" = { revision = "main" }')

    locks = lock_project(folder).locks
    assert {"o/branch": branch, "o/commit": old} == {repo_id: lock.sha for repo_id, lock in locks.items()}
    assert [] == check_lock(folder)

    _change_lock(folder, "o/commit", sha=new)
    assert [f'o/commit is locked to {new}, which is not in the history of revision "{old}"'] == check_lock(folder)


def test_locking_again_changes_nothing(one_kernel: Path) -> None:
    """The same commits give the same bytes."""
    first = lock_project(one_kernel).path.read_bytes()
    again = lock_project(one_kernel)

    assert first == again.path.read_bytes()
    assert {repo_id: lock.sha for repo_id, lock in again.locks.items()} == again.before


def test_a_newer_commit_of_the_version_is_locked_and_is_no_problem_before(
    hub_client: HubServer, one_kernel: Path
) -> None:
    """A lock stays good when the branch moves on; locking again takes the new commit."""
    old = lock_project(one_kernel).locks["o/r"].sha
    new = hub_client.commit("o/r", "v1", _kernel(body="value = 2\n"))

    assert [] == check_lock(one_kernel)
    result = lock_project(one_kernel)
    assert ({"o/r": old}, new, ()) == (result.before, result.locks["o/r"].sha, result.warnings)


def test_another_version_may_have_another_history(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """Going from one version to another, back and forth, is no reason to warn."""
    hub_client.commit("o/r", "v1", _kernel())
    hub_client.commit("o/r", "v2", _kernel(body="value = 2\n"))

    for version in (1, 2, 1):
        assert () == lock_project(project(f'"o/r" = {version}')).warnings


def _move_back(hub: HubServer, commit: str) -> str:
    hub.move_branch("o/r", "v1", commit)
    return commit


def _rewrite(hub: HubServer, commit: str) -> str:
    hub.delete_branch("o/r", "v1")
    return hub.commit("o/r", "v1", _kernel(body="evil = 1\n"))


def _make_anew(hub: HubServer, commit: str) -> str:
    hub.delete_repo("o/r")
    return hub.commit("o/r", "v1", _kernel(body="evil = 1\n"))


@pytest.mark.parametrize("attack", [_move_back, _rewrite, _make_anew])
def test_a_history_that_was_rewritten_is_seen(
    hub_client: HubServer, one_kernel: Path, attack: Callable[[HubServer, str], str]
) -> None:
    """A branch that was moved back or rewritten, and a repository that was made anew, are not locked silently."""
    first = lock_project(one_kernel).locks["o/r"].sha
    second = hub_client.commit("o/r", "v1", _kernel(body="value = 2\n"))
    lock_project(one_kernel)
    offered = attack(hub_client, first)

    assert [f"o/r is locked to {second}, which is not in the history of version 1"] == check_lock(one_kernel)
    result = lock_project(one_kernel)
    assert offered == result.locks["o/r"].sha
    (warning,) = result.warnings
    assert warning.startswith(f"o/r: {second}, the commit that was locked, is in the history of no branch any more; ")


def test_what_cannot_be_locked_is_said_of_each_kernel(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """One error has every problem, and the old lock stays as it was."""
    hub_client.commit("o/r", "v1", _kernel())
    hub_client.commit("o/old", "v1", {"kernel-status.toml": 'kind = "redirect"\ndestination = "o/r"\n'})
    folder = project('"o/r" = 7', '"o/none" = 1', '"o/old" = 1')
    (folder / "kernels.lock").write_text("[]\n", "utf-8")

    with pytest.raises(LockError) as caught:
        lock_project(folder)

    assert [
        f"Could not lock the kernels of {folder}:",
        "  o/none: the Hub has no version 1 of it, or does not show it",
        "  o/old has moved to o/r, and a lock has no place for that; ask for the new one",
        "  o/r: Version 7 not found, available versions: 1 (o/r)",
    ] == str(caught.value).splitlines()
    assert "[]\n" == (folder / "kernels.lock").read_text("utf-8")


def test_two_commits_of_one_kernel_cannot_be_locked(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """A kernel that is needed in two versions is refused with who needs which; two names of one commit are fine."""
    hub_client.commit("o/b", "v1", _kernel())
    hub_client.commit("o/b", "v2", _kernel(body="value = 2\n"))
    hub_client.commit("o/a", "v1", _kernel({"repo-id": "o/b", "version": 2}))
    hub_client.commit("o/c", "v1", _kernel({"repo-id": "o/b", "version": 2}))
    folder = project('"o/a" = 1', '"o/c" = 1', '"o/b" = 1')

    with pytest.raises(LockError) as caught:
        lock_project(folder)

    (problem,) = str(caught.value).splitlines()[1:]
    expected = "o/b is needed as version 1 for the project, as version 2 for o/a and o/c; those are different commits,"
    assert f"  {expected} and a lock has one of each kernel" == problem

    hub_client.move_branch("o/b", "main", hub_client.commit("o/b", "v2", {"README.md": ""}))
    assert {"o/a", "o/b", "o/c"} == set(
        lock_project(project('"o/a" = 1', '"o/c" = 1', '"o/b" = { revision = "main" }')).locks
    )


def test_metadata_that_cannot_be_read_is_a_warning(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """A build without usable metadata is locked, with a warning that what it needs is not known."""
    hub_client.commit("o/r", "v1", {**_kernel(), "build/torch-cuda/metadata.json": b"{}", "build/torch-xpu/a.py": b""})
    folder = project('"o/r" = 1')

    result = lock_project(folder)

    assert ["torch-cpu", "torch-cuda", "torch-xpu"] == list(_hashes(result.locks["o/r"]))
    (warning,) = result.warnings
    assert warning.startswith("o/r: whether build/torch-cuda needs other kernels is not known: ")


def test_an_old_lock_that_cannot_be_read_is_replaced_with_a_warning(one_kernel: Path) -> None:
    """A broken lock is no reason not to make a good one; that nothing was compared is said."""
    (one_kernel / "kernels.lock").write_text("{}", "utf-8")

    (warning,) = lock_project(one_kernel).warnings

    assert warning.startswith("the lock until now could not be compared: ")
    assert [] == check_lock(one_kernel)


def test_progress_is_told(one_kernel: Path) -> None:
    """The caller hears of each kernel, when it is locked and when it is checked."""
    seen: list[tuple[str, int, int]] = []

    lock_project(one_kernel, progress=lambda *news: seen.append(news))
    check_lock(one_kernel, progress=lambda *news: seen.append(news))

    assert [("o/r", 1, 1), ("o/r", 1, 1)] == seen


def _change_lock(folder: Path, repo_id: str, **changes: object) -> None:
    path = folder / "kernels.lock"
    entries = json.loads(path.read_bytes())
    for entry in entries:
        if entry["repo_id"] == repo_id:
            entry.update(changes)
    path.write_text(json.dumps(entries), "utf-8")


def test_a_missing_or_broken_lock_is_a_problem(one_kernel: Path) -> None:
    """A project without a lock, and one whose lock cannot be read, are not in order."""
    path = one_kernel / "kernels.lock"
    assert [f"{path} does not exist; write it with `kernels lock`"] == check_lock(one_kernel)

    path.write_text("[1]", "utf-8")
    assert [f"{path}: `[0]` is 1, expected an object; write it anew with `kernels lock`"] == check_lock(one_kernel)


def test_the_lock_has_what_the_project_needs_and_nothing_else(
    hub_client: HubServer, project: Callable[..., Path]
) -> None:
    """A kernel that is not locked, and one that is locked for nothing, are problems."""
    for name in ("a", "b", "c"):
        hub_client.commit(f"o/{name}", "v1", _kernel())
    lock_project(project('"o/a" = 1', '"o/b" = 1'))

    assert ["o/b is locked, but nothing needs it"] == check_lock(project('"o/a" = 1'))
    folder = project('"o/a" = 1', '"o/b" = 1', '"o/c" = 1')
    assert ["o/c is needed, but not locked"] == check_lock(folder)


def test_a_lock_of_another_version_is_a_problem(hub_client: HubServer, project: Callable[..., Path]) -> None:
    """After the version in `pyproject.toml` has changed, the lock no longer answers it."""
    first = hub_client.commit("o/r", "v1", _kernel())
    hub_client.commit("o/r", "v2", _kernel(body="value = 2\n"))
    lock_project(project('"o/r" = 1'))

    expected = [f"o/r is locked to {first}, which is not in the history of version 2"]
    assert expected == check_lock(project('"o/r" = 2'))
    assert ["o/r: the Hub has no version 3 of it, or does not show it"] == check_lock(project('"o/r" = 3'))


def test_hashes_that_are_not_those_of_the_commit_are_problems(
    hub_client: HubServer, project: Callable[..., Path]
) -> None:
    """Each build whose hash is wrong, missing or superfluous is named; other folders may be locked."""
    files = {**_kernel(variants=VARIANTS[:3]), "build/torch-old-name/a.py": b""}
    commit = hub_client.commit("o/r", "v1", files)
    folder = project('"o/r" = 1')
    lock_project(folder)
    locked = json.loads((folder / "kernels.lock").read_bytes())[0]["variants"]
    other = {"hash": f"sha256-{'0' * 64}", "hash_type": "git_lfs_concat"}
    old = {"hash": _hash(files, "build/torch-old-name"), "hash_type": "git_lfs_concat"}

    _change_lock(
        folder,
        "o/r",
        variants={
            VARIANTS[0]: other,
            VARIANTS[1]: locked[VARIANTS[1]],
            "torch-none": other,
            "torch-old-name": old,
        },
    )

    assert [
        f"the build {VARIANTS[0]} of o/r at {commit} has another hash than the lock says",
        f"the build torch-none is locked, but o/r at {commit} has none of that name",
        f"the build {VARIANTS[2]} of o/r at {commit} is not locked",
    ] == check_lock(folder)


def test_a_lock_of_the_newer_form_is_checked_for_what_it_says(
    hub_client: HubServer, project: Callable[..., Path]
) -> None:
    """It has no hashes, but the version that was asked for."""
    commit = hub_client.commit("o/r", "v1", _kernel())
    hub_client.move_branch("o/r", "v2", commit)
    entry = {"dependency": {"repo-id": "o/r", "version": 1}, "lock": {"commit": commit}}
    (project('"o/r" = 1') / "kernels.lock").write_text(json.dumps([entry]), "utf-8")

    assert [] == check_lock(project('"o/r" = 1'))
    assert ["o/r is locked for version 1, but version 2 is asked for"] == check_lock(project('"o/r" = 2'))


def test_a_hub_that_may_not_be_asked_is_a_problem(one_kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Hub nothing can be said, and nothing is said to be in order."""
    lock_project(one_kernel)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    (problem,) = check_lock(one_kernel)

    assert problem.startswith("o/r: the Hub cannot be reached: ")


def test_what_is_known_can_be_locked_without_the_hub(one_kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one use with the Hub, the same lock can be made again without it."""
    online = lock_project(one_kernel)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    assert online.locks == lock_project(one_kernel).locks


def test_the_project_may_be_given_as_text(one_kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` is the project in the working folder."""
    monkeypatch.chdir(one_kernel)

    assert Path("kernels.lock").samefile(lock_project(".").path)
    assert [] == check_lock(".")
