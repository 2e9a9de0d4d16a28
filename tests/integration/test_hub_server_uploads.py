"""Uploads of the real client to the Hub of the tests."""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import CommitInfo, HfApi, RepoFile
from packaging.version import Version
from support.hub import HubServer, client_environment

pytestmark = [
    pytest.mark.skipif(
        Version(version("huggingface_hub")) < Version("2.3.0"), reason="older clients do not upload kernels"
    ),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),  # of the client, in its LFS upload
]

REPO = "org/name"
NATIVE = bytes(range(256)) * 400


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub with an empty kernel, to which the client of this process may write."""
    hub.create_repo(REPO)
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    return hub


def _commit(
    *operations: CommitOperationAdd | CommitOperationDelete,
    revision: str = "main",
    parent_commit: str | None = None,
    create_pr: bool = False,
    message: str = "Change",
    description: str = "",
) -> CommitInfo:
    return HfApi().create_commit(
        REPO,
        operations,
        repo_type="kernel",
        revision=revision,
        parent_commit=parent_commit,
        create_pr=create_pr,
        commit_message=message,
        commit_description=description,
    )


def _files(revision: str = "main") -> dict[str, RepoFile]:
    tree = HfApi().list_repo_tree(REPO, repo_type="kernel", revision=revision, recursive=True)
    return {entry.path: entry for entry in tree if isinstance(entry, RepoFile) and entry.path != ".gitattributes"}


def _read(path: str, revision: str = "main") -> bytes:
    return Path(huggingface_hub.hf_hub_download(REPO, path, repo_type="kernel", revision=revision)).read_bytes()


def _status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return int(error.value.response.status_code)


def test_create_repository(writer: HubServer) -> None:
    """A repository is made once; its `main` has the first commit."""
    url = HfApi().create_repo("org/new", repo_type="kernel")

    assert (f"{writer.endpoint}/kernels/org/new", "kernel", "org/new") == (str(url), url.repo_type, url.repo_id)
    assert url == HfApi().create_repo("org/new", repo_type="kernel", exist_ok=True)
    assert ["initial commit"] == [commit.title for commit in HfApi().list_repo_commits("org/new", repo_type="kernel")]
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().create_repo("org/new", repo_type="kernel")
    assert 409 == _status(caught)


def test_create_private_repository(writer: HubServer) -> None:
    """A repository can be private from the start, and is the sender's own where no owner is named."""
    assert "tester/new" == HfApi().create_repo("new", repo_type="kernel", private=True).repo_id
    assert HfApi().kernel_info("tester/new").private
    assert not HfApi(token=False).repo_exists("tester/new", repo_type="kernel")


def test_no_right_to_create(writer: HubServer) -> None:
    """Strangers, other users and organizations without the right get no kernel repository."""
    writer.user("someone")
    writer.forbid_kernels("closed")

    def status(repo_id: str, *, token: str | bool | None = None) -> int:
        with pytest.raises(HfHubHTTPError) as caught:
            HfApi().create_repo(repo_id, repo_type="kernel", token=token)
        return _status(caught)

    assert 401 == status("org/new", token=False)
    assert 403 == status("someone/new")
    assert 403 == status("closed/new")


def test_delete_repository(writer: HubServer) -> None:
    """A repository is deleted once."""
    HfApi().delete_repo(REPO, repo_type="kernel")

    assert not HfApi().repo_exists(REPO, repo_type="kernel")
    HfApi().delete_repo(REPO, repo_type="kernel", missing_ok=True)
    with pytest.raises(RepositoryNotFoundError):
        HfApi().delete_repo(REPO, repo_type="kernel")


