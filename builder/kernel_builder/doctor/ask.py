"""Asking a program for its version or its settings, within a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run

__all__ = ["PATIENCE", "Answer", "ask"]

#: How many seconds a program may take to answer; each of them takes a fraction of one when all is well.
PATIENCE = 10.0

#: No program that is asked for its version needs these, so that none can print them; an address can hold a password.
_SECRETS: Mapping[str, None] = dict.fromkeys(("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking a program.

    Attributes:
        text: what it printed on standard output; empty when it failed.
        problem: why there is no answer, as the end of a sentence; empty when there is one.
        said: what a failing program printed.
        hangs: whether it did not end in time.
    """

    text: str = ""
    problem: str = ""
    said: str = ""
    hangs: bool = False

    @property
    def first_line(self) -> str:
        """The first line that has something in it."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")


def ask(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    patience: float | None = None,
) -> Answer:
    """Run a program that prints an answer; whatever it does, there is an `Answer`.

    Args:
        command: the program and its arguments.
        cwd: the folder to run in.
        env: variables to set beside those of this process; `None` takes one away.
        patience: how many seconds to wait, in place of `PATIENCE`.
    """
    seconds = PATIENCE if patience is None else patience
    try:
        return Answer(text=run(command, cwd=cwd, env={**_SECRETS, **(env or {})}, timeout=seconds))
    except TimeoutError:
        return Answer(problem=f"did not answer within {seconds:g} seconds", hangs=True)
    except ProcessError as error:
        return Answer(problem=f"failed with status {error.returncode}", said=error.output.strip())
    except ToolchainError as error:
        return Answer(problem=str(error))
    except OSError as error:  # not a program, or not for this processor
        return Answer(problem=f"cannot be run: {error.strerror or error}")
