"""Running the command in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from kernels.cli import main


class Result(NamedTuple):
    """How a command ended: its exit status, and what it wrote to standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command with arguments."""

    def run_command(*arguments: str | Path) -> Result:
        capsys.readouterr()
        status = main(list(map(str, arguments)))
        return Result(status, *capsys.readouterr())

    return run_command
