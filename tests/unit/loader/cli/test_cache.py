"""`kernels cache`, and what is known of the cache behind it."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build
from support.hub import HubServer, client_environment

from kernels.hub import install
from kernels.hub.cache import RepositoryCache
from kernels.hub.inventory import cached_commits, disk_size

Run = Callable[..., Any]
Publish = Callable[..., str]

ANY, OTHER = "torch-universal", "torch-neuron"


@pytest.fixture
def fetch(publish: Publish, run: Run) -> Callable[..., str]:
    """Publish a kernel and bring one build of it into the cache, as its version; the commit."""

    def publish_and_fetch(repo_id: str = "org/kernel", version: int = 1, **build: Any) -> str:
        commit = publish(repo_id, version, variants=(ANY, OTHER), **build)
        install(repo_id, commit, ANY)
        cache = RepositoryCache(repo_id)
        cache.remember_commit(f"v{version}", commit)
        cache.publish_ref(f"v{version}", commit)
        return commit

    return publish_and_fetch


def _tree(commit: str, repo_id: str = "org/kernel", variant: str = ANY) -> Path:
    return RepositoryCache(repo_id).snapshot(commit) / "build" / variant


def _size(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())


def _left(repo_id: str = "org/kernel") -> list[str]:
    """Everything that the cache has of a repository but empty folders."""
    folder = RepositoryCache(repo_id).folder
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_an_empty_cache(hub_client: HubServer, run: Run) -> None:
    """Where nothing is, there is nothing to list, to verify or to remove."""
    folder = RepositoryCache("org/kernel").root

    assert (0, "", f"0 B in {folder}\n") == run("cache", "list")
    assert (0, "", "0 of 0 builds are damaged\n") == run("cache", "verify")
    assert (0, "", "there is nothing to remove\n") == run("cache", "prune")
    assert (0, "", "there is nothing to remove\n") == run("cache", "prune", "org/kernel", "--yes")
    assert not folder.exists()


def test_the_list(fetch: Callable[..., str], run: Run) -> None:
    """A row for each build has where it is from, its size, and whether it was verified."""
    one, two = fetch("org/a"), fetch("org/b", 2)
    sizes = [_size(_tree(one, "org/a")), _size(_tree(two, "org/b"))]
    result = run("cache", "list")

    assert 0 == result.status
    assert [
        ["Repository", "Revisions", "Commit", "Build", "Size", "State"],
        ["org/a", "v1", one[:12], ANY, str(sizes[0]), "B", "verified"],
        ["org/b", "v2", two[:12], ANY, str(sizes[1]), "B", "verified"],
    ] == [line.split() for line in result.out.splitlines()]
    assert f"{sum(sizes)} B in {RepositoryCache('org/a').root}\n" == result.err


def test_the_list_as_json(fetch: Callable[..., str], run: Run) -> None:
    """The document has the same, with whole commits."""
    commit = fetch()
    size = _size(_tree(commit))

    assert {
        "folder": str(RepositoryCache("org/kernel").root),
        "size": size,
        "commits": [
            {
                "repo_id": "org/kernel",
                "revisions": ["v1"],
                "commit": commit,
                "size": size,
                "builds": [{"variant": ANY, "size": size, "state": "verified"}],
            }
        ],
    } == json.loads(run("cache", "list", "--json").out)


def _touch(tree: Path) -> None:
    os.utime(tree / "metadata.json", ns=(0, 0))


def _remove_file(tree: Path) -> None:
    (tree / "metadata.json").unlink()


def _remove_contents(tree: Path) -> None:
    Path(os.path.realpath(tree / "metadata.json")).unlink()


@pytest.mark.parametrize(
    ("change", "state"),
    [(_touch, "changed"), (_remove_file, "changed"), (_remove_contents, "changed")],
)
def test_states_of_verified_builds(
    fetch: Callable[..., str], run: Run, change: Callable[[Path], object], state: str
) -> None:
    """A build that was verified, and has been touched since, is not shown as verified."""
    change(_tree(fetch()))

    assert [state] == [build.state for commit in cached_commits() for build in commit.builds]


def test_states_of_other_builds(fetch: Callable[..., str], run: Run) -> None:
    """What another program left is not verified; what was fetched in part is incomplete."""
    commit = fetch()
    cache = RepositoryCache("org/kernel")
    cache.receipt(commit, ANY).unlink()
    unverified = cached_commits("org/kernel")[0].builds[0].state
    (_tree(commit) / "__init__.py").unlink()
    incomplete = cached_commits("org/kernel")[0].builds[0].state
    shutil.rmtree(cache.folder / ".kernels")
    unknown = cached_commits("org/kernel")[0].builds[0].state

    assert ["unverified", "incomplete", "unverified"] == [unverified, incomplete, unknown]


def test_what_is_no_kernel_is_passed_over(fetch: Callable[..., str], run: Run) -> None:
    """Models, files and folders of other names are none of ours, nor are listings of what was never fetched."""
    commit = fetch()
    root = RepositoryCache("org/kernel").root
    for name in ("models--org--model/snapshots/x/build/torch-cpu", "kernels--org", "kernels--a--b--c", "blobs"):
        (root / name).mkdir(parents=True)
    (root / "kernels--org--file").write_text("", "utf-8")
    RepositoryCache("org/listed").remember_files("0" * 40, {})
    document = json.loads(run("cache", "list", "--json").out)

    assert [commit] == [one["commit"] for one in document["commits"]]


def test_commits_share_their_files(fetch: Callable[..., str]) -> None:
    """What two commits have in common counts once on the disk."""
    commits = [fetch(version=version, files={"own.py": str(version)}, id="_same_id") for version in (1, 2)]
    found = cached_commits("org/kernel")

    assert sorted(commits) == [commit.commit for commit in found]
    assert disk_size(found) < sum(disk_size([commit]) for commit in found)
    assert _size(RepositoryCache("org/kernel").folder / "blobs") == disk_size(found)


def test_verify(fetch: Callable[..., str], hub_client: HubServer, run: Run) -> None:
    """Every byte is compared with what the Hub listed, without asking it; damage is named, and is status 1."""
    good, bad = fetch("org/a"), fetch("org/b", body="value = 1")
    hub_client.clear_requests()
    path = Path(os.path.realpath(_tree(bad, "org/b") / "__init__.py"))
    status = path.stat()
    path.write_text("value = 2", "utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    result = run("cache", "verify")
    lines = result.out.splitlines()

    assert (1, "1 of 2 builds are damaged\n", []) == (result.status, result.err, hub_client.requests)
    assert f"✅ org/a at {good[:12]}: {ANY}" == lines[0]
    assert lines[1].startswith(f"❌ org/b at {bad[:12]}: {ANY}: ")
    assert "__init__.py is not what the Hub has" in lines[1]
    assert lines[1].endswith("; to download it again: kernels cache prune org/b")
    assert 0 == run("cache", "verify", "org/a").status


def test_verify_without_what_the_hub_listed(fetch: Callable[..., str], run: Run) -> None:
    """Where the listing is not known, a receipt or the digest of the build has to do, or nothing can be said."""
    commit = fetch()
    notes = RepositoryCache("org/kernel").folder / ".kernels" / commit
    (notes / "files.json").unlink()
    by_receipt = run("cache", "verify", "--json")
    shutil.rmtree(notes)
    by_nothing = run("cache", "verify", "--json")

    assert ["good", "unknown"] == [json.loads(one.out)["builds"][0]["state"] for one in (by_receipt, by_nothing)]
    assert [0, 0] == [by_receipt.status, by_nothing.status]
    assert f"   org/kernel at {commit[:12]}: {ANY}: nothing says what it must be\n" == run("cache", "verify").out


def test_verify_by_the_digest(hub_client: HubServer, run: Run, tmp_path: Path) -> None:
    """A build with a digest is compared with that."""
    make_build(tmp_path / "kernel" / "build" / ANY)
    commit = hub_client.publish(tmp_path / "kernel", "org/kernel")
    install("org/kernel", commit, ANY)
    shutil.rmtree(RepositoryCache("org/kernel").folder / ".kernels")
    good = run("cache", "verify")
    Path(os.path.realpath(_tree(commit) / "__init__.py")).write_text("changed", "utf-8")
    bad = run("cache", "verify")

    assert [0, 1] == [good.status, bad.status]
    assert "__init__.py is not what the digest in its metadata.json says" in bad.out


def test_verify_of_a_part(fetch: Callable[..., str], run: Run) -> None:
    """Of a build that was fetched in part, that part is compared."""
    commit = fetch()
    RepositoryCache("org/kernel").receipt(commit, ANY).unlink()
    (_tree(commit) / "__init__.py").unlink()
    part = run("cache", "verify")
    Path(os.path.realpath(_tree(commit) / "metadata.json")).write_text("changed", "utf-8")
    damaged = run("cache", "verify")

    assert (0, f"   org/kernel at {commit[:12]}: {ANY}: only a part was fetched, and that is good\n") == part[:2]
    assert (1, True) == (damaged.status, "is not what the Hub has: metadata.json" in damaged.out)


def test_a_verified_build_that_lost_a_file_is_damaged(fetch: Callable[..., str], run: Run) -> None:
    """A build that was whole is not taken for one that was fetched in part."""
    (_tree(fetch()) / "__init__.py").unlink()
    result = run("cache", "verify", "org/kernel")

    assert (1, True) == (result.status, "__init__.py is missing" in result.out)


def test_removing_a_repository(fetch: Callable[..., str], hub_client: HubServer, run: Run) -> None:
    """All that the cache has of a repository goes, and nothing else; it is fetched again when it is needed."""
    commit = fetch("org/a")
    fetch("org/b")
    before = _left("org/b")
    size = _size(_tree(commit, "org/a"))
    result = run("cache", "prune", "org/a", "--yes")

    assert (0, f"org/a at {commit[:12]}: {ANY}\n", f"{size} B freed\n") == result
    assert not RepositoryCache("org/a").folder.exists()
    assert not (RepositoryCache("org/a").root / ".locks" / "kernels--org--a").exists()
    assert before == _left("org/b")
    assert _tree(commit, "org/a") == install("org/a", commit, ANY)[0]


def test_a_damaged_repository_can_be_removed(fetch: Callable[..., str], run: Run) -> None:
    """What is wrong with a cache does not keep it from being removed."""
    commit = fetch()
    cache = RepositoryCache("org/kernel")
    shutil.rmtree(cache.folder / "blobs")
    (cache.folder / "refs" / "v9").write_text("f" * 40, "utf-8")

    assert 0 == run("cache", "prune", "org/kernel", "--yes").status
    assert not cache.folder.exists()
    assert [] == [one for one in cached_commits() if one.commit == commit]


def test_removing_what_no_revision_names(fetch: Callable[..., str], run: Run) -> None:
    """A commit that a version has left goes, with the contents that only it had; the others stay whole."""
    old = fetch(id="_same_id", files={"old.py": "old"})
    new = fetch(id="_same_id", files={"old.py": "new"})
    partial = RepositoryCache("org/kernel").folder / "blobs" / f"{'0' * 40}.incomplete"
    partial.write_text("some", "utf-8")
    result = run("cache", "prune", "--yes")

    assert (0, f"org/kernel at {old[:12]}: {ANY}\n", "3 B freed\n") == result
    assert [new] == [one.commit for one in cached_commits()]
    assert ["verified"] == [build.state for build in cached_commits()[0].builds]
    assert [] == [path for path in _left() if old in path]
    assert partial.exists()
    assert (0, "", "there is nothing to remove\n") == run("cache", "prune", "--yes")


def test_a_kernel_of_a_commit_is_removed(publish: Publish, run: Run) -> None:
    """A kernel that was only ever asked for by its commit has no name, and goes."""
    commit = publish(variants=(ANY,))
    install("org/kernel", commit, ANY)

    assert 0 == run("cache", "prune", "--yes").status
    assert [] == cached_commits()
    assert _tree(commit) == install("org/kernel", commit, ANY)[0]


def test_what_is_half_removed_is_removed(fetch: Callable[..., str], run: Run, publish: Publish) -> None:
    """A removal that was cut short leaves nothing that counts as verified, and the next one finishes it."""
    commit = fetch()
    cache = RepositoryCache("org/kernel")
    shutil.rmtree(cache.folder / ".kernels" / commit)  # how far it came
    cache.remember_commit("v1", publish(files={"new.py": ""}))
    (cache.folder / "refs" / "v1").unlink()
    shutil.rmtree(cache.snapshot(commit))
    (cache.folder / ".kernels" / commit).mkdir()

    assert 0 == run("cache", "prune", "--yes").status
    assert [".kernels/refs/v1"] == [path for path in _left() if not path.startswith(".locks")]


def test_both_names_of_a_commit_count(fetch: Callable[..., str], run: Run) -> None:
    """A commit stays that only the Hub client has a name for, or only this package."""
    theirs = fetch(id="_same_id", files={"new.py": "1"})
    ours = fetch(id="_same_id", files={"new.py": "2"})
    refs = RepositoryCache("org/kernel").folder / "refs"
    (refs / "refs" / "pr").mkdir(parents=True)
    (refs / "v1").rename(refs / "refs" / "pr" / "1")
    (refs / "refs" / "pr" / "1").write_text(theirs, "utf-8")

    assert {theirs: ("refs/pr/1",), ours: ("v1",)} == {one.commit: one.revisions for one in cached_commits()}
    assert (0, "", "there is nothing to remove\n") == run("cache", "prune", "--yes")


def test_contents_without_a_commit_are_removed(fetch: Callable[..., str], run: Run) -> None:
    """What is left of a repository whose commits somebody removed goes with the repository."""
    shutil.rmtree(RepositoryCache("org/kernel").snapshot(fetch()).parent)
    shutil.rmtree(RepositoryCache("org/kernel").folder / ".kernels")

    assert (0, "", "0 B freed\n") == run("cache", "prune", "org/kernel", "--yes")
    assert [] == _left()


def test_a_dry_run(fetch: Callable[..., str], run: Run) -> None:
    """`--dry-run` says what would go, and removes nothing."""
    commit = fetch()
    before = _left()
    size = _size(_tree(commit))

    assert (0, f"org/kernel at {commit[:12]}: {ANY}\n", f"{size} B would be freed\n") == run(
        "cache", "prune", "org/kernel", "--dry-run"
    )
    assert before == _left()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status", "is_left"), [("y\n", 0, False), ("\n", 1, True)])
def test_the_person_is_asked(
    fetch: Callable[..., str], run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, is_left: bool
) -> None:
    """On a terminal the person is asked; anything but yes removes nothing."""
    size = _size(_tree(fetch()))
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    result = run("cache", "prune", "org/kernel")

    assert (status, is_left) == (result.status, bool(_left()))
    assert result.err.startswith(f"Remove this and free {size} B? [y/N] ")


def test_nobody_to_ask(fetch: Callable[..., str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nothing is removed, and the option that removes it is named."""
    fetch()
    before = _left()
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    result = run("cache", "prune", "org/kernel")

    assert (2, before) == (result.status, _left())
    assert "add --yes" in result.err


