"""What goes wrong at the Hub of the tests, as the real client sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import get_session
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import HfApi
from support.hub import HubServer, client_environment, faults
from support.hub.protocol import Delivery, Response

REPO = "org/name"
CONTENT = b"0123456789"


@pytest.fixture
def file_url(hub_client: HubServer) -> str:
    """Where a file of ten bytes is."""
    hub_client.commit(REPO, "v1", {"digits.so": CONTENT})
    return f"{hub_client.endpoint}/kernels/{REPO}/resolve/v1/digits.so"


def test_close(hub_client: HubServer) -> None:
    """The connection ends without an answer, as often as was planned, and then all is well."""
    hub_client.create_repo(REPO)
    hub_client.fail("GET /api/*", faults.Close(), times=2)

    for _ in range(2):
        with pytest.raises(Exception, match="Server disconnected without sending a response"):
            HfApi().kernel_info(REPO)

    assert REPO == HfApi().kernel_info(REPO).id
    assert [0, 0, 200] == [seen.status for seen in hub_client.requests]


@pytest.mark.parametrize("after", [0, 4])
def test_drop(hub_client: HubServer, file_url: str, after: int) -> None:
    """The connection ends in the middle of a body whose whole length was announced."""
    hub_client.fail("GET *.so", faults.Drop(after))

    with pytest.raises(Exception, match=rf"received {after} bytes, expected 10"):
        get_session().get(file_url)

    assert CONTENT == get_session().get(file_url).content
    assert [after, len(CONTENT)] == [seen.sent for seen in hub_client.requests]


def test_wrong_bytes(hub_client: HubServer, file_url: str) -> None:
    """A file comes with its length and version right and one bit wrong, and the client does not notice."""
    hub_client.fail("GET *.so", faults.WrongBytes(at=2))

    local = huggingface_hub.hf_hub_download(REPO, "digits.so", repo_type="kernel", revision="v1")

    assert b"0133456789" == Path(local).read_bytes()


def test_slow(hub_client: HubServer, file_url: str) -> None:
    """A body that comes slowly is too slow for a client that does not wait, and whole for one that does."""
    hub_client.fail("GET *.so", faults.Slow(rate=0.01))
    hub_client.fail("GET *.so", faults.Slow(rate=10_000))

    with pytest.raises(Exception, match="timed out"):
        get_session().get(file_url, timeout=0.1)

    assert CONTENT == get_session().get(file_url).content


def test_lost_response(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked is done although the client hears nothing."""
    hub.create_repo(REPO)
    client_environment(monkeypatch, hub, tmp_path, token=hub.token)
    hub.fail("POST */branch/*", faults.LostResponse())

    with pytest.raises(Exception, match="Server disconnected without sending a response"):
        HfApi().create_branch(REPO, branch="v1", repo_type="kernel")

    assert ["main", "v1"] == [branch.name for branch in HfApi().list_repo_refs(REPO, repo_type="kernel").branches]


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        (faults.UNAUTHORIZED, RepositoryNotFoundError, 401),
        (faults.FORBIDDEN, HfHubHTTPError, 403),
        (faults.GATED, GatedRepoError, 403),
        (faults.NOT_FOUND, RepositoryNotFoundError, 404),
        (faults.SERVER_ERROR, HfHubHTTPError, 500),
        (faults.too_many_requests(7), HfHubHTTPError, 429),
    ],
)
def test_status(hub_client: HubServer, fault: faults.Status, error: type[HfHubHTTPError], status: int) -> None:
    """An error comes instead of the answer, in the class that the client has for it."""
    hub_client.create_repo(REPO)
    hub_client.fail("* /api/kernels/*", fault)

    with pytest.raises(error) as caught:
        HfApi().kernel_info(REPO)

    assert (error, status) == (type(caught.value), caught.value.response.status_code)
    assert fault.headers.get("Retry-After") == caught.value.response.headers.get("Retry-After")
    assert REPO == HfApi().kernel_info(REPO).id


def test_faults_come_in_order(hub_client: HubServer) -> None:
    """Faults hit requests of their pattern only, earlier ones first, until the Hub is healed."""
    hub_client.create_repo(REPO)
    hub_client.fail("GET */refs", faults.FORBIDDEN, times=9)
    hub_client.fail("GET *", faults.SERVER_ERROR, times=9)

    def statuses() -> list[int]:
        return [
            get_session().get(f"{hub_client.endpoint}/api/kernels/{REPO}{end}").status_code for end in ("/refs", "")
        ]

    assert [403, 500] == statuses()
    hub_client.heal()
    assert [200, 200] == statuses()


@dataclass
class _Broken:
    """A fault that is broken itself."""

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        message = "broken"
        raise ZeroDivisionError(message)


def test_errors_of_the_server_itself(hub_client: HubServer) -> None:
    """An exception of the Hub is status 500 for the client and is kept for the test."""
    hub_client.fail("GET *", _Broken())

    assert 500 == get_session().get(hub_client.endpoint).status_code
    assert [ZeroDivisionError] == [type(error) for error in hub_client.errors]
    hub_client.errors.clear()
