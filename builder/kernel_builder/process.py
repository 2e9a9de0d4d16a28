"""The only place that starts a process."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError

__all__ = ["run"]

_LAST_LINES = 200
_GRACE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_SIGTERM = 15


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and return what it printed, standard error included.

    The program ends with us: an interrupt stops it, and on Linux even a kill of this process does, so that no
    compiler writes on while the next build starts.

    Args:
        command: the program and its arguments; no shell is involved.
        cwd: the folder to run in.
        env: variables to set beside those of this process.
        on_line: called with each line of output as it comes, without its end.

    Raises:
        ToolchainError: when there is no such program.
        ProcessError: when it fails; carries the last lines of its output.
    """
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            words,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads run yet
        )
    except FileNotFoundError:
        message = f"the program {words[0]!r} was not found"
        raise ToolchainError(message, hint=f"Install {Path(words[0]).name} and run the command again.") from None
    lines: deque[str] = deque(maxlen=None if on_line is None else _LAST_LINES)
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if on_line is not None:
                on_line(lines[-1])
        returncode = process.wait()
    except BaseException:
        _stop(process)
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    output = "\n".join(lines)
    if returncode:
        message = f"`{subprocess.list2cmdline(words)}` failed with status {returncode}"
        raise ProcessError(message, command=words, returncode=returncode, output=output)
    return output


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> Callable[[], None]:
    """A hook for the new process that asks Linux to end it when its parent dies."""
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, _SIGTERM)
