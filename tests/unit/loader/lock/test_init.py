"""`import kernels.lock`."""

import pytest
from support.projects import run_python

import kernels.lock


def test_finding_and_reading_a_lock_needs_no_hub() -> None:
    """What loads a locked kernel does not pay for what makes a lock."""
    code = "import sys, kernels.lock\nprint(*[name for name in sys.modules if name.startswith('kernels.hub')])"

    assert "" == run_python(code).strip()


@pytest.mark.parametrize("name", kernels.lock.__all__)
def test_public_names_are_bound(name: str) -> None:
    """Every name in `__all__` can be had."""
    assert getattr(kernels.lock, name) is not None


def test_other_names_are_missing() -> None:
    """A name that does not exist fails as in any module."""
    with pytest.raises(AttributeError, match=r"module 'kernels\.lock' has no attribute 'nonsense'"):
        _ = kernels.lock.nonsense
