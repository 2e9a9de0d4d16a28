"""Work that may neither go on for ever nor take all memory."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__all__ = ["TookTooLongError", "bounded_memory", "bounded_work"]

_MIB = 1 << 20


class TookTooLongError(BaseException):
    """The work took too much processor time; no `except Exception` takes it for an error of the work."""


@contextmanager
def bounded_work(seconds: float) -> Iterator[None]:
    """Interrupt the work when this process has worked on it for so long, however busy the machine is; not on Windows.

    Args:
        seconds: processor time.

    Raises:
        TookTooLongError: within the work.
    """
    if sys.platform == "win32":
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        message = f"more than {seconds} s of processor time"
        raise TookTooLongError(message)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def bounded_memory(mebibytes: int) -> Iterator[None]:
    """Let the work have so much more memory than the process has, and a `MemoryError` beyond; on Linux only."""
    if sys.platform != "linux":
        yield
        return
    import resource  # noqa: PLC0415 - not there on Windows

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * os.sysconf("SC_PAGE_SIZE") + mebibytes * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
