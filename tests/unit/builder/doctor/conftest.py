"""The machine of a test."""

from pathlib import Path

import pytest
from support.machines import Tools, empty_machine


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool."""
    return empty_machine(tmp_path, monkeypatch)