def test_what_cannot_be_removed_is_said(fetch: Callable[..., str], run: Run, request: pytest.FixtureRequest) -> None:
    """What may not be removed is named in one line, and the status is 1."""
    snapshots = RepositoryCache("org/kernel").snapshot(fetch()).parent
    request.addfinalizer(lambda: snapshots.chmod(0o700))
    snapshots.chmod(0o500)
    if os.access(snapshots, os.W_OK):
        pytest.skip("nothing keeps this user from removing files")
    result = run("cache", "prune", "org/kernel", "--yes")

    assert 1 == result.status
    assert result.err.startswith(f"kernels: error: {snapshots.parent} could not be removed; ")
    assert 1 == len(result.err.splitlines())


@pytest.mark.parametrize("action", ["verify", "prune"])
def test_a_name_that_leads_elsewhere_is_refused(run: Run, action: str) -> None:
    """Only the name of a repository is taken."""
    assert 2 == run("cache", action, "../..").status


def test_contents_that_repositories_share(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Hub client keeps once for all repositories stays as long as one of them has it."""
    pytest.importorskip("hf_xet")
    files = {f"build/{ANY}/__init__.py": b"", f"build/{ANY}/ops.so": bytes(range(256)) * 400}
    with HubServer(xet=tmp_path / "xet-store") as hub:
        client_environment(monkeypatch, hub, tmp_path / "hf", xet=True)
        for repo_id in ("org/a", "org/b"):
            install(repo_id, hub.commit(repo_id, "v1", files), ANY)
    root = RepositoryCache("org/a").root

    def shared() -> list[Path]:
        return [path for path in (root / "blobs").glob("*/*") if path.stat().st_size == 256 * 400]

    if not shared():
        pytest.skip("this Hub client shares nothing")
    listed = run("cache", "list")
    removed = run("cache", "prune", "org/a", "--yes")

    assert listed.err.startswith("102.4 kB in ")
    assert "0 B freed\n" == removed.err
    assert 1 == len(shared())
    assert (0, "102.4 kB freed\n") == run("cache", "prune", "--yes")[::2]
    assert [] == shared()