def test_branches(writer: HubServer) -> None:
    """A branch starts at `main` or where it is told, is made once, and is deleted."""
    first = writer.commit(REPO, "main", {"a": "1"})
    second = writer.commit(REPO, "main", {"a": "2"})
    HfApi().create_branch(REPO, branch="v2", repo_type="kernel")
    HfApi().create_branch(REPO, branch="v1", revision=first, repo_type="kernel")
    HfApi().create_branch(REPO, branch="v1", repo_type="kernel", exist_ok=True)

    def branches() -> dict[str, str]:
        refs = HfApi().list_repo_refs(REPO, repo_type="kernel")
        return {branch.name: branch.target_commit for branch in refs.branches}

    assert {"main": second, "v2": second, "v1": first} == branches()
    HfApi().delete_branch(REPO, branch="v1", repo_type="kernel")
    assert {"main": second, "v2": second} == branches()
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().create_branch(REPO, branch="v2", repo_type="kernel")
    assert 409 == _status(caught)
    with pytest.raises(RevisionNotFoundError):
        HfApi().create_branch(REPO, branch="v3", revision="missing", repo_type="kernel")


def test_tags(writer: HubServer) -> None:
    """A tag names a commit until it is deleted."""
    commit = writer.commit(REPO, "v1", {"a": "1"})
    HfApi().create_tag(REPO, tag="1.0", revision="v1", repo_type="kernel")

    assert commit == HfApi().kernel_info(REPO, revision="1.0").sha
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().create_tag(REPO, tag="1.0", repo_type="kernel")
    assert 409 == _status(caught)
    HfApi().delete_tag(REPO, tag="1.0", repo_type="kernel")
    assert [] == HfApi().list_repo_refs(REPO, repo_type="kernel").tags


def test_commit(writer: HubServer, tmp_path: Path) -> None:
    """Files of all kinds come back as they were sent, also empty ones; large ones went by LFS."""
    native = tmp_path / "ops.so"
    native.write_bytes(NATIVE)

    info = _commit(
        CommitOperationAdd("build/cpu/__init__.py", b"value = 1\n"),
        CommitOperationAdd("build/cpu/ops.so", native),
        CommitOperationAdd("build/cpu/table", b"\0\1"),
        CommitOperationAdd("build/cpu/words.so", b"words"),
        CommitOperationAdd("build/cpu/empty.so", b""),
        message="First",
        description="With words",
    )

    assert info.oid == HfApi().kernel_info(REPO).sha
    contents = {path: _read(path) for path in _files()}
    assert {
        "build/cpu/__init__.py": b"value = 1\n",
        "build/cpu/empty.so": b"",
        "build/cpu/ops.so": NATIVE,
        "build/cpu/table": b"\0\1",
        "build/cpu/words.so": b"words",
    } == contents
    assert ["build/cpu/ops.so", "build/cpu/table", "build/cpu/words.so"] == [
        path for path, file in _files().items() if file.lfs
    ]
    newest = HfApi().list_repo_commits(REPO, repo_type="kernel")[0]
    assert (info.oid, "First", "With words") == (newest.commit_id, newest.title, newest.message)


def test_lfs_protocol(writer: HubServer) -> None:
    """An object is sent once and verified; where the Hub has it, nothing is sent."""
    _commit(CommitOperationAdd("a.so", NATIVE))
    first = [(seen.method, seen.received) for seen in writer.requests_for("* /lfs/*")]
    writer.clear_requests()
    _commit(CommitOperationAdd("b.so", NATIVE))

    assert ("PUT", len(NATIVE)) == first[0]
    assert ["PUT", "POST"] == [method for method, _ in first]
    assert 1 == len(writer.requests_for("POST */info/lfs/objects/batch"))
    assert [] == writer.requests_for("* /lfs/*")
    assert NATIVE == _read("b.so")


def test_deletions(writer: HubServer) -> None:
    """Files and folders go, before files of the same commit come; a file that is not there is an error."""
    writer.commit(REPO, "main", {"a": "1", "build/old/x": "2", "build/old/y": "3", "builder": "4"})

    _commit(CommitOperationDelete("a"), CommitOperationDelete("build/"), CommitOperationAdd("build/new/x", b"5"))

    assert ["build/new/x", "builder"] == list(_files())
    with pytest.raises(EntryNotFoundError):
        _commit(CommitOperationDelete("a"))


