"""How the command line shows an upload: the plan before it, how far it is, and what became of it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.checks.listing import printable
from kernel_builder.publish.model import BranchPlan, Change, Report, UploadProgress

if TYPE_CHECKING:
    from rich.progress import Progress

    from kernel_builder.publish.upload import Uploaded

__all__ = ["plan_as_json", "plan_lines", "progress", "readable_size", "result_lines", "uploaded_as_json"]

_WORDS = {Change.NEW: "new", Change.CHANGED: "changed", Change.SAME: "the same", Change.STALE: "removed"}
_STEPS = {"compare": "comparing", "send": "sending", "commit": "committing", "done": "done", "wait": "trying again"}
#: A line in a pipe for each of so many parts of what is sent.
_PARTS = 10


def readable_size(size: int) -> str:
    """A number of bytes as people write it: `12 B`, `3.4 kB`, `5.6 MB`."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":  # noqa: PLR2004 - by the thousand
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def plan_lines(plans: Sequence[BranchPlan], *, each_file: bool) -> list[str]:
    """What becomes of each branch, in a line; with each file that is written or removed, if asked for."""
    lines: list[str] = []
    for plan in plans:
        counts = [f"{len(files)} {_WORDS[change]}" for change in Change if (files := plan.of(change))]
        new = "" if plan.head else " (a new branch)" if plan.start else " (a new repository)"
        text = "nothing to do" if plan.is_done else f"{readable_size(plan.bytes_to_send)} to send at most"
        lines.append(f"{plan.branch}{new}: {', '.join(counts) or 'no files'}; {text}")
        if each_file:
            width = max((len(_WORDS[file.change]) for file in plan.files), default=0)
            lines += [
                f"  {_WORDS[file.change]:<{width}}  {printable(file.path)}  {readable_size(file.size)}"
                for file in plan.files
            ]
    return lines


def plan_as_json(plan: BranchPlan) -> dict[str, Any]:
    """A plan for a program: the branch, where it is, and what becomes of each file."""
    files = [{"path": file.path, "change": file.change.value, "size": file.size} for file in plan.files]
    return {
        "branch": plan.branch,
        "head": plan.head,
        "start": plan.start,
        "bytes_to_send": plan.bytes_to_send,
        "files": files,
    }


def uploaded_as_json(done: "Uploaded") -> dict[str, Any]:
    """What became of an upload, as `--output-json` writes it; `url` is that of a branch that was not to be changed."""
    return {
        "status": done.status,
        "repo_id": done.repo_id,
        "branch": done.branch,
        "url": done.url if done.status in {"uploaded", "no_changes"} and not done.pull_requests else None,
        "pull_requests": [{"branch": one.branch, "url": one.url} for one in done.pull_requests],
    }


def result_lines(done: "Uploaded") -> list[str]:
    """The addresses for standard output: of the pull requests, or of the branch; none after a dry run."""
    if done.pull_requests:
        return [one.url for one in done.pull_requests]
    return [] if done.status == "planned" else [done.url]


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """Shows how far an upload is: bytes and rate on a terminal, plain lines in a pipe, nothing if `quiet`."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        bar = _bar()
        try:
            yield _Moving(bar)
        finally:
            bar.stop()
    else:
        yield _Lines()


def _nothing(progress: UploadProgress) -> None:
    """Show nothing."""


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TransferSpeedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)


class _Moving:
    """A line with a bar for each branch."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._tasks: dict[str, Any] = {}

    def __call__(self, progress: UploadProgress) -> None:
        """Move the bar of a branch."""
        text = f"{progress.branch}: {_STEPS[progress.step]} {printable(progress.file.rpartition('/')[2])}".rstrip()
        if progress.step == "compare":
            return  # what is said of the plan comes next, which a line that moves would be in the way of
        self._bar.start()
        if progress.branch not in self._tasks:
            self._tasks[progress.branch] = self._bar.add_task(text, total=None)
        task = self._tasks[progress.branch]
        if progress.step == "send":
            self._bar.update(task, description=text, completed=progress.sent, total=progress.total or None)
        else:
            self._bar.update(task, description=text)


class _Lines:
    """A line for each step, and for each tenth of what is sent."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()

    def __call__(self, progress: UploadProgress) -> None:
        """Print a line, unless it says what the last one did."""
        is_sending = progress.step == "send" and progress.total > 0
        if progress.step == "send" and not is_sending:
            return
        part = progress.sent * _PARTS // progress.total if is_sending else 0
        if (key := (progress.branch, progress.step, part)) == self._last:
            return
        self._last = key
        size = f" {readable_size(progress.sent)} of {readable_size(progress.total)}" if is_sending else ""
        click.echo(f"{progress.branch}: {_STEPS[progress.step]}{size}", err=True)
