"""Commands, as a person starts them: each in a process of its own, and how long it takes."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["processor_seconds", "run", "wall_seconds"]


def run(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str | None] | None = None) -> None:
    """Run a command, and end with its output if it fails.

    Args:
        command: the program and its arguments.
        cwd: the folder that it runs in.
        env: variables that differ from those here, `None` for one that it does not get; no compiler cache is used
            unless this says so.
    """
    changed = {"CCACHE_DISABLE": "1", **(env or {})}
    whole = {name: value for name, value in {**os.environ, **changed}.items() if value is not None}
    done = subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def wall_seconds(command: Sequence[str | Path], env: Mapping[str, str | None] | None = None) -> float:
    """The time that passes while a command runs."""
    started = time.perf_counter()
    run(command, env=env)
    return time.perf_counter() - started


def processor_seconds(command: Sequence[str | Path], cwd: Path | None = None) -> float:
    """The time that processors spend on a command and on what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
