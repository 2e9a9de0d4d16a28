"""The Hub: the login, which is never shown, the endpoint, and the cache."""

import os
from pathlib import Path

import pytest
from support.hub import HubServer, client_environment, faults
from support.machines import by_id, statuses

from kernel_builder.doctor.hub import examine_hub, free_space
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, Status

STEP = Remedy(step="Free some.")


def _examine(*, online: bool = False) -> dict[str, Diagnosis]:
    return by_id(examine_hub(online=online))


def test_a_stranger(hub_client: HubServer, tmp_path: Path) -> None:
    """Without a login: where it was looked for, and the command; the Hub is not asked."""
    found = _examine()
    assert {"hub-token": "no", "hub-endpoint": "yes", "cache": "yes", "cache-space": "yes"} == statuses(
        list(found.values())
    )
    token = found["hub-token"]
    assert token.remedy is not None
    assert (f"no token in HF_TOKEN or {tmp_path / 'hf' / 'token'}", ("hf auth login",)) == (
        token.detail,
        token.remedy.commands,
    )
    assert f"{hub_client.endpoint} (HF_ENDPOINT)" == found["hub-endpoint"].detail
    assert str(tmp_path / "hf" / "hub") == found["cache"].detail
    assert ([], False) == (hub_client.requests, (tmp_path / "hf").exists())


@pytest.mark.parametrize("place", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "file"])
def test_a_login(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A login is told by its place, and never by itself."""
    if place == "file":
        (tmp_path / "hf").mkdir()
        (tmp_path / "hf" / "token").write_text("hf_canary\n")
    else:
        monkeypatch.setenv(place, "hf_canary")
    found = _examine()
    where = tmp_path / "hf" / "token" if place == "file" else place
    assert (Status.YES, f"a token in {where}") == (found["hub-token"].status, found["hub-token"].detail)
    assert "canary" not in repr(found)


def test_an_unreadable_login(hub_client: HubServer, tmp_path: Path) -> None:
    """A file that is no text is no login."""
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_bytes(b"\xff\xfe")
    assert f"{tmp_path / 'hf' / 'token'} cannot be read: not text" == _examine()["hub-token"].detail


def test_the_account(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it may be asked, the Hub says whom the login belongs to."""
    token = hub.user("someone")
    client_environment(monkeypatch, hub, tmp_path / "hf", token=token)
    found = _examine(online=True)
    assert (Status.YES, "someone") == (found["hub-account"].status, found["hub-account"].detail)
    assert token not in repr(found)


def test_no_account(hub_client: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login, or with one that the Hub refuses, the remedy is to log in."""
    assert "there is no token to ask with" == _examine(online=True)["hub-account"].detail
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    found = _examine(online=True)["hub-account"]
    assert found.remedy is not None
    assert ("the Hub refuses the token (status 401)", ("hf auth login --force",)) == (
        found.detail,
        found.remedy.commands,
    )
    assert "canary" not in repr(found)


def test_a_hub_that_fails(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that is ill, out of reach, or not to be asked says nothing of the login."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.user("someone"))
    hub.fail("GET */whoami-v2", faults.Status(400, "no"))
    found = _examine(online=True)["hub-account"]
    assert (Status.UNKNOWN, "the Hub answers with status 400") == (found.status, found.detail)
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.user("someone"), offline=True)
    found = _examine(online=True)["hub-account"]
    assert (Status.UNKNOWN, "the environment forbids to ask the Hub") == (found.status, found.detail)
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.user("someone"))
    hub.stop()
    found = _examine(online=True)["hub-account"]
    assert (Status.UNKNOWN, True) == (found.status, found.detail.startswith("the Hub is out of reach ("))


def test_offline(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that forbids the network is named, with the way out."""
    client_environment(monkeypatch, hub, tmp_path / "hf", offline=True)
    found = _examine()["hub-endpoint"]
    assert (Status.NO, f"{hub.endpoint}, but the environment forbids to ask it") == (found.status, found.detail)


@pytest.mark.parametrize(
    ("endpoint", "status", "shown"),
    [
        ("https://user:canary@hub.example.com:8443/sub", "yes", "https://hub.example.com:8443"),
        ("hub.example.com", "no", "no address"),
        ("https://[", "no", "no address"),
        ("https://host:port", "no", "no address"),
    ],
)
def test_endpoints(
    hub_client: HubServer, monkeypatch: pytest.MonkeyPatch, endpoint: str, status: str, shown: str
) -> None:
    """Of the endpoint, the host is shown and never a password."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    found = _examine()["hub-endpoint"]
    assert (status, True) == (found.status.value, shown in found.detail)
    assert "canary" not in repr(found)


def test_the_cache_that_is_named(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KERNELS_CACHE names another cache, which need not exist, and is not made."""
    monkeypatch.setenv("KERNELS_CACHE", str(tmp_path / "my" / "kernels"))
    found = _examine()["cache"]
    assert (str(tmp_path / "my" / "kernels"), False) == (found.detail, (tmp_path / "my").exists())


def test_a_cache_that_cannot_be_used(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of the cache, and a folder of someone else's, bar downloads."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERNELS_CACHE", str(tmp_path / "file" / "kernels"))
    assert (Status.NO, f"{tmp_path / 'file'} is not a folder") == (
        _examine()["cache"].status,
        _examine()["cache"].detail,
    )
    monkeypatch.setenv("KERNELS_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    assert f"{tmp_path} is not writable" == _examine()["cache"].detail


def test_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is all but full is told, also for a folder that is still to be made."""
    question = Question(id="space", topic="Hub", text="room")
    monkeypatch.setattr("shutil.disk_usage", lambda path: _Usage(512 * 1024**2))
    found = free_space(question, tmp_path / "not" / "there", STEP)
    assert question.no(f"only 0.5 GiB free at {tmp_path / 'not' / 'there'}", STEP) == found
    monkeypatch.setattr("shutil.disk_usage", lambda path: _Usage(4 * 1024**3))
    assert question.yes("4.0 GiB free") == free_space(question, tmp_path, STEP)


class _Usage:
    def __init__(self, free: int) -> None:
        self.free = free
