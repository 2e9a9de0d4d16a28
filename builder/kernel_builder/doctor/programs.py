"""Whether a program runs and which version it is: the question that is asked of every compiler and tool."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.model import Diagnosis, Question, Remedy

__all__ = ["Program", "diagnose_program"]

#: Enough of what a program printed to see that it is not what was expected.
_EXCERPT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a program tells its version.

    Attributes:
        path: the program.
        pattern: what its version is in, in the first group, among the lines that it prints.
        arguments: what makes it print them.
        env: variables to set while it runs.
    """

    path: Path
    pattern: str = r"\b(\d+\.\d+[\w.+-]*)"
    arguments: tuple[str, ...] = ("--version",)
    env: Mapping[str, str | None] | None = None


def diagnose_program(question: Question, program: Program, remedy: Remedy) -> tuple[Diagnosis, str | None]:
    """Ask a program for its version.

    Args:
        question: yes, it runs; no, it fails; unknown, it does not end, or does not say a version.
        program: the program.
        remedy: the step when it is not a "yes".

    Returns:
        The diagnosis, and the version of a program that runs.
    """
    answer = ask([program.path, *program.arguments], env=program.env)
    if answer.problem:
        status = question.unknown if answer.hangs else question.no
        return status(f"{program.path} {answer.problem}", remedy, said=answer.said), None
    match = re.search(program.pattern, answer.text)
    if match is None:
        said = answer.first_line[:_EXCERPT]
        return question.unknown(f"{program.path} says no version that is known: {said!r}", remedy), None
    return question.yes(f"{match[1]}, {program.path}"), match[1]
