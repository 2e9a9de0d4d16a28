"""The Hub of the tests, as the real client sees it: reading repositories."""

import hashlib
import http.client
import os
import subprocess
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import HfApi, RepoFile, RepoFolder
from support.hub import HubServer, client_environment
from support.hub.git import blob_oid
from support.hub.store import Blob, Commit

REPO = "org/name"
NATIVE = bytes(range(256)) * 4
FILES = {"README.md": b"# A kernel\n", "build/cpu/__init__.py": b"value = 1\n", "build/cpu/ops.so": NATIVE}


def _get(hub: HubServer, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(hub.endpoint.removeprefix("http://"), timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def _paths(revision: str, folder: str | None = None, *, recursive: bool = True) -> list[str]:
    tree = HfApi().list_repo_tree(REPO, folder, repo_type="kernel", revision=revision, recursive=recursive)
    return [entry.path for entry in tree]


def test_kernel_info(hub_client: HubServer) -> None:
    """The facts of a kernel are those of the revision that was asked for, also through functions of the module."""
    commit = hub_client.commit(REPO, "v1", FILES)

    info = huggingface_hub.kernel_info(REPO, revision="v1")

    assert (REPO, "org", commit, False, False) == (info.id, info.author, info.sha, info.private, info.gated)
    assert commit != HfApi().kernel_info(REPO).sha


def test_refs(hub_client: HubServer) -> None:
    """Branches are listed with the commits that they point at."""
    commit = hub_client.commit(REPO, "v1", FILES)
    hub_client.move_branch(REPO, "v2", commit)
    hub_client.delete_branch(REPO, "main")

    refs = HfApi().list_repo_refs(REPO, repo_type="kernel")

    assert [("v1", "refs/heads/v1", commit), ("v2", "refs/heads/v2", commit)] == [
        (branch.name, branch.ref, branch.target_commit) for branch in refs.branches
    ]


def test_tree(hub_client: HubServer) -> None:
    """A listing has files and folders, git ids, sizes, and the sha256 of what LFS stores."""
    hub_client.commit(REPO, "v1", FILES)

    tree = list(HfApi().list_repo_tree(REPO, repo_type="kernel", revision="v1", recursive=True))

    files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    assert [".gitattributes", *FILES] == list(files)
    assert ["build", "build/cpu"] == [entry.path for entry in tree if isinstance(entry, RepoFolder)]
    assert hashlib.sha1(b"blob 10\0value = 1\n", usedforsecurity=False).hexdigest() == (
        files["build/cpu/__init__.py"].blob_id
    )
    assert files["build/cpu/__init__.py"].lfs is None
    lfs = files["build/cpu/ops.so"].lfs
    assert lfs is not None
    assert (hashlib.sha256(NATIVE).hexdigest(), len(NATIVE)) == (lfs.sha256, lfs.size)


def test_tree_of_a_folder(hub_client: HubServer) -> None:
    """A folder can be listed alone, and one that is not there is an error."""
    hub_client.commit(REPO, "v1", FILES)

    assert ["build/cpu/__init__.py", "build/cpu/ops.so"] == _paths("v1", "build")[1:]
    assert ["build/cpu"] == _paths("v1", "build", recursive=False)
    with pytest.raises(EntryNotFoundError):
        _paths("v1", "missing")


def test_tree_in_pages(hub_client: HubServer) -> None:
    """A long listing comes in pages, and the client finds all of them."""
    hub_client.store.page_size = 2
    hub_client.commit(REPO, "v1", FILES)
    hub_client.clear_requests()

    assert [".gitattributes", "README.md", "build", "build/cpu", *list(FILES)[1:]] == _paths("v1")
    assert 3 == len(hub_client.requests_for("GET */tree/v1"))


def test_last_commits(hub_client: HubServer) -> None:
    """An expanded listing names the commit that changed a file or folder last."""
    first = hub_client.commit(REPO, "v1", FILES)
    second = hub_client.commit(REPO, "v1", {"README.md": "# Better\n"}, title="Better words")

    tree = HfApi().list_repo_tree(REPO, repo_type="kernel", revision="v1", expand=True)

    assert {"README.md": (second, "Better words"), "build": (first, "Change files")} == {
        entry.path: (entry.last_commit.oid, entry.last_commit.title)
        for entry in tree
        if entry.last_commit is not None and entry.path != ".gitattributes"
    }


def test_paths_info_with_last_commits(hub_client: HubServer) -> None:
    """What is asked for by name can be expanded too."""
    commit = hub_client.commit(REPO, "v1", FILES)

    found = HfApi().get_paths_info(REPO, "build", revision="v1", repo_type="kernel", expand=True)

    assert [commit] == [entry.last_commit.oid for entry in found if entry.last_commit]


def test_paths_info(hub_client: HubServer) -> None:
    """Files and folders can be asked for by name; what is not there is left out."""
    hub_client.commit(REPO, "v1", FILES)

    found = HfApi().get_paths_info(REPO, ["build", "README.md", "missing"], revision="v1", repo_type="kernel")

    assert [("build", None), ("README.md", None)] == [(entry.path, entry.last_commit) for entry in found]


def test_commits(hub_client: HubServer) -> None:
    """The history of a branch comes newest first, from every page."""
    hub_client.store.page_size = 2
    ids = [hub_client.commit(REPO, "v1", {"a": str(number)}, title=f"Step {number}") for number in range(4)]

    history = HfApi().list_repo_commits(REPO, repo_type="kernel", revision="v1")

    assert ["Step 3", "Step 2", "Step 1", "Step 0", "initial commit"] == [commit.title for commit in history]
    assert ids[::-1] == [commit.commit_id for commit in history[:-1]]
    assert [4, 3, 2, 1, 0] == [commit.created_at.minute for commit in history]


@pytest.mark.parametrize("path", FILES)
def test_download_of_a_file(hub_client: HubServer, path: str) -> None:
    """A file comes with the bytes that were committed, whether LFS stores it or not."""
    commit = hub_client.commit(REPO, "v1", FILES)

    local = Path(huggingface_hub.hf_hub_download(REPO, path, repo_type="kernel", revision="v1"))

    assert FILES[path] == local.read_bytes()
    assert commit in local.parts


def test_download_of_a_snapshot(hub_client: HubServer) -> None:
    """A snapshot has the files that match, and the second time nothing is sent again."""
    hub_client.commit(REPO, "v1", FILES)

    def download() -> list[str]:
        folder = huggingface_hub.snapshot_download(REPO, repo_type="kernel", revision="v1", allow_patterns="build/*")
        return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())

    assert ["build/cpu/__init__.py", "build/cpu/ops.so"] == download()
    hub_client.clear_requests()
    assert ["build/cpu/__init__.py", "build/cpu/ops.so"] == download()
    assert [] == hub_client.requests_for("*/resolve/*")


@pytest.mark.parametrize(
    ("wanted", "status", "place", "body"),
    [
        ("bytes=2-4", 206, "bytes 2-4/10", b"234"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=8-99", 206, "bytes 8-9/10", b"89"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("lines=1-2", 200, None, b"0123456789"),
    ],
)
def test_range(hub: HubServer, wanted: str, status: int, place: str | None, body: bytes) -> None:
    """A part of a file comes as a part, and one outside of it is refused."""
    hub.commit(REPO, "v1", {"digits": "0123456789"})

    actual, headers, content = _get(hub, f"/kernels/{REPO}/resolve/v1/digits", Range=wanted)

    assert (status, place, body) == (actual, headers.get("Content-Range"), content)


def test_headers_of_a_file(hub: HubServer) -> None:
    """A file says its commit and version; only what LFS stores says so."""
    commit = hub.commit(REPO, "v1", FILES)

    def headers(path: str) -> dict[str, str]:
        found = _get(hub, f"/kernels/{REPO}/resolve/v1/{path}")[1]
        return {name: value for name, value in found.items() if name.startswith("X-") or name == "ETag"}

    etag = f'"{hashlib.sha256(NATIVE).hexdigest()}"'
    assert {"X-Repo-Commit": commit, "ETag": etag, "X-Linked-Etag": etag, "X-Linked-Size": "1024"} == (
        headers("build/cpu/ops.so")
    )
    assert {"X-Repo-Commit": commit, "ETag": f'"{blob_oid(FILES["README.md"])}"'} == headers("README.md")


def test_other_types(hub_client: HubServer) -> None:
    """A model is another repository than the kernel of the same name."""
    hub_client.commit(REPO, "main", {"a": "kernel"})
    hub_client.commit(REPO, "main", {"a": "model"}, type="model")

    assert "model" == Path(huggingface_hub.hf_hub_download(REPO, "a")).read_text()
    assert "kernel" == Path(huggingface_hub.hf_hub_download(REPO, "a", repo_type="kernel")).read_text()


def test_list_of_kernels(hub: HubServer) -> None:
    """Public kernels can be listed."""
    hub.create_repo("org/b")
    hub.create_repo("org/a")
    hub.create_repo("org/secret", private=True)

    status, _, body = _get(hub, "/api/kernels")

    assert (200, 2) == (status, body.count(b'"id"'))
    assert body.index(b"org/a") < body.index(b"org/b")


def test_what_is_not_there(hub_client: HubServer) -> None:
    """Repository, revision, file and page that do not exist are told apart."""
    hub_client.commit(REPO, "v1", FILES)

    for token, status in ((False, 401), (hub_client.token, 404)):
        with pytest.raises(RepositoryNotFoundError) as caught:
            HfApi(token=token).kernel_info("org/missing")
        assert status == caught.value.response.status_code
    with pytest.raises(RevisionNotFoundError):
        HfApi().kernel_info(REPO, revision="v2")
    with pytest.raises(EntryNotFoundError):
        huggingface_hub.hf_hub_download(REPO, "missing-漢", repo_type="kernel")
    assert 404 == _get(hub_client, "/nothing")[0]


def test_deleted_repository(hub_client: HubServer) -> None:
    """A repository that is deleted is not found."""
    hub_client.commit(REPO, "v1", FILES)
    hub_client.delete_repo(REPO)

    assert not HfApi().repo_exists(REPO, repo_type="kernel")


def test_private_repository(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private repository is there for its writers only."""
    hub.create_repo("someone/secret", private=True)
    token = hub.user("someone")

    client_environment(monkeypatch, hub, tmp_path, token=hub.token)
    assert not HfApi().repo_exists("someone/secret", repo_type="kernel")
    client_environment(monkeypatch, hub, tmp_path, token=token)
    assert HfApi().kernel_info("someone/secret").private


def test_gated_repository(hub_client: HubServer) -> None:
    """The facts of a gated repository are public, its files are not."""
    hub_client.create_repo(REPO, gated=True)

    assert "auto" == HfApi().kernel_info(REPO).gated
    with pytest.raises(GatedRepoError):
        huggingface_hub.hf_hub_download(REPO, ".gitattributes", repo_type="kernel")


def test_ids_are_those_of_git(tmp_path: Path) -> None:
    """Trees and commits have the ids that git gives them, and the same commits have the same ids anywhere."""
    contents = {"a.b": b"1", "a/c/d": b"2", "a/b": b"3", "a0": b"4"}
    commit = Commit.of({path: Blob.of(content, lfs=False) for path, content in contents.items()}, None, "first")
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    who = {"NAME": "Hub of the tests", "EMAIL": "hub@example.invalid", "DATE": "2026-01-01T00:00:00Z"}
    environment = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.check_output(command, text=True, env={**os.environ, **environment}).strip()

    git("init", "--quiet")
    git("add", "--all")

    tree = git("write-tree")
    assert tree == commit.folders[""]
    assert git("rev-parse", f"{tree}:a/c") == commit.folders["a/c"]
    assert git("commit-tree", tree, "-m", "first") == commit.id


def test_commits_are_deterministic() -> None:
    """Two Hubs that are told the same have commits of the same ids; another parent gives another id."""
    with HubServer() as one, HubServer() as other:
        assert one.commit(REPO, "v1", FILES) == other.commit(REPO, "v1", FILES)
        assert one.commit(REPO, "v1", FILES) != one.commit(REPO, "v2", FILES)
