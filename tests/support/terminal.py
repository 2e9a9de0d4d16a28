"""A program in a terminal, for what programs do only there: complete a line, paint, ask."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["Terminal"]

#: Joins a terminal to the pipes of its own process; the terminal is the program's own, so that it can control its jobs.
_JOIN = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


class Terminal:
    """A program in a terminal of its own; keys go in, and what the terminal shows comes out.

    Args:
        command: the program and its arguments.
        cwd: the folder that it runs in.
        env: variables beside those of this process.
    """

    def __init__(self, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self._command: Sequence[str] = command
        self._cwd = cwd
        self._env = {**os.environ, "TERM": "xterm", **(env or {})}
        self.shown = ""

    def __enter__(self) -> "Terminal":  # noqa: PYI034 - typing.Self comes with Python 3.11
        self._process = subprocess.Popen(
            [sys.executable, "-c", _JOIN, *self._command],
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def type(self, keys: str) -> None:
        """Press keys."""
        assert self._process.stdin is not None
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    def until(self, text: str) -> str:
        """Wait until the terminal shows a text, and return what it has shown since the last wait, up to that.

        Raises:
            AssertionError: when the program ends without showing it.
        """
        assert self._process.stdout is not None
        while text not in self.shown:
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            assert data, f"the program ended and had not shown {text!r} but {self.shown!r}"
            self.shown += data.decode(errors="replace")
        before, _, self.shown = self.shown.partition(text)
        return before

    def end(self) -> tuple[int, str]:
        """Wait for the end of the program; its exit code, and what the terminal has shown since the last wait."""
        output, _ = self._process.communicate()
        return self._process.returncode, self.shown + output.decode(errors="replace")
