"""A diagnosis: a question about this machine, the answer, and the step that turns a "no" into a "yes"."""

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Diagnosis", "Question", "Remedy", "Status", "Verdict", "uses", "verdict"]


class Status(str, Enum):
    """The answer to a question.

    `ELSEWHERE` is the answer where a question makes no sense, such as that for Xcode on Linux: nothing is to be mended.
    """

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    ELSEWHERE = "not-here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How to turn the answer into a "yes"; a step, commands, or a step that is done with the commands.

    Attributes:
        step: what to do, as sentences; may be empty when the commands say it all.
        commands: command lines for this system's shell, in their order.
    """

    step: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to find out about this machine.

    Attributes:
        id: its name for scripts; stays the same from version to version.
        topic: the heading that it stands under.
        text: what is asked for, in a few words.
        needed_for: what fails when the answer is "no", each as `uses` spells it; empty for what is merely good to have.
    """

    id: str
    topic: str
    text: str
    needed_for: tuple[str, ...] = ()

    def yes(self, detail: str) -> "Diagnosis":
        """It is so."""
        return Diagnosis(question=self, status=Status.YES, detail=detail)

    def no(self, detail: str, remedy: Remedy, *, said: str = "") -> "Diagnosis":
        """It is not so, and this mends it."""
        return Diagnosis(question=self, status=Status.NO, detail=detail, remedy=remedy, said=said)

    def unknown(self, detail: str, remedy: Remedy, *, said: str = "") -> "Diagnosis":
        """It could not be found out, and this is how to get on."""
        return Diagnosis(question=self, status=Status.UNKNOWN, detail=detail, remedy=remedy, said=said)

    def elsewhere(self, detail: str) -> "Diagnosis":
        """It is not a question for this system."""
        return Diagnosis(question=self, status=Status.ELSEWHERE, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The answer to one question.

    Attributes:
        question: what was asked.
        status: the answer.
        detail: versions, paths or the reason, in one line.
        remedy: the step that mends it; `None` for a "yes" and for what is not a question here.
        said: what the program that was asked printed itself, word by word, where that explains the answer.
    """

    question: Question
    status: Status
    detail: str
    remedy: Remedy | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something can be done here.

    Attributes:
        status: the answer.
        because: the diagnoses that stand in the way; empty for a "yes".
    """

    status: Status
    because: tuple[Diagnosis, ...] = field(default=())


def uses(way: str, *backends: str) -> tuple[str, ...]:
    """The spelling of what a question may be needed for: `local:cuda`, `nix:cuda`, `load:cuda`.

    Args:
        way: `local` (a build with the toolchain of this machine), `nix` (a build with Nix) or `load`.
        backends: the backends.
    """
    return tuple(f"{way}:{backend}" for backend in backends)


def verdict(use: str, diagnoses: tuple[Diagnosis, ...]) -> Verdict:
    """Whether something can be done: when everything that is needed for it is there.

    Nothing can be done for which no question was asked, since nothing speaks for it.
    """
    needed = [one for one in diagnoses if use in one.question.needed_for]
    against = tuple(one for one in needed if one.status is not Status.YES)
    for status in (Status.ELSEWHERE, Status.NO, Status.UNKNOWN):
        if any(one.status is status for one in against):
            return Verdict(status, tuple(one for one in against if one.status is status))
    return Verdict(Status.YES if needed else Status.UNKNOWN)
