"""Progress and errors, as a person sees them."""

import io
import json
import re
import sys

import click
import pytest

from kernel_builder.cli._report import Reporter, painted, show_error, show_json_error
from kernel_builder.drivers.base import End, Event, Log, Progress, Stage
from kernel_builder.errors import BuilderError, ConfigError, ProcessError

EVENTS: list[Event] = [
    Stage("torch-cpu", "configure"),
    Log("torch-cpu", "-- [bold]Found[/bold] Ninja"),
    Stage("torch-cpu", "compile"),
    Progress("torch-cpu", 1, 2),
    Log("torch-cpu", "a.cpp: warning"),
]


class _Terminal(io.StringIO):
    """Standard error, as a terminal."""

    def isatty(self) -> bool:
        return True


def _show(*, logs: bool) -> None:
    with Reporter(logs=logs) as report:
        for event in EVENTS:
            report(event)


def test_plain_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe there is one line for each stage, on standard error."""
    _show(logs=False)
    assert ("", "torch-cpu: configure\ntorch-cpu: compile\n") == capsys.readouterr()


def test_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """The compilers' lines are shown when they are asked for, as they are."""
    _show(logs=True)
    expected = [
        "torch-cpu: configure",
        "-- [bold]Found[/bold] Ninja",
        "torch-cpu: compile",
        "a.cpp: warning",
    ]
    out, err = capsys.readouterr()
    assert ("", expected) == (out, err.splitlines())


def test_logs_of_several_variants(capsys: pytest.CaptureFixture[str]) -> None:
    """Where several variants are built at once, each line says of which it is."""
    with Reporter(logs=True) as report:
        for event in (Stage("a", "build"), Stage("b", "build"), Log("a", "one"), End("b"), Log("a", "two"), End("c")):
            report(event)
    assert ["a: build", "b: build", "a> one", "two"] == capsys.readouterr().err.splitlines()


def test_moving_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal one line shows the stage and how far it is, and the cursor comes back at the end."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    _show(logs=False)
    shown = terminal.getvalue()
    assert ("\x1b[?25l" in shown, "\x1b[?25h" in shown) == (True, True)
    assert "warning" not in shown


def test_terminal_with_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compilers' lines there is no moving line that they would tear."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    _show(logs=True)
    assert ["torch-cpu: configure", "-- [bold]Found[/bold] Ninja"] == terminal.getvalue().splitlines()[:2]


def test_moving_line_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a build fails, the line is gone before the error is shown."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    def interrupted() -> None:
        with Reporter(logs=False) as report:
            report(EVENTS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BuilderError("it broke", hint="Do this."), ["error: it broke", "hint: Do this."]),
        (
            ConfigError("2 errors", findings=["build.toml:1:1: error: a", "build.toml:2:1: error: b"], hint="Mend it."),
            ["build.toml:1:1: error: a", "build.toml:2:1: error: b", "error: 2 errors", "hint: Mend it."],
        ),
        (
            ProcessError("ninja failed", command=["ninja"], returncode=1, output="a.cpp:1: error: [x]\nfatal"),
            ["a.cpp:1: error: [x]", "fatal", "error: ninja failed", f"hint: {ProcessError.hint}"],
        ),
        (
            ProcessError("ninja failed", command=["ninja"], returncode=1, output=""),
            ["error: ninja failed", f"hint: {ProcessError.hint}"],
        ),
    ],
)
def test_errors(capsys: pytest.CaptureFixture[str], error: BuilderError, expected: list[str]) -> None:
    """An error shows first what was found, then what went wrong, and last the next step; all on standard error."""
    show_error(error)
    out, err = capsys.readouterr()
    assert ("", expected) == (out, err.splitlines())


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("error: no", "error:"),
        ("internal error: no error: here", "internal error:"),
        ("hint: Do this.", "hint:"),
        ("build.toml:1:2: warning: general.name: error: x", "warning:"),
        ("nothing of it: error: here", ""),
    ],
)
def test_labels_are_painted(monkeypatch: pytest.MonkeyPatch, line: str, label: str) -> None:
    """The label that a line begins with, or that follows a place, is painted; with NO_COLOR nothing is."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = painted(line)
    assert line == click.unstyle(coloured)
    assert [label] * bool(label) == re.findall(r"m([^\x1b]+)\x1b\[0m", coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    assert line == painted(line)


def test_a_failure_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure is one document with its kind, its code, its message and what else it carries."""
    show_json_error("CheckError", 8, "no", problems=("a",))
    expected = {"error": {"kind": "CheckError", "code": 8, "message": "no", "problems": ["a"]}}
    assert expected == json.loads(capsys.readouterr().out)
