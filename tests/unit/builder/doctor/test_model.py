"""Diagnoses, and what follows from them."""

import pytest

from kernel_builder.doctor.model import Diagnosis, Question, Remedy, Status, uses, verdict

STEP = Remedy(step="Do it.")


def _ask(name: str, *needed_for: str) -> Question:
    return Question(id=name, topic="Topic", text=name, needed_for=needed_for)


def test_uses() -> None:
    """A use is a way and a backend."""
    assert ("local:cpu", "local:cuda") == uses("local", "cpu", "cuda")


def test_answers() -> None:
    """Only a "no" and an "unknown" have a remedy, and each of them has one."""
    ask = _ask("a")
    answers = [ask.yes("d"), ask.no("d", STEP), ask.unknown("d", STEP), ask.elsewhere("d")]
    assert [Status.YES, Status.NO, Status.UNKNOWN, Status.ELSEWHERE] == [one.status for one in answers]
    assert [None, STEP, STEP, None] == [one.remedy for one in answers]


YES = _ask("yes", "local:cpu").yes("")
NO = _ask("no", "local:cpu").no("", STEP)
UNKNOWN = _ask("unknown", "local:cpu").unknown("", STEP)
ELSEWHERE = _ask("elsewhere", "local:cpu").elsewhere("")
OTHER = _ask("other", "local:cuda").no("", STEP)


@pytest.mark.parametrize(
    ("diagnoses", "status", "because"),
    [
        ([YES, OTHER], Status.YES, []),
        ([YES, NO, UNKNOWN], Status.NO, [NO]),
        ([YES, UNKNOWN], Status.UNKNOWN, [UNKNOWN]),
        ([YES, NO, ELSEWHERE], Status.ELSEWHERE, [ELSEWHERE]),
        ([OTHER], Status.UNKNOWN, []),
    ],
)
def test_verdict(diagnoses: list[Diagnosis], status: Status, because: list[Diagnosis]) -> None:
    """Something can be done when nothing that it needs is missing, and something was found that it needs."""
    found = verdict("local:cpu", tuple(diagnoses))
    assert (status, tuple(because)) == (found.status, found.because)
