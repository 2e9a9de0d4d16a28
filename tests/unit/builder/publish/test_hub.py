"""One repository, as publishing needs it, with the real client."""

import logging
from pathlib import Path

import pytest
from support.hub import HubServer, client_environment, faults
from support.releases import Reports, impatient, make_release

from kernel_builder.errors import PublishError
from kernel_builder.publish.hub import Contents, Hub
from kernel_builder.publish.model import BranchPlan, Release
from kernel_builder.publish.plan import plan_builds

REPO = "org/name"
NATIVE = bytes(range(256)) * 4000


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub to which the client of this process may write."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    return hub


def _plan(writer: HubServer, release: Release) -> BranchPlan:
    head = writer.commit(REPO, "v1", {"build/torch-cpu/old": "1"})
    return plan_builds(release, "v1", head, None, Hub(REPO).files(head), remove_missing=False)


def _send(plan: BranchPlan, reports: Reports | None = None) -> Contents:
    return Hub(REPO).send(plan, create_pr=False, report=Reports() if reports is None else reports)


def test_refs(writer: HubServer) -> None:
    """Branches and pull requests are told with their commits; that there is no repository is told apart."""
    assert Hub(REPO).refs() is None
    first = writer.create_repo(REPO).root.id
    head = writer.commit(REPO, "v1", {"a": "1"})
    writer.store.repositories["kernel", REPO].refs["refs/pr/3"] = head

    refs = Hub(REPO).refs()

    assert refs is not None
    assert ({"main": first, "v1": head}, {3: head}) == (refs.branches, refs.pull_requests)
    assert Hub(REPO, repo_type="model").refs() is None


def test_files_of_all_pages(writer: HubServer) -> None:
    """Every file is listed, with the ids of its contents, also where the Hub answers in pages."""
    writer.store.page_size = 2
    head = writer.commit(REPO, "v1", {**{f"build/{n}/a.py": str(n) for n in range(7)}, "b.so": NATIVE})

    files = {file.path: file for file in Hub(REPO).files(head)}

    commit = writer.store.repositories["kernel", REPO].commits[head]
    assert {
        path: (len(blob.content), blob.oid, blob.sha256 if blob.lfs else None) for path, blob in commit.files.items()
    } == {path: (file.size, file.blob_id, file.sha256) for path, file in files.items()}


def test_parent(writer: HubServer) -> None:
    """The parent of a commit is told; the first has none."""
    first = writer.create_repo(REPO).root.id
    assert (None, first) == (Hub(REPO).parent(first), Hub(REPO).parent(writer.commit(REPO, "v1", {"a": "1"})))


@pytest.mark.parametrize(("repo_type", "address"), [("kernel", "/kernels/org/name"), ("model", "/org/name")])
def test_create(writer: HubServer, repo_type: str, address: str) -> None:
    """A repository of the type is made once, private if asked for, and has an address for people."""
    hub = Hub(REPO, repo_type=repo_type)
    hub.create(private=True)
    hub.create(private=False)

    assert writer.store.repositories[repo_type, REPO].private
    assert f"{writer.endpoint}{address}" == hub.address
    assert f"{writer.endpoint}{address}/tree/a%2Fb" == hub.branch_address("a/b")
    assert f"{writer.endpoint}{address}/discussions/7" == hub.pull_request_address(7)


def test_create_branch(writer: HubServer) -> None:
    """A branch starts where it is told, and stays where it is when it is there."""
    start = writer.create_repo(REPO).root.id
    later = writer.commit(REPO, "main", {"a": "1"})
    for commit in (start, later):
        Hub(REPO).create_branch("v1", commit, for_pull_request=False)

    refs = Hub(REPO).refs()
    assert refs is not None
    assert {"main": later, "v1": start} == refs.branches


