"""One question at a time: threads that want to know the same thing wait for the one that asks."""

from collections.abc import Hashable
from threading import Lock

__all__ = ["lock_for"]

_LOCKS: dict[Hashable, Lock] = {}


def lock_for(*subject: Hashable) -> Lock:
    """The lock of a subject; one and the same for the same subject."""
    return _LOCKS.setdefault(subject, Lock())  # which is one step for a dictionary
