"""What goes wrong between us and the Hub ends in a sentence and a next step."""

from pathlib import Path

import pytest
from support.hub import HubServer, client_environment, faults
from support.releases import Reports, impatient, make_release

from kernel_builder.errors import PublishError
from kernel_builder.publish.failures import ATTEMPTS
from kernel_builder.publish.hub import Hub
from kernel_builder.publish.upload import UploadOptions, upload

REPO = "org/name"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited."""
    return impatient(monkeypatch)


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub to which the client of this process may write."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    return hub


def _upload(folder: Path, repo_id: str = REPO, *, create_pr: bool = False) -> None:
    release = make_release(folder, {"a.so": b"\0native"})
    options = UploadOptions(branch="v1", create_pr=create_pr)
    upload(release, Hub(repo_id), options, report=Reports(), approve=lambda states: None)


def _refusal(folder: Path, repo_id: str = REPO, *, create_pr: bool = False) -> PublishError:
    with pytest.raises(PublishError) as caught:
        _upload(folder, repo_id, create_pr=create_pr)
    return caught.value


@pytest.mark.parametrize(
    ("fault", "message", "hint"),
    [
        (
            faults.UNAUTHORIZED,
            "the Hub does not know who you are (401: Invalid username or password.)",
            "hf auth login",
        ),
        (faults.FORBIDDEN, "you may not write to org/name (403: Forbidden)", "write permission for org"),
        (faults.NOT_FOUND, "no kernel repository org/name that you can see, or no such branch", "--repo-type"),
        (faults.Status(409, "Busy"), "something that happens there at the same time (409: Busy)", "Wait until"),
        (faults.Status(413, "Too large"), "too large for one commit (413: Too large)", "fewer variants"),
        (faults.Status(418, "Teapot"), "the Hub refuses it (418: Teapot)", "the Hub's own"),
    ],
)
def test_answers_to_a_commit(
    writer: HubServer, waits: list[float], tmp_path: Path, fault: faults.Status, message: str, hint: str
) -> None:
    """Each refusal is one sentence with its status and the Hub's words, and is final at once."""
    writer.create_repo(REPO)
    writer.fail("POST */commit/*", fault)

    error = _refusal(tmp_path)

    assert str(error).startswith("could not commit to the branch v1 of org/name: ")
    assert message in str(error)
    assert hint in error.hint
    assert (1, []) == (len(writer.requests_for("POST */commit/*")), waits)


def test_no_right_to_publish_kernels(writer: HubServer, tmp_path: Path) -> None:
    """Who may not create kernels is told where to ask for it."""
    writer.forbid_kernels("closed")

    error = _refusal(tmp_path, "closed/kernel")

    assert "could not create the kernel repository closed/kernel: you may not publish kernels as closed" in str(error)
    assert f"{writer.endpoint}/settings/account, “Request Kernels Creation”" in error.hint


def test_pull_request_to_a_branch_that_cannot_be_made(writer: HubServer, tmp_path: Path) -> None:
    """A pull request needs its branch: who may not make it is told to ask those who may."""
    writer.user("someone")
    writer.create_repo("someone/kernel")

    error = _refusal(tmp_path, "someone/kernel", create_pr=True)

    assert "could not create the branch v1 of someone/kernel, which a pull request to it needs" in str(error)
    assert "Ask who owns someone/kernel to create the branch v1 from main" in error.hint


def test_pull_request_to_no_repository(writer: HubServer, tmp_path: Path) -> None:
    """A pull request makes no repository."""
    error = _refusal(tmp_path, create_pr=True)

    assert "no kernel repository org/name that you can see" in str(error)
    assert "without --create-pr the repository is made" in error.hint
    assert ["GET"] == [seen.method for seen in writer.requests]


def test_too_many_requests(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """The Hub is asked again when it said, as often as everything is."""
    writer.create_repo(REPO)
    writer.fail("GET */refs", faults.too_many_requests(7), times=ATTEMPTS - 1)
    _upload(tmp_path)
    assert [7.0] * (ATTEMPTS - 1) == waits

    writer.fail("GET */refs", faults.too_many_requests(7), times=ATTEMPTS)
    error = _refusal(tmp_path)
    assert "the Hub wants fewer requests in a while (429: Too many requests)" in str(error)
    assert "Wait 7 seconds. Run the same command again later: it sends only what is missing" in error.hint


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"RateLimit": '"api";r=0;t=9', "Retry-After": "5"}, [9.0]),
        ({"RateLimit": '"api";r=3;t=9', "Retry-After": "5"}, [5.0]),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, [0.0]),
        ({"Retry-After": "soon"}, [1.0]),
        ({}, [1.0]),
    ],
)
def test_when_the_hub_wants_to_be_asked_again(
    writer: HubServer, waits: list[float], tmp_path: Path, headers: dict[str, str], expected: list[float]
) -> None:
    """Every way to say when is understood; without one it is a second."""
    writer.create_repo(REPO)
    writer.fail("POST */commit/*", faults.Status(429, headers=headers))
    _upload(tmp_path)
    assert expected == waits


