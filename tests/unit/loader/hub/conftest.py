"""What the tests of the Hub side share."""

from collections.abc import Callable
from functools import partial

import pytest
from support.fresh import forget_kernels


@pytest.fixture
def start_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget what this process has asked and said, as a new process would not know it."""
    return partial(forget_kernels, monkeypatch)


@pytest.fixture(autouse=True)
def _new_process(start_anew: Callable[[], None]) -> None:
    """Each test starts as a new process would."""
    start_anew()