def test_unchanged_files(writer: HubServer) -> None:
    """What is on the Hub already makes no commit, for regular and LFS files."""
    head = writer.commit(REPO, "main", {"a": "1", "b.so": NATIVE})

    info = _commit(CommitOperationAdd("a", b"1"), CommitOperationAdd("b.so", NATIVE))

    assert head == info.oid == HfApi().kernel_info(REPO).sha
    assert [] == writer.requests_for("POST */commit/*")


def test_stale_parent(writer: HubServer) -> None:
    """A commit on top of one that is no longer the newest is refused and changes nothing."""
    old = writer.commit(REPO, "main", {"a": "1"})
    new = writer.commit(REPO, "main", {"a": "2"})

    with pytest.raises(HfHubHTTPError) as caught:
        _commit(CommitOperationAdd("a", b"3"), parent_commit=old)

    assert 412 == _status(caught)
    assert new == HfApi().kernel_info(REPO).sha
    assert b"4" == _read("a", _commit(CommitOperationAdd("a", b"4"), parent_commit=new).oid)


def test_no_right_to_write(writer: HubServer) -> None:
    """Other users and strangers commit nothing."""
    writer.commit("someone/kernel", "main", {"a": "1"})
    writer.user("someone")

    for token, status in ((None, 403), (False, 401)):
        with pytest.raises(HfHubHTTPError) as caught:
            HfApi().create_branch("someone/kernel", branch="v1", repo_type="kernel", token=token)
        assert status == _status(caught)


def test_pull_request(writer: HubServer) -> None:
    """A pull request of somebody without the right to write is a ref of its own; the branch stays as it was."""
    writer.commit(REPO, "v1", {"a": "1"})
    writer.user("org")

    for number in (1, 2):
        info = _commit(CommitOperationAdd("a.so", NATIVE), revision="v1", create_pr=True)
        assert (f"{writer.endpoint}/kernels/{REPO}/discussions/{number}", number, f"refs/pr/{number}") == (
            info.pr_url,
            info.pr_num,
            info.pr_revision,
        )

    assert ["a"] == list(_files("v1"))
    assert ["a", "a.so"] == list(_files("refs/pr/2"))
    refs = HfApi().list_repo_refs(REPO, repo_type="kernel", include_pull_requests=True)
    assert ["refs/pr/1", "refs/pr/2"] == [ref.ref for ref in refs.pull_requests or []]


def test_commit_to_a_pull_request(writer: HubServer) -> None:
    """A pull request takes more commits."""
    _commit(CommitOperationAdd("a", b"1"), create_pr=True)

    _commit(CommitOperationAdd("b", b"2"), revision="refs/pr/1")

    assert ["a", "b"] == list(_files("refs/pr/1"))


def test_commit_to_nowhere(writer: HubServer) -> None:
    """A commit goes to a branch that is there, not to a tag or to a commit."""
    head = writer.commit(REPO, "main", {"a": "1"})

    with pytest.raises(RevisionNotFoundError):
        _commit(CommitOperationAdd("a", b"2"), revision="missing")
    with pytest.raises(HfHubHTTPError) as caught:
        _commit(CommitOperationAdd("a", b"2"), revision=head)
    assert 400 == _status(caught)


_SHA256 = hashlib.sha256(NATIVE).hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("PUT", f"lfs/{_SHA256}", b"other", 400, "does not have the sha256"),
        ("POST", f"lfs/{_SHA256}/verify", b'{"size": 1}', 404, "was not uploaded"),
        ("POST", f"api/kernels/{REPO}/preupload/main", json.dumps({"files": [{}] * 257}).encode(), 413, "At most 256"),
        ("POST", f"api/kernels/{REPO}/commit/main", b'{"key": "party", "value": {"path": "a"}}', 400, "party"),
        ("POST", f"api/kernels/{REPO}/commit/main", b'{"key": "file", "value": {"path": "a/../b"}}', 400, "a/../b"),
        (
            "POST",
            f"api/kernels/{REPO}/commit/main",
            json.dumps({"key": "lfsFile", "value": {"path": "a.so", "oid": _SHA256, "size": 1}}).encode(),
            400,
            "a.so was not uploaded",
        ),
    ],
)
def test_what_a_good_client_does_not_send(
    writer: HubServer, method: str, path: str, body: bytes, status: int, words: str
) -> None:
    """The Hub refuses contents, paths and operations that make no sense."""
    url = f"{writer.endpoint}/{path}"

    headers = {"Authorization": f"Bearer {writer.token}"}
    response = huggingface_hub.get_session().request(method, url, content=body, headers=headers)

    assert status == response.status_code
    assert words in response.headers["X-Error-Message"]


