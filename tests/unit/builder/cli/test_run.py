"""What a command line ends with: an exit code and a sentence, and a traceback only when it is asked for."""

import errno
import json
import subprocess
import sys

import click
import pytest
from support.projects import run_python

from kernel_builder.cli._options import debug_option, json_option
from kernel_builder.cli._run import run
from kernel_builder.errors import BuilderError, ConfigError, InternalError
from kernels.errors import VariantNameError


def _ends_with(failure: BaseException | None) -> click.Group:
    """A program with the one command `act`, which fails."""

    @click.group()
    @debug_option
    def group() -> None:
        """Do nothing."""

    @group.command()
    @json_option
    @click.option("--count", type=int)
    def act(as_json: bool, count: int | None) -> None:
        """Fail."""
        if failure is not None:
            raise failure

    return group


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (None, 0, []),
        (BuilderError("no", hint="Do this."), 1, ["error: no", "hint: Do this."]),
        (VariantNameError("no"), 1, ["error: no", f"hint: {BuilderError.hint}"]),
        (ConfigError("no", findings=["here"]), 3, ["here", "error: no", f"hint: {ConfigError.hint}"]),
        (KeyboardInterrupt(), 130, ["Interrupted."]),
        (click.Abort(), 130, ["Interrupted."]),
        (click.exceptions.Exit(8), 8, []),
        (RuntimeError("a\nb"), 70, ["internal error: RuntimeError: a b", f"hint: {InternalError.hint}"]),
        (RecursionError(), 70, ["internal error: RecursionError: ", f"hint: {InternalError.hint}"]),
    ],
    ids=repr,
)
def test_every_end_has_its_code_and_its_sentence(
    capsys: pytest.CaptureFixture[str], failure: BaseException | None, code: int, said: list[str]
) -> None:
    """Whatever a command raises, there is no traceback, and standard output stays empty."""
    assert code == run(_ends_with(failure), ["act"])
    out, err = capsys.readouterr()
    assert ("", said) == (out, err.splitlines())


def test_a_file_that_cannot_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    """An error of the system names the file and says what to look at."""
    failure = OSError(errno.ENOSPC, "No space left on device", "build.toml")
    assert 1 == run(_ends_with(failure), ["act"])
    lines = capsys.readouterr().err.splitlines()
    assert (True, True) == ("build.toml" in lines[0], lines[1].startswith("hint: Check that"))


@pytest.mark.parametrize("failure", [BuilderError("no"), RuntimeError("no"), KeyboardInterrupt()], ids=repr)
def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str], failure: BaseException) -> None:
    """With --debug the traceback comes first, and sentence and code stay as they are."""
    code = run(_ends_with(failure), ["act"])
    plain = capsys.readouterr().err
    assert code == run(_ends_with(failure), ["--debug", "act"])
    err = capsys.readouterr().err
    assert (True, True) == (err.startswith("Traceback (most recent call last):"), err.endswith(plain))


def test_a_failure_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json a failure is the one document of standard output; the words stay on standard error."""
    failure = ConfigError("no", findings=["here"], hint="Do this.")
    assert 3 == run(_ends_with(failure), ["act", "--json"])
    out, err = capsys.readouterr()
    expected = {"kind": "ConfigError", "code": 3, "message": "no", "hint": "Do this.", "findings": ["here"]}
    assert ({"error": expected}, "here") == (json.loads(out), err.splitlines()[0])


@pytest.mark.parametrize(
    ("failure", "kind", "code"), [(RuntimeError("no"), "InternalError", 70), (OSError("no"), "BuilderError", 1)]
)
def test_a_failure_that_was_not_foreseen_as_json(
    capsys: pytest.CaptureFixture[str], failure: Exception, kind: str, code: int
) -> None:
    """A program that reads the output gets a document whatever happens."""
    assert code == run(_ends_with(failure), ["act", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (kind, code) == (error["kind"], error["code"])


@pytest.mark.parametrize("arguments", [["act", "--json", "--count", "x"], ["act", "--count", "x", "--json"]])
def test_wrong_usage_as_json(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A value that an option does not take is a document too, wherever --json stands."""
    assert 2 == run(_ends_with(None), arguments)
    error = json.loads(capsys.readouterr().out)["error"]
    assert ("UsageError", 2, True) == (error["kind"], error["code"], "--count" in error["message"])


def test_nobody_reads_the_output() -> None:
    """When the reader of a pipe has gone, the command ends with the code of SIGPIPE and says nothing."""
    code = """
import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
ended = subprocess.run([sys.executable, "-m", "kernel_builder", "--help"], stdout=writer, stderr=subprocess.PIPE)
print(ended.returncode, ended.stderr.decode())
"""
    assert "141" == run_python(code).strip()


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a POSIX shell")
@pytest.mark.parametrize(("command", "code"), [("schema", 0), ("no-such-command", 2), ("build /dev/null", 3)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_from_the_start(command: str, code: int, closed: str) -> None:
    """They are no reason to fail, nor for a traceback."""
    line = f'exec "$0" -m kernel_builder {command} {closed}'
    ended = subprocess.run(["/bin/sh", "-c", line, sys.executable], capture_output=True, text=True, check=False)
    assert (code, False) == (ended.returncode, "Traceback" in ended.stderr)


def test_standard_error_can_be_asked_for_a_terminal() -> None:
    """Where it is closed too: what shows progress asks it."""
    code = """
import sys
import click
from kernel_builder.cli._run import run

@click.group()
def group(): "Do nothing."

@group.command()
def act(): click.echo(sys.stderr.isatty())

sys.stderr = None
print(run(group, ["act"]))
"""
    assert ["False", "0"] == run_python(code).splitlines()


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "the current folder does not exist any more"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "a: Permission denied"),
        (OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b"), "a: b: Invalid cross-device link"),
        (TimeoutError("too late"), "too late"),
    ],
    ids=repr,
)
def test_an_error_of_the_system_is_a_sentence(capsys: pytest.CaptureFixture[str], failure: OSError, said: str) -> None:
    """Without the number of the error, and with the files that it is about."""
    assert 1 == run(_ends_with(failure), ["act"])
    assert f"error: {said}" == capsys.readouterr().err.splitlines()[0]


def test_what_the_output_cannot_encode() -> None:
    """A character that the encoding of the output does not have is escaped, and breaks nothing."""
    code = """
import click
from kernel_builder.cli._run import run

@click.group()
def group(): "Do nothing."

@group.command()
def act(): click.echo("a \\u2192 b")

print(run(group, ["act"]))
"""
    assert ["a \\u2192 b", "0"] == run_python(code, env={"PYTHONIOENCODING": "latin-1"}).splitlines()


def test_the_interrupt_of_a_person() -> None:
    """Ctrl-C while a command works ends it with 130 and without a traceback."""
    code = """
import signal, sys
import click
from kernel_builder.cli._run import run

@click.group()
def group(): "Do nothing."

@group.command()
def act(): signal.raise_signal(signal.SIGINT)

print(run(group, ["act"]))
"""
    assert "130" == run_python(code).strip()
