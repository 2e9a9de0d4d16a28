"""Options of the test suite."""

import pytest
from support.hub.fixtures import hub, hub_client

__all__ = ["hub", "hub_client", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden trees anew."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")
