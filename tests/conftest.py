"""Options of the test suite."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.coverage import CoverageWriter, covers
from support.hub.fixtures import hub, hub_client

__all__ = ["covers", "hub", "hub_client", "pytest_addoption", "pytest_configure"]


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
    """Add the options that write what is checked in."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")
    parser.addoption("--write-coverage", type=Path, metavar="FILE", help="write what the tests show of the examples")


def pytest_configure(config: pytest.Config) -> None:
    """Gather what the tests show of the examples; with several processes, in the one that hears of all tests."""
    path = config.getoption("--write-coverage")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(CoverageWriter(path.absolute()))
