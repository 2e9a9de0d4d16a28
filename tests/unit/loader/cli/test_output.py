"""What commands write."""

import io
import json
import sys

import pytest

from kernels.cli.output import Column, confirm, human_size, print_table, say, show, show_json
from kernels.errors import RequestError

COLUMNS = (Column("Name"), Column("Size", "right"), Column("Mark", "center"))
ROWS = [["a", "1.5 kB", "y"], ["long [red]name", "2", "\x1b[31m"]]
PLAIN = [
    "Name              Size    Mark",
    "a               1.5 kB     y",
    "long [red]name       2  \\x1b[31m",
]


class _Terminal(io.StringIO):
    """A terminal of some encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


def _in_encoding(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "✅ a → \u00e9 \U0001f600\n"),
        ("cp1252", "+ a -> \u00e9 \\U0001f600\n"),
        ("ascii", "+ a -> \\xe9 \\U0001f600\n"),
    ],
)
def test_every_encoding_can_be_written(monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str) -> None:
    """Marks have a plain form, and other characters are escaped, where the output has no such characters."""
    out, err = _in_encoding(encoding), _in_encoding(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    show("✅ a → \u00e9 \U0001f600")
    say("✅ a → \u00e9 \U0001f600")
    written = []
    for file in (out, err):
        file.seek(0)
        written.append(file.read())

    assert [expected, expected] == written


def test_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters, and those that change the direction of text, are escaped; new lines are not."""
    show("a\x1b]0;title\x07\nb\u202ec\rd\udcff")

    assert "a\\x1b]0;title\\x07\nb\\u202ec\\rd\\udcff\n" == capsys.readouterr().out


def test_json_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """A document can be read again, whatever is in it."""
    document = {"a": ["✅\x1b\u202e", None, 1]}
    show_json(document)
    out = capsys.readouterr().out

    assert out.isascii()
    assert document == json.loads(out)


def test_a_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A table has two spaces between its columns, and none at the end of a line."""
    print_table(COLUMNS, ROWS)

    assert PLAIN == capsys.readouterr().out.splitlines()


def test_a_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """A table without rows is its headings."""
    print_table(COLUMNS, [])

    assert "Name  Size  Mark\n" == capsys.readouterr().out


def test_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the table has boxes; what a cell says is shown as it is."""
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    terminal = _Terminal("utf-8")
    print_table(COLUMNS, ROWS, terminal)

    expected = [
        "┌────────────────┬────────┬──────────┐",
        "│ Name           │   Size │   Mark   │",
        "├────────────────┼────────┼──────────┤",
        "│ a              │ 1.5 kB │    y     │",
        "│ long [red]name │      2 │ \\x1b[31m │",
        "└────────────────┴────────┴──────────┘",
    ]
    assert expected == terminal.getvalue().splitlines()


def test_a_terminal_without_boxes() -> None:
    """Where the terminal cannot write boxes, the table is plain."""
    terminal = _Terminal("cp1252")
    print_table(COLUMNS, ROWS, terminal)

    assert PLAIN == terminal.getvalue().splitlines()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (123_456_789, "123.5 MB"),
        (5 * 10**9, "5.0 GB"),
        (7 * 10**15, "7000.0 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    """Sizes are in powers of 1000."""
    assert text == human_size(size)


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y\n", True), (" YES \n", True), ("n\n", False), ("", False), ("yo\n", False)]
)
def test_asking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, agreed: bool) -> None:
    """Only a clear yes is one; the question is no part of the result."""
    terminal = _Terminal("utf-8")
    terminal.write(answer)
    terminal.seek(0)
    monkeypatch.setattr(sys, "stdin", terminal)

    assert agreed == confirm("Really?", otherwise="")
    assert ("", "Really? [y/N] ") == tuple(capsys.readouterr())


@pytest.mark.parametrize("stdin", [None, io.StringIO("y\n")])
def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None) -> None:
    """Without a terminal nobody is asked, and nothing is assumed."""
    monkeypatch.setattr(sys, "stdin", stdin)

    with pytest.raises(RequestError, match="add --yes"):
        confirm("Really?", otherwise="add --yes")
