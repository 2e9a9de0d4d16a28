"""How the command line shows progress and errors: results on standard output, everything else on standard error."""

import json
import os
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.drivers.base import End, Event, Log, Note, Progress, Stage
from kernel_builder.errors import BuilderError, ConfigError, InternalError, ProcessError

if TYPE_CHECKING:
    from rich.live import Live

__all__ = ["Reporter", "painted", "show_error", "show_json_error"]

_COLOURS = {"error:": "red", "warning:": "yellow", "note:": "cyan", "hint:": "green"}
#: A label at the start of a line, or after the place of a finding.
_LABEL = re.compile(r"^((?:\S+:\d+:\d+: )?)((?:internal )?error:|warning:|note:|hint:)")


class Reporter:
    """Shows a build's events: a moving line for each variant on a terminal, plain lines in a pipe.

    Args:
        logs: whether to print every line of the compilers as it comes.
    """

    def __init__(self, *, logs: bool) -> None:
        self._logs = logs
        self._lines: dict[str, str] = {}
        self._live: Live | None = None

    def __enter__(self) -> "Reporter":  # noqa: PYI034 - typing.Self comes with Python 3.11
        if sys.stderr.isatty() and not self._logs:
            from rich.console import Console
            from rich.live import Live

            # Drawn when an event comes, not by a thread: processes are started meanwhile, and to fork a process that
            # has threads is not safe.
            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Stage):
            self._lines[event.variant] = f"{event.variant}: {event.name}"
            if self._live is None:
                click.echo(self._lines[event.variant], err=True)
        elif isinstance(event, Progress):
            stage = self._lines.get(event.variant, event.variant).partition("\t")[0]
            self._lines[event.variant] = f"{stage}\t{event.done}/{event.total}"
        elif isinstance(event, End):
            self._lines.pop(event.variant, None)
        elif isinstance(event, Note):
            click.echo(f"note: {event.text}", err=True)
        elif self._logs:
            # Several variants may be built at once.
            click.echo(f"{event.variant}> {event.line}" if len(self._lines) > 1 else event.line, err=True)
        if self._live is not None and not isinstance(event, Log | Note):
            from rich.text import Text

            self._live.update(Text("\n".join(self._lines.values()).replace("\t", " ")), refresh=True)


def show_error(error: BuilderError) -> None:
    """Print what went wrong, what the failing program said, and the next step."""
    if isinstance(error, ConfigError):
        for finding in error.findings:
            click.echo(painted(finding), err=True)
    if isinstance(error, ProcessError) and error.output:
        click.echo(error.output, err=True)
    click.echo(painted(str(error) if isinstance(error, InternalError) else f"error: {error}"), err=True)
    click.echo(painted(f"hint: {error.hint}"), err=True)


def show_json_error(kind: str, code: int, message: str, **details: Any) -> None:
    """Print a failure as the one JSON document of a command: `{"error": {"kind", "code", "message", …}}`."""
    click.echo(json.dumps({"error": {"kind": kind, "code": code, "message": message, **details}}, indent=2))


def painted(line: str) -> str:
    """A line with its first `error:`, `warning:`, `note:` or `hint:` in colour, unless NO_COLOR is set.

    Printed with `click.echo`, the colour is left out where the output is no terminal.
    """
    if os.environ.get("NO_COLOR"):
        return line
    return _LABEL.sub(
        lambda found: found[1] + click.style(found[2], fg=_COLOURS[found[2].split()[-1]], bold=True), line, 1
    )
