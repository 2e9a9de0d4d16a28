"""Programs tell their versions."""

from support.machines import Tools

from kernel_builder.doctor.model import Question, Remedy, Status
from kernel_builder.doctor.programs import Program, diagnose_program

QUESTION = Question(id="tool", topic="Tools", text="tool")
STEP = Remedy(step="Mend it.")


def test_version(tools: Tools) -> None:
    """The version is what the pattern finds in any line."""
    path = tools.add("tool", "Tool of somebody\nrelease 13.0, V13.0.88")
    found, version = diagnose_program(QUESTION, Program(path=path, pattern=r"V([\d.]+)"), STEP)
    assert (QUESTION.yes(f"13.0.88, {path}"), "13.0.88") == (found, version)


def test_failure(tools: Tools) -> None:
    """A program that fails is a "no", with its words and the remedy."""
    path = tools.add("tool", error="no library", status=127)
    expected = QUESTION.no(f"{path} failed with status 127", STEP, said="no library")
    assert (expected, None) == diagnose_program(QUESTION, Program(path=path), STEP)


def test_garbage(tools: Tools) -> None:
    """A program that says no version is unknown, with the beginning of what it said."""
    path = tools.add("tool", "x" * 100)
    found, version = diagnose_program(QUESTION, Program(path=path), STEP)
    assert (Status.UNKNOWN, None) == (found.status, version)
    assert f"{path} says no version that is known: {'x' * 60!r}" == found.detail


def test_hanging(tools: Tools) -> None:
    """A program that does not end is unknown."""
    path = tools.hang("tool")
    expected = QUESTION.unknown(f"{path} did not answer within 1 seconds", STEP)
    assert (expected, None) == diagnose_program(QUESTION, Program(path=path), STEP)
