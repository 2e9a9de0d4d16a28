"""What the tests of the Hub side share."""

from collections.abc import Callable

import pytest

from kernels.hub import trust


@pytest.fixture
def start_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget what this process has asked and said, as a new process would not know it."""

    def forget() -> None:
        monkeypatch.setattr("kernels.load._BUILDS", {})
        monkeypatch.setattr(trust, "_ANSWERS", {})
        monkeypatch.setattr("kernels.hub.location._SAID", set())

    return forget


@pytest.fixture(autouse=True)
def _new_process(start_anew: Callable[[], None]) -> None:
    """Each test starts as a new process would."""
    start_anew()
