"""Both wheels, installed in an empty environment."""

import subprocess
import sys

import pytest
from support.projects import ROOT

_CHECK = [sys.executable, str(ROOT / "scripts" / "check_installed.py"), "--jobs", "0"]
#: One module of each distribution; `make test-installed` runs the whole fast suite.
_TESTS = ["--tests", "tests/unit/loader/test_variant.py", "--tests", "tests/unit/builder/test_tree.py"]


@pytest.mark.heavy
def test_the_wheels_pass_as_installed() -> None:
    """Tests of both packages pass where only the wheels can be imported."""
    done = subprocess.run([*_CHECK, *_TESTS, sys.executable], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{sys.executable}: passed" == done.stdout.splitlines()[-1]