def test_a_commit(writer: HubServer, tmp_path: Path) -> None:
    """Files of all kinds are added and stale ones removed in one commit; large ones are told of as they go."""
    release = make_release(tmp_path, {"a.so": NATIVE, "b.so": b"\0b", "empty.so": b"", "text.so": b"text"})
    plan = _plan(writer, release)
    reports = Reports()

    contents = _send(plan, reports)
    assert [(0, 2 + len(NATIVE)), (len(NATIVE), 2 + len(NATIVE)), (2 + len(NATIVE), 2 + len(NATIVE))] == [
        (one.sent, one.total) for one in reports
    ]
    assert plan.head == writer.store.repositories["kernel", REPO].refs["refs/heads/v1"]
    answer = Hub(REPO).commit(plan, contents, message="Upload", create_pr=False, attempt=1)

    assert (None, None, False) == (answer.refusal, answer.pull_request, answer.is_moved)
    repository = writer.store.repositories["kernel", REPO]
    made = repository.commits[repository.refs["refs/heads/v1"]]
    assert (plan.head, "Upload") == (made.parent, made.title)
    assert {file.path: file.source.read_bytes() for file in release.files} == {
        path: blob.content for path, blob in made.files.items() if path != ".gitattributes"
    }


def test_only_what_the_hub_lacks_is_sent(writer: HubServer, tmp_path: Path) -> None:
    """Large contents that the Hub has are not sent again, in whatever file and branch they are."""
    writer.commit(REPO, "main", {"other.so": NATIVE})
    _send(_plan(writer, make_release(tmp_path, {"a.so": NATIVE, "b.so": b"\0b"})))

    assert [2] == [seen.received for seen in writer.requests_for("PUT *")]


def test_a_branch_that_has_moved(writer: HubServer, tmp_path: Path) -> None:
    """A commit for a branch that is elsewhere by now is not made."""
    plan = _plan(writer, make_release(tmp_path, {}))
    contents = _send(plan)
    head = writer.commit(REPO, "v1", {"a": "1"})

    answer = Hub(REPO).commit(plan, contents, message="Upload", create_pr=False, attempt=1)

    assert (True, 0.0) == (answer.is_moved, answer.again)
    assert head == writer.store.repositories["kernel", REPO].refs["refs/heads/v1"]


@pytest.mark.parametrize("name", ["small.py", "large.so"])
def test_a_file_that_changes_meanwhile(writer: HubServer, tmp_path: Path, name: str) -> None:
    """What is sent is what was checked: a file that has changed since is refused, and named."""
    release = make_release(tmp_path, {"small.py": b"1", "large.so": NATIVE})
    plan = _plan(writer, release)
    (tmp_path / "build" / "torch-cpu" / name).write_bytes(b"\0" * (len(NATIVE) if name == "large.so" else 1))

    with pytest.raises(PublishError, match=f"{name} changes while it is uploaded"):
        _send(plan)


def test_the_client_is_silent(
    writer: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client draws no bars and logs nothing, even of trouble; afterwards it does again what it did before."""
    impatient(monkeypatch)
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    monkeypatch.setattr(logger, "propagate", True)
    writer.fail("POST */preupload/*", faults.SERVER_ERROR)
    _send(_plan(writer, make_release(tmp_path, {"a.so": NATIVE, "b.so": b"\0b"})))

    assert ("", "") == capfd.readouterr()
    assert [] == caplog.messages
    assert level == logger.level


def test_what_is_ignored_is_sent(writer: HubServer, tmp_path: Path) -> None:
    """A `.gitignore` of the repository leaves nothing out: a build with a hole is none."""
    release = make_release(tmp_path, {"a.so": NATIVE})
    head = writer.commit(REPO, "v1", {".gitignore": "*.so\n*.py\n"})
    plan = plan_builds(release, "v1", head, None, Hub(REPO).files(head), remove_missing=False)

    answer = Hub(REPO).commit(plan, _send(plan), message="Upload", create_pr=False, attempt=1)

    assert answer.refusal is None
    repository = writer.store.repositories["kernel", REPO]
    files = repository.commits[repository.refs["refs/heads/v1"]].files
    assert [] == [file.path for file in release.files if file.path not in files]
