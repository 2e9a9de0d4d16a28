"""Each branch is what it was or what it is to be, and nothing is done twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.hub import HubServer, client_environment, faults
from support.hub.protocol import Delivery, Response
from support.hub.store import Commit
from support.releases import Reports, impatient, make_release

from kernel_builder.errors import PublishError
from kernel_builder.publish.failures import ATTEMPTS
from kernel_builder.publish.hub import Hub
from kernel_builder.publish.model import Release, UploadProgress
from kernel_builder.publish.upload import Uploaded, UploadOptions, upload

REPO = "org/name"
NATIVE = bytes(range(256)) * 400
CARD = "---\nlicense: mit\n---\n# Name\n"
WRITES = {"POST", "PUT", "DELETE"}


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub with an empty kernel, to which the client of this process may write."""
    hub.create_repo(REPO)
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    impatient(monkeypatch)
    return hub


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A build with two large files, and a card."""
    return make_release(tmp_path, {"a.so": NATIVE, "b.so": b"\0b"}, card=CARD)


def _upload(release: Release, *, reports: Reports | None = None, **options: bool) -> Uploaded:
    return upload(
        release,
        Hub(REPO),
        UploadOptions(branch="v1", **options),
        report=Reports() if reports is None else reports,
        approve=lambda states: None,
    )


def _head(writer: HubServer, ref: str = "refs/heads/v1") -> Commit:
    repository = writer.store.repositories["kernel", REPO]
    return repository.commits[repository.refs[ref]]


def _commits(writer: HubServer, ref: str = "refs/heads/v1") -> int:
    """How many commits a branch has after the first one of the repository."""
    return _head(writer, ref).depth


def _contents(commit: Commit) -> dict[str, bytes]:
    return {path: blob.content for path, blob in commit.files.items() if path != ".gitattributes"}


def _built(release: Release) -> dict[str, bytes]:
    return {file.path: file.source.read_bytes() for file in release.files}


def _writes(writer: HubServer) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in writer.requests if seen.method in WRITES]


class _Meanwhile:
    """Somebody else does something just before a request."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Do it, and then what was asked."""
        self._act()
        return Delivery(carry_out())


def test_one_commit_for_each_branch(writer: HubServer, release: Release) -> None:
    """Builds go to the version branch and the card to the main branch, each in one commit, builds first."""
    reports = Reports()
    done = _upload(release, reports=reports)

    assert ("uploaded", f"{writer.endpoint}/kernels/{REPO}/tree/v1", ()) == (done.status, done.url, done.pull_requests)
    assert (1, 1) == (_commits(writer), _commits(writer, "refs/heads/main"))
    assert _built(release) == _contents(_head(writer))
    assert {"README.md": CARD.encode()} == _contents(_head(writer, "refs/heads/main"))
    commits = [seen.path.rpartition("/")[2] for seen in writer.requests_for("POST */commit/*")]
    assert ["v1", "main"] == commits
    assert ["compare", "send", "commit", "done"] == list(dict.fromkeys(one.step for one in reports))


def test_again(writer: HubServer, release: Release) -> None:
    """The same once more writes nothing at all."""
    _upload(release)
    writer.clear_requests()

    assert "no_changes" == _upload(release).status
    assert [] == _writes(writer)


def test_only_the_card(writer: HubServer, release: Release, tmp_path: Path) -> None:
    """A new card alone is one commit on the main branch."""
    _upload(release)
    head = _head(writer)
    release = make_release(tmp_path, {}, card=CARD + "More.\n")

    assert "uploaded" == _upload(release).status
    assert (head, 2) == (_head(writer), _commits(writer, "refs/heads/main"))


def test_a_dry_run_writes_nothing(writer: HubServer, release: Release) -> None:
    """A dry run tells what would be done, also where there is no repository, and asks for nothing else."""
    for repo_id in (REPO, "org/new"):
        options = UploadOptions(branch="v1", dry_run=True)
        done = upload(release, Hub(repo_id), options, report=Reports(), approve=lambda states: None)
        assert ("planned", ["v1", "main"]) == (done.status, [plan.branch for plan in done.plans])
    assert [] == _writes(writer)


