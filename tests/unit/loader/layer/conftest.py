"""A kernel with layers, and a process in which nothing is registered."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.layers import KERNEL

from kernels.layer import choosing, mapping


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts without a mapping and without warnings given, and leaves none behind."""
    monkeypatch.delenv("DISABLE_KERNEL_MAPPING", raising=False)
    monkeypatch.setattr(mapping, "_GLOBAL", mapping._Global())  # noqa: SLF001 - the state that is to be fresh
    monkeypatch.setattr(choosing, "_WARNED", set())
    yield
    assert mapping._SCOPE.get() is None  # noqa: SLF001


@pytest.fixture
def kernel(make_build: Callable[..., Path]) -> Path:
    """The folder of a kernel project with the layers of `support.layers`."""
    return make_build(KERNEL["__init__.py"], files={"layers.py": KERNEL["layers.py"]}).parent.parent