def test_card(writer: HubServer) -> None:
    """The metadata of a card are looked at before anything is sent."""
    _commit(CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n# Title\n"))

    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        _commit(CommitOperationAdd("README.md", b"# Title\n"))
    with pytest.raises(ValueError, match="the yaml metadata has no end"):
        _commit(CommitOperationAdd("README.md", b"---\nlicense: mit\n"))

    assert b"# Title\n" == _read("README.md")


def test_upload_of_a_folder(writer: HubServer, tmp_path: Path) -> None:
    """A folder replaces what its patterns name; the Hub then agrees with the disk about every checksum."""
    writer.commit(REPO, "main", {"build/old/a.py": "1", "card.md": "2"})
    (tmp_path / "new" / "build" / "cpu").mkdir(parents=True)
    (tmp_path / "new" / "build" / "cpu" / "ops.so").write_bytes(NATIVE)

    HfApi().upload_folder(
        repo_id=REPO, folder_path=tmp_path / "new", repo_type="kernel", delete_patterns="build/*", commit_message="New"
    )

    assert ["build/cpu/ops.so", "card.md"] == list(_files())
    huggingface_hub.snapshot_download(REPO, repo_type="kernel")
    checked = HfApi().verify_repo_checksums(REPO, repo_type="kernel")
    assert (3, []) == (checked.checked_count, checked.mismatches)


@pytest.fixture
def xet_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """As `writer`, with large files by Xet."""
    pytest.importorskip("hf_xet")
    with HubServer(xet=tmp_path / "xet-store") as hub:
        hub.create_repo(REPO)
        client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token, xet=True)
        yield hub
    assert [] == hub.errors


def test_upload_by_xet(xet_writer: HubServer) -> None:
    """A file that was sent by Xet is an LFS file of the commit, and comes back by Xet and by HTTP alike."""
    _commit(CommitOperationAdd("ops.so", NATIVE))

    assert [] == xet_writer.requests_for("PUT *")
    assert NATIVE == _read("ops.so")
    assert [] == xet_writer.requests_for("GET */resolve/*")
    url = f"{xet_writer.endpoint}/kernels/{REPO}/resolve/main/ops.so"
    assert NATIVE == huggingface_hub.get_session().get(url).content


def test_xet_tokens(xet_writer: HubServer, hub: HubServer) -> None:
    """Strangers may read but not write, and a Hub without Xet has no tokens."""
    hub.create_repo(REPO)

    def status(server: HubServer, access: str) -> int:
        url = f"{server.endpoint}/api/kernels/{REPO}/xet-{access}-token/main"
        return int(huggingface_hub.get_session().get(url).status_code)

    assert (200, 401, 404) == (status(xet_writer, "read"), status(xet_writer, "write"), status(hub, "read"))


def test_download_by_xet(xet_writer: HubServer) -> None:
    """What the test put on the Hub comes by Xet, under the hash that the listing shows."""
    xet_writer.commit(REPO, "v1", {"ops.so": NATIVE})

    folder = huggingface_hub.snapshot_download(REPO, repo_type="kernel", revision="v1", allow_patterns="*.so")

    assert NATIVE == Path(folder, "ops.so").read_bytes()
    assert [] == xet_writer.requests_for("* */resolve/*")
    assert _files("v1")["ops.so"].xet_hash is not None
