"""Showing results and progress, on a terminal and in a pipe."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

from kernels.errors import RequestError

if TYPE_CHECKING:
    import logging

__all__ = ["Column", "confirm", "human_size", "logs_on_stderr", "print_table", "say", "show", "show_json"]

#: What stands for a mark where the encoding of the output has no such character.
_PLAIN = str.maketrans({"✅": "+", "❌": "x", "✓": "+", "✗": "x", "→": "->"})
_ALIGN = {"left": str.ljust, "right": str.rjust, "center": str.center}


class Column(NamedTuple):
    """A column of a table: its heading, and `left`, `right` or `center` for what is below it."""

    title: str
    justify: str = "left"


def show(*lines: str) -> None:
    """Print lines of the result.

    Characters that the output cannot take are replaced. Control characters are escaped: what somebody wrote into a
    repository shall not steer this terminal.
    """
    _write("".join(f"{line}\n" for line in lines), sys.stdout)


def show_json(document: object) -> None:
    """Print the result as a JSON document."""
    show(json.dumps(document, indent=2))


def say(text: str) -> None:
    """Tell the person how it goes."""
    _write(f"{text}\n", sys.stderr)


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], file: TextIO | None = None) -> None:
    """Print a table: with boxes on a terminal where rich is installed, else with spaces between its columns.

    Args:
        columns: the columns.
        rows: a text for each of the columns.
        file: where to; standard output by default.
    """
    from importlib.util import find_spec

    file = file or sys.stdout
    cells = [[_printable(cell) for cell in row] for row in rows]
    if file.isatty() and _can_write("✅│", file) and find_spec("rich"):
        _print_boxes(columns, cells, file)
        return
    lines = [[column.title for column in columns], *cells]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        aligned = (
            _ALIGN[column.justify](cell, width) for column, cell, width in zip(columns, line, widths, strict=True)
        )
        _write("  ".join(aligned).rstrip() + "\n", file)


def human_size(size: int) -> str:
    """A number of bytes for people, in powers of 1000 as the Hub has it."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - as said above
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def confirm(question: str, *, otherwise: str) -> bool:
    """Ask the person at the terminal; anything but yes is no.

    Args:
        question: what to ask.
        otherwise: what to say where nobody can be asked.

    Raises:
        RequestError: where there is no terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise RequestError(otherwise)
    _write(f"{question} [y/N] ", sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def logs_on_stderr(*, verbose: bool) -> Iterator[None]:
    """Let the loggers of this package write a line for each warning, or with `verbose` for each step."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: "logging.LogRecord") -> None:
            say(f"kernels: {record.levelname.lower()}: {' '.join(record.getMessage().split())}")

    logger, handler = logging.getLogger("kernels"), Handler()
    before = logger.level
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _print_boxes(columns: Sequence[Column], rows: Sequence[Sequence[str]], file: TextIO) -> None:
    from rich.box import SQUARE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SQUARE, header_style="bold")
    for column in columns:
        table.add_column(column.title, justify=column.justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(Text, row))
    Console(file=file).print(table)


def _write(text: str, file: TextIO) -> None:
    text = _printable(text)
    if not _can_write(text, file):
        encoding = file.encoding
        text = text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    file.write(text)


def _can_write(text: str, file: TextIO) -> bool:
    try:
        text.encode(file.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode("ascii") for one in text
    )
