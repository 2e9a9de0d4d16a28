"""Options of the test suite."""

import signal

import pytest
from support.hub.fixtures import hub, hub_client

__all__ = ["hub", "hub_client", "pytest_addoption"]


# A shell starts a command in the background with interrupts ignored, which every program that a test starts would
# inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden trees anew."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")