def test_a_long_wait_is_not_waited(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """Whoever would have to wait for an hour is told at once."""
    writer.fail("GET */refs", faults.too_many_requests(3600))
    assert "429" in str(_refusal(tmp_path))
    assert [] == waits


def test_trouble_of_the_hub(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """After trouble the Hub is asked again, each time later, and then no more."""
    writer.create_repo(REPO)
    writer.fail("POST */commit/*", faults.Status(503, "Down"), times=2)
    _upload(tmp_path)
    assert [1.0, 2.0] == waits

    writer.fail("GET */refs", faults.SERVER_ERROR, times=ATTEMPTS)
    error = _refusal(tmp_path)
    assert "could not list the branches of org/name: the Hub has trouble" in str(error)
    assert "(500: The Hub is not well)" in str(error)


def test_failed_listing(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """A list of files that does not come is no empty list."""
    writer.commit(REPO, "v1", {"build/old/a": "1"})
    writer.fail("GET */tree/*", faults.SERVER_ERROR, times=100)

    assert "could not list the files of org/name: the Hub has trouble" in str(_refusal(tmp_path))
    assert [] == [seen for seen in writer.requests if seen.method == "POST"]
    assert [] == waits


def test_network_down(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """Without a network the address of the Hub is named, and what to look at."""
    writer.stop()

    error = _refusal(tmp_path)

    assert f"the Hub at {writer.endpoint} is out of reach (ConnectError)" in str(error)
    assert "HF_ENDPOINT" in error.hint
    assert [1.0, 2.0, 4.0, 8.0] == waits


def test_offline(hub: HubServer, waits: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forbids the network is told which variable does."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token, offline=True)

    error = _refusal(tmp_path)

    assert "the environment forbids to ask the Hub" in str(error)
    assert "HF_HUB_OFFLINE" in error.hint
    assert [] == waits


def test_a_card_that_the_hub_does_not_take(writer: HubServer, tmp_path: Path) -> None:
    """Metadata of the card that the Hub refuses are named, and the branch of the card stays as it was."""
    head = writer.create_repo(REPO).root.id
    release = make_release(tmp_path, {}, card="---\nlicense: mit\n")

    with pytest.raises(PublishError, match=r"README\.md \(- the yaml metadata has no end\)") as caught:
        upload(release, Hub(REPO), UploadOptions(branch="v1"), report=Reports(), approve=lambda states: None)

    assert "CARD.md" in caught.value.hint
    assert head == writer.store.repositories["kernel", REPO].refs["refs/heads/main"]


def test_another_server(writer: HubServer, waits: list[float], tmp_path: Path) -> None:
    """An answer that no Hub gives is not taken for one."""
    writer.create_repo(REPO)
    writer.fail("GET */refs", faults.Drop(after=0), times=ATTEMPTS)
    assert "out of reach" in str(_refusal(tmp_path))
    writer.fail("GET */refs", faults.WrongBytes())
    assert "the answer is none of the Hub's" in str(_refusal(tmp_path))


def test_secrets_stay_out_of_sentences(writer: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Hub says is shown without tokens, also those of others, and the address without its password."""
    client_environment(monkeypatch, writer, tmp_path / "hf", token="canary-1234")  # noqa: S106 - none
    where = writer.endpoint.replace("://", "://user:canary-5678@")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", where)
    words = "no canary-1234, no hf_canary9, no http://a:canary-5678@b?X-Amz-Signature=canary&b=1"
    writer.fail("GET */refs", faults.Status(400, words))

    with pytest.raises(PublishError) as caught:
        Hub(REPO).refs()

    error = caught.value
    assert f"{error} {error.hint}".count("canary") == 0
    assert "(400: no …, no …, no http://…b?…&b=1)" in str(error)
    assert (None, True) == (error.__cause__, error.__suppress_context__)
    assert writer.endpoint == Hub(REPO).endpoint
