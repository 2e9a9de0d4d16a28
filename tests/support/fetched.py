"""Packages of other versions than the installed ones, fetched once and kept in pytest's cache."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

__all__ = ["fetch"]


def fetch(config: pytest.Config, requirement: str, *options: str, finish: Callable[[Path], None] | None = None) -> Path:
    """A folder for PYTHONPATH with a package; skips the test where the package cannot be had.

    Args:
        config: of pytest, whose cache keeps the folder for this version of Python.
        requirement: the package with its version, `name==1.2.3`.
        options: more for `pip install`.
        finish: what is done to the folder, once, after the package was installed.
    """
    python = ".".join(map(str, sys.version_info[:2]))
    folder = config.cache.mkdir(f"{re.sub('=+', '-', requirement)}-{python}")
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder)]
            result = subprocess.run([*command, *options, requirement], capture_output=True, text=True, check=False)
            if result.returncode:
                pytest.skip(f"{requirement} cannot be installed: {result.stderr.strip().splitlines()[-1]}")
            if finish:
                finish(folder)
            (folder / "done").touch()
    return folder
