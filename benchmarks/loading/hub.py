"""The Hub that both loaders ask: that of the tests, in a process of its own, with what the benchmark needs on it."""

import itertools
import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Protocol, cast

from support.builds import make_build
from support.hub import HubServer

from benchmarks.loading.projects import KERNEL

__all__ = ["MANY", "Hub", "running_hub"]

#: A kernel of ten versions with 36 builds each.
MANY = "bench/many"
_VERSIONS = 10
_COMPUTES = ("cpu", "cu126", "cu128", "cu130", "rocm63", "xpu20252")
_TORCHES = ("torch211", "torch212", "torch213")
_SYSTEMS = ("aarch64-linux", "x86_64-linux")


class Hub(Protocol):
    """What the benchmark asks of the Hub's process."""

    def fill(self, project: str) -> str:
        """Put both kernels on the Hub, `KERNEL` from its project; gives the commit of its version 1."""

    def environment(self, home: str, offline: bool) -> dict[str, str]:
        """Variables that make a process talk to the Hub, or only know of it, and keep its files below a folder."""

    def set_latency(self, seconds: float) -> None:
        """Let every answer take at least so long."""

    def take_requests(self) -> int:
        """The number of requests since this was last asked for."""


class _Hub(HubServer):
    """The same, in that process."""

    def fill(self, project: str) -> str:
        self.trust("bench")
        for version in range(1, _VERSIONS + 1):
            with tempfile.TemporaryDirectory() as folder:
                for torch, compute, system in itertools.product(_TORCHES, _COMPUTES, _SYSTEMS):
                    make_build(Path(folder, "build", f"{torch}-cxx11-{compute}-{system}"), version=version)
                self.publish(Path(folder), MANY, version)
        return self.publish(Path(project), KERNEL)

    def environment(self, home: str, offline: bool) -> dict[str, str]:
        return self.env(Path(home), offline=offline)

    def set_latency(self, seconds: float) -> None:
        self.latency = seconds

    def take_requests(self) -> int:
        count = len(self.requests)
        self.clear_requests()
        return count


class _Manager(BaseManager):
    """Runs the Hub in its process."""


_Manager.register("hub", _Hub, exposed=["environment", "fill", "set_latency", "take_requests"])


@contextmanager
def running_hub() -> Iterator[Hub]:
    """An empty Hub, as long as it is needed."""
    with _Manager(ctx=multiprocessing.get_context("spawn")) as manager:
        yield cast("Hub", manager.hub())  # type: ignore[attr-defined]  # as registered
