"""What tests show of the examples: they say it by the fixture `covers`, and a run can write it down.

`pytest --write-coverage FILE` writes what the tests that passed have shown; scripts/update_coverage.py makes the page
of the documentation from it.
"""

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import pytest

__all__ = ["HOW", "STAGES", "CoverageWriter", "Covers", "covers"]

#: What can be shown of an example for a backend, in the order of a kernel's way.
STAGES = ("renders", "configures", "compiles", "links", "ABI-clean", "loads", "computes")
#: How it can be shown, the best first.
HOW = ("yes", "in part", "stand-in")
_PROPERTY = "covers"

Covers: TypeAlias = Callable[..., None]


@pytest.fixture
def covers(request: pytest.FixtureRequest) -> Covers:
    """Says what a test shows: an example, a backend, and stages; it counts if the test passes."""

    def say(example: str, backend: str, *stages: str, how: str = "yes") -> None:
        assert set(stages) <= set(STAGES)
        assert how in HOW
        request.node.user_properties += [(_PROPERTY, (example, backend, stage, how)) for stage in stages]

    return say


@dataclass
class CoverageWriter:
    """Gathers what the tests of a run say, and writes it at the end.

    Attributes:
        path: the file, in JSON.
        cells: example, backend, stage and how it was shown → the tests that showed it, without their parameters.
    """

    path: Path
    cells: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test that passed has shown."""
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == _PROPERTY and isinstance(value, (list, tuple)):  # another process sends lists
                    self.cells.setdefault(tuple(value), set()).add(report.nodeid.partition("[")[0])

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        keys = ("example", "backend", "stage", "how")
        cells = [{**dict(zip(keys, cell, strict=True)), "tests": sorted(self.cells[cell])} for cell in self.cells]
        machine = {"system": f"{platform.system()} {platform.machine()}", "processors": os.cpu_count()}
        document = {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "machine": {**machine, "python": platform.python_version(), "torch": version("torch")},
            "cells": sorted(cells, key=lambda cell: [cell[key] for key in keys]),
        }
        self.path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
