"""Fixtures that give a test a Hub; `tests/conftest.py` makes them known to all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub.client import client_environment
from support.hub.server import HubServer

__all__ = ["hub", "hub_client"]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """An empty Hub of the test's own; the test fails if the Hub itself did."""
    with HubServer() as server:
        yield server
    assert [] == server.errors


@pytest.fixture
def hub_client(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """As `hub`, and the client of this process talks to it, as a stranger, with its files in `tmp_path/hf`."""
    client_environment(monkeypatch, hub, tmp_path / "hf")
    return hub