def test_what_is_not_approved_is_not_done(writer: HubServer, release: Release) -> None:
    """Whoever sees the plan can stop it before anything is written."""

    def refuse(states: object) -> None:
        message = "no"
        raise PublishError(message)

    with pytest.raises(PublishError, match="no"):
        upload(release, Hub("org/new"), UploadOptions(branch="v1"), report=Reports(), approve=refuse)
    assert [] == _writes(writer)


@pytest.mark.parametrize("private", [False, True])
def test_a_new_repository(writer: HubServer, release: Release, *, private: bool) -> None:
    """A repository that is not there is made, private if asked for."""
    options = UploadOptions(branch="v1", private=private)
    done = upload(release, Hub("org/new"), options, report=Reports(), approve=lambda states: None)

    repository = writer.store.repositories["kernel", "org/new"]
    assert ("uploaded", private) == (done.status, repository.private)
    assert _built(release) == _contents(repository.commits[repository.refs["refs/heads/v1"]])


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_public_repository_does_not_become_private(writer: HubServer, release: Release, *, dry_run: bool) -> None:
    """Who wants a private repository publishes nothing in a public one; one that is private already is taken."""
    options = UploadOptions(branch="v1", private=True, dry_run=dry_run)
    with pytest.raises(PublishError, match=f"{REPO} is there already and everybody sees it") as caught:
        upload(release, Hub(REPO), options, report=Reports(), approve=lambda states: None)
    assert f"{writer.endpoint}/kernels/{REPO}/settings" in str(caught.value.hint)
    assert [] == _writes(writer)

    writer.create_repo("org/hidden", private=True)
    done = upload(release, Hub("org/hidden"), options, report=Reports(), approve=lambda states: None)
    assert done.status == ("planned" if dry_run else "uploaded")


def test_a_new_branch_has_no_other_builds(writer: HubServer, release: Release) -> None:
    """A branch that is made starts from the main branch, without the builds that may be there."""
    main = writer.commit(REPO, "main", {"LICENSE": "1", "build/torch-cuda/a.py": "2"})

    _upload(release)

    assert main == _head(writer).parent
    assert {"LICENSE": b"1", **_built(release)} == _contents(_head(writer))


def test_interrupted_between_branch_and_commit(writer: HubServer, release: Release) -> None:
    """A branch that was made and not written is a new one still: the foreign builds go."""
    main = writer.commit(REPO, "main", {"build/torch-cuda/a.py": "2"})

    def interrupt(progress: UploadProgress) -> None:
        if progress.step == "commit":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(release, Hub(REPO), UploadOptions(branch="v1"), report=interrupt, approve=lambda states: None)
    assert main == _head(writer).id

    assert "uploaded" == _upload(release).status
    assert _built(release) == _contents(_head(writer))


def test_a_branch_with_others_builds(writer: HubServer, release: Release) -> None:
    """On a branch that is there, variants that were not built here stay as they are."""
    writer.commit(REPO, "v1", {"build/torch-cuda/a.py": "1", "build/torch-cpu/old.py": "2"})

    _upload(release)

    assert {"build/torch-cuda/a.py": b"1", **_built(release)} == _contents(_head(writer))


def test_a_branch_that_moves_is_planned_again(writer: HubServer, release: Release) -> None:
    """What others commit meanwhile stays, and what they have of ours already is not sent."""
    writer.commit(REPO, "v1", {"a": "1"})
    act = _Meanwhile(lambda: writer.commit(REPO, "v1", {"build/torch-cuda/a.py": "2"}))
    writer.fail("POST */commit/v1", act)

    assert "uploaded" == _upload(release).status
    assert {"a": b"1", "build/torch-cuda/a.py": b"2", **_built(release)} == _contents(_head(writer))
    assert [412, 200] == [seen.status for seen in writer.requests_for("POST */commit/v1")]
    assert 2 == len(writer.requests_for("PUT *"))


