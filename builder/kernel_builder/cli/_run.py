"""Runs a command and turns whatever comes of it into an exit code and a sentence; never into a traceback unasked."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

import click

from kernel_builder.cli._group import COMPLETION_VARIABLE, PROGRAM
from kernel_builder.cli._options import Manner
from kernel_builder.errors import CLOSED_PIPE, INTERRUPTED, BuilderError, InternalError
from kernels.errors import KernelsError

__all__ = ["run"]


def run(group: click.Group, arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        group: the group of all commands.
        arguments: what follows the name of the program.

    Returns:
        The exit code, one of those that `kernel_builder.errors` lists.
    """
    # Python has no streams where they are closed from the start, as after `>&-`.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    # A name of a file that the encoding of the output does not have is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from kernel_builder.cli._completion import complete

        return complete(group, instruction)
    manner = Manner()
    try:
        status = _run(group, list(arguments), manner)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone, as in `kernel-builder list-variants | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return status


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends


def _run(group: click.Group, arguments: list[str], manner: Manner) -> int:
    try:
        with group.make_context(PROGRAM, arguments, obj=manner) as ctx:
            group.invoke(ctx)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nothing may end in a traceback
        if manner.debug:
            click.echo(traceback.format_exc(), err=True, nl=False)
        return _fail(error, manner)
    return 0


def _fail(error: BaseException, manner: Manner) -> int:
    """Say what went wrong, and return the exit code for it."""
    from kernel_builder.cli._report import show_error, show_json_error

    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        click.echo("\nInterrupted." if sys.stderr.isatty() else "Interrupted.", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        if manner.as_json:
            show_json_error("UsageError", error.exit_code, error.format_message())
        return error.exit_code
    known = _as_known(error)
    show_error(known)
    if manner.as_json:
        show_json_error(type(known).__name__, known.exit_code, str(known), **known.details)
    return known.exit_code


def _as_known(error: BaseException) -> BuilderError:
    if isinstance(error, BuilderError):
        return error
    if isinstance(error, KernelsError):
        return BuilderError(str(error))
    if isinstance(error, OSError):
        return _as_sentence(error)
    return InternalError(f"internal error: {type(error).__name__}: {error}".replace("\n", " "))


def _as_sentence(error: OSError) -> BuilderError:
    if isinstance(error, FileNotFoundError) and error.filename is None:
        # The system gives no name only where it was asked for the current folder.
        return BuilderError("the current folder does not exist any more", hint="Change to a folder that exists.")
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    message = ": ".join([*names, error.strerror or str(error)])
    hint = "Check that the place exists, is writable and has room, and run the command again."
    return BuilderError(message, hint=hint)
