"""Fixtures of the integration tests: builds that several tests look at are made once for all processes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from support.projects import copy_relu, kernel_builder, make_tiny


def _shared(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path]) -> Path:
    """Make and build a project once, also when the tests run in several processes."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    project = base / name
    with FileLock(f"{project}.lock"):
        done = project.with_suffix(".done")
        if not done.exists():
            result = kernel_builder("build", make(project), "--driver", "local")
            assert result.returncode == 0, result.stderr
            done.touch()
    return project


@pytest.fixture(scope="session")
def built_relu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The relu example, built; tests only read it."""
    return _shared(tmp_path_factory, "relu", copy_relu)


@pytest.fixture(scope="session")
def built_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny kernel, built; tests only read it or copy it."""
    return _shared(tmp_path_factory, "tiny", make_tiny)