def test_a_branch_that_always_moves(writer: HubServer, release: Release) -> None:
    """After enough attempts a person is told, and nothing of the others is overwritten."""
    writer.commit(REPO, "v1", {"a": "0"})
    texts = iter(range(1, ATTEMPTS + 1))
    act = _Meanwhile(lambda: writer.commit(REPO, "v1", {"a": str(next(texts))}))
    writer.fail("POST */commit/v1", act, times=ATTEMPTS)

    with pytest.raises(PublishError, match=f"others wrote to the branch each of the {ATTEMPTS} times"):
        _upload(release)
    assert {"a": str(ATTEMPTS).encode()} == _contents(_head(writer))


def test_others_were_faster(writer: HubServer, release: Release) -> None:
    """Where somebody else has committed the very same meanwhile, there is no second commit."""
    writer.commit(REPO, "v1", {"a": "1"})
    writer.fail("POST */commit/v1", _Meanwhile(lambda: writer.commit(REPO, "v1", _built(release))))

    _upload(release)

    assert 2 == _commits(writer)
    assert {"a": b"1", **_built(release)} == _contents(_head(writer))


@pytest.mark.parametrize("fault", [faults.LostResponse(), faults.Close(), faults.Status(504), faults.Drop(after=3)])
@pytest.mark.parametrize("create_pr", [False, True])
def test_lost_answers(writer: HubServer, release: Release, fault: faults.Fault, *, create_pr: bool) -> None:
    """However the answer to a commit gets lost, there is one commit, or one pull request, for each branch."""
    for branch in ("v1", "main"):
        writer.fail(f"POST */commit/{branch}", fault)

    done = _upload(release, create_pr=create_pr)

    refs = writer.store.repositories["kernel", REPO].refs
    assert ("pull_request_created" if create_pr else "uploaded") == done.status
    assert (["refs/pr/1", "refs/pr/2"] if create_pr else []) == [ref for ref in refs if ref.startswith("refs/pr/")]
    assert [1, 1] == [
        _commits(writer, ref)
        for ref in (("refs/pr/1", "refs/pr/2") if create_pr else ("refs/heads/v1", "refs/heads/main"))
    ]


def test_pull_requests(writer: HubServer, release: Release) -> None:
    """A pull request for each branch leaves the branches as they are; the same once more opens no others."""
    head = writer.commit(REPO, "v1", {"a": "1", "build/torch-cpu/old.py": "2"})

    done = _upload(release, create_pr=True)

    address = f"{writer.endpoint}/kernels/{REPO}/discussions"
    assert "pull_request_created" == done.status
    assert [("v1", f"{address}/1"), ("main", f"{address}/2")] == [(one.branch, one.url) for one in done.pull_requests]
    assert (head, 0) == (_head(writer).id, _commits(writer, "refs/heads/main"))
    assert {"a": b"1", **_built(release)} == _contents(_head(writer, "refs/pr/1"))
    writer.clear_requests()

    again = _upload(release, create_pr=True)
    assert ("no_changes", done.pull_requests) == (again.status, again.pull_requests)
    assert [] == _writes(writer)


def test_another_pull_request(writer: HubServer, release: Release, tmp_path: Path) -> None:
    """What proposes something else, or the same for an older commit, is no reason not to open one."""
    writer.commit(REPO, "v1", {"a": "1"})
    assert [1, 2] == _numbers(_upload(release, create_pr=True))
    other = make_release(tmp_path, {"a.so": b"\0other"}, card=CARD)
    assert [3, 2] == _numbers(_upload(other, create_pr=True))

    writer.commit(REPO, "v1", {"build/torch-cpu/stale.py": "1"})
    done = _upload(other, create_pr=True)
    assert ("pull_request_created", [4, 2]) == (done.status, _numbers(done))
    assert _contents(_head(writer, "refs/pr/3")) == _contents(_head(writer, "refs/pr/4"))


def _numbers(done: Uploaded) -> list[int]:
    return [int(one.url.rpartition("/")[2]) for one in done.pull_requests]


def test_a_pull_request_for_a_new_branch(writer: HubServer, release: Release) -> None:
    """The branch is made from the main branch; the pull request has the builds."""
    main = writer.commit(REPO, "main", {"build/torch-cuda/a.py": "1"})

    _upload(release, create_pr=True)

    assert main == _head(writer).id
    assert _built(release) == _contents(_head(writer, "refs/pr/1"))
