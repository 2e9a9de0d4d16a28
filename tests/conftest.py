"""Options of the test suite."""

import signal
from collections.abc import Iterator

import pytest
from support.hub.fixtures import hub, hub_client

__all__ = ["hub", "hub_client", "pytest_addoption"]


# A shell starts a command in the background with interrupts ignored, which every program that a test starts would
# inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept between builds is kept for all tests, and away from the person who runs them."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERNEL_BUILDER_CACHE", str(base / "kernel-builder-cache"))
        patch.setenv("CCACHE_DIR", str(base / "ccache"))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden trees anew."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")
