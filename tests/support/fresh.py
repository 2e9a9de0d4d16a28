"""A process that has loaded nothing yet."""

import weakref

import pytest

__all__ = ["forget_kernels"]


def forget_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process be as a new one for the loader: nothing was asked for, answered, said or registered.

    The modules of kernels that were imported stay, since Python cannot forget them; a kernel of a test needs an id of
    its own.
    """
    monkeypatch.setattr("kernels.load._BUILDS", {})
    monkeypatch.setattr("kernels.hub.trust._ANSWERS", {})
    monkeypatch.setattr("kernels.hub.location._SAID", set())
    monkeypatch.setattr("kernels.layer.choosing._DECIDED", weakref.WeakKeyDictionary())
