"""The only place that starts a process."""

import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from kernel_builder.errors import ProcessError, ToolchainError

__all__ = ["become", "prepared", "run", "run_bytes"]

_LAST_LINES = 200
_GRACE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_SIGTERM = 15


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    With `on_line`, standard output and standard error come as one; without, standard output alone is returned, so that
    a warning never becomes part of an answer.

    The program ends with us: an interrupt stops it, and on Linux even a kill of this process does, so that no
    compiler writes on while the next build starts.

    Args:
        command: the program and its arguments; no shell is involved.
        cwd: the folder to run in.
        env: variables to set beside those of this process; `None` takes one away.
        on_line: called with each line of output as it comes, without its end.
        timeout: how many seconds it may take without `on_line`; then it is stopped.

    Raises:
        TimeoutError: when it takes longer.
        ToolchainError: when there is no such program.
        ProcessError: when it fails; carries the last lines of its output, standard error included.
        FileNotFoundError: when there is no folder `cwd`.
    """
    words = [str(word) for word in command]
    errors = subprocess.PIPE if on_line is None else subprocess.STDOUT
    process = _start(words, cwd, env, subprocess.DEVNULL, errors)

    def talk() -> tuple[str, str]:
        return process.communicate(timeout=timeout) if on_line is None else (_follow(process, on_line), "")

    return _finish(process, words, talk, timeout)


def run_bytes(
    command: Sequence[str | Path],
    given: bytes = b"",
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
) -> bytes:
    """Run a program on its standard input and return every byte of its standard output.

    For what is no text, such as names and contents of files in git; `run` has the rest, and names the errors.
    """
    words = [str(word) for word in command]
    process = _start(words, cwd, env, subprocess.PIPE, subprocess.PIPE, is_text=False)
    output = b""

    def talk() -> tuple[str, str]:
        nonlocal output
        output, errors = process.communicate(given)
        return "", errors.decode(errors="replace")

    _finish(process, words, talk, None)
    return output


def become(command: Sequence[str | Path], *, cwd: Path) -> NoReturn:
    """Let a program take the place of this one, with its terminal, its signals and its exit status.

    Raises:
        ToolchainError: when there is no such program.
        FileNotFoundError: when there is no folder `cwd`.
    """
    words = [str(word) for word in command]
    program = shutil.which(words[0])
    if program is None:
        raise _not_found(words[0])
    os.chdir(cwd)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(program, words)  # noqa: S606 - an argument list, never a shell


@contextmanager
def prepared(
    command: Sequence[str | Path], *, env: Mapping[str, str | None] | None = None
) -> Iterator[Callable[[str, float], str]]:
    """Start a program ahead of the time when its work is known; it is to wait for its standard input.

    What is given takes the input and how many seconds the program may take from then on, and returns what `run` does,
    with its errors; it can be called once. A program that was not asked for anything is stopped at the end. `env` is as
    `run` takes it.
    """
    words = [str(word) for word in command]
    process = _start(words, None, env, subprocess.PIPE, subprocess.PIPE)
    try:
        yield lambda text, timeout: _finish(process, words, lambda: process.communicate(text, timeout=timeout), timeout)
    finally:
        if process.poll() is None:
            _stop(process)
        _close(process)


def _finish(
    process: "subprocess.Popen[Any]", words: list[str], talk: Callable[[], tuple[str, str]], timeout: float | None
) -> str:
    """See a program to its end, whatever comes, and judge how it ended."""
    try:
        output, errors = talk()
    except subprocess.TimeoutExpired:
        _stop(process)
        message = f"`{subprocess.list2cmdline(words)}` did not end within {timeout:g} seconds"
        raise TimeoutError(message) from None
    except BaseException:
        _stop(process)
        raise
    finally:
        _close(process)
    if process.returncode:
        message = f"`{subprocess.list2cmdline(words)}` failed with status {process.returncode}"
        said = "\n".join(part.rstrip("\n") for part in (output, errors) if part)
        raise ProcessError(message, command=words, returncode=process.returncode, output=said)
    return output.rstrip("\n")


def _close(process: "subprocess.Popen[Any]") -> None:
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        with suppress(BrokenPipeError):  # it ended before it read everything
            pipe.close()


def _start(
    words: list[str],
    cwd: Path | None,
    env: Mapping[str, str | None] | None,
    stdin: int,
    stderr: int,
    *,
    is_text: bool = True,
) -> "subprocess.Popen[Any]":
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            words,
            cwd=cwd,
            env={name: value for name, value in {**os.environ, **(env or {})}.items() if value is not None},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8" if is_text else None,
            errors="replace" if is_text else None,
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads run yet
        )
    except FileNotFoundError:
        if cwd is not None and not cwd.is_dir():
            raise
        raise _not_found(words[0]) from None


def _not_found(program: str) -> ToolchainError:
    message = f"the program {program!r} was not found"
    return ToolchainError(message, hint=f"Install {Path(program).name} and run the command again.")


def _follow(process: "subprocess.Popen[Any]", on_line: Callable[[str], None]) -> str:
    """Hand on each line as it comes, and keep the last ones."""
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        on_line(lines[-1])
    process.wait()
    return "\n".join(lines)


def _stop(process: "subprocess.Popen[Any]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> Callable[[], None]:
    """A hook for the new process that asks Linux to end it when its parent dies."""
    import ctypes

    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, _SIGTERM)
        if os.getppid() != parent:  # it died before the request was made
            os._exit(1)

    return hook
