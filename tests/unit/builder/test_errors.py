"""Every error has its own exit code and a next step."""

import pytest

from kernel_builder import errors
from kernel_builder.checks.findings import Finding
from kernel_builder.errors import (
    CLOSED_PIPE,
    INTERRUPTED,
    BuilderError,
    CheckError,
    ConfigError,
    ProcessError,
    exit_codes,
)

CLASSES: list[type[BuilderError]] = [one for name in errors.__all__ if isinstance(one := getattr(errors, name), type)]


def test_codes_are_unique() -> None:
    """No two classes of errors end the program with the same code, nor with one that click or the shell uses."""
    codes = [one.exit_code for one in CLASSES]
    assert len(CLASSES) == len(set(codes) - {0, 2, INTERRUPTED, CLOSED_PIPE})


def test_every_exit_code_is_listed() -> None:
    """The list in the module's documentation has each class with its code, and the codes that are no error's."""
    listed = {code: name for code, (name, _) in exit_codes().items()}
    others = {0: "", 2: "", INTERRUPTED: "", CLOSED_PIPE: ""}
    assert {**{one.exit_code: one.__name__ for one in CLASSES}, **others} == listed
    assert sorted(listed) == list(listed)
    assert [] == [code for code, (_, meaning) in exit_codes().items() if not meaning]


@pytest.mark.parametrize("one", CLASSES)
def test_every_class_has_a_hint(one: type[BuilderError]) -> None:
    """The next step is a sentence even where the one who raises gives none."""
    assert one.hint.strip().endswith(".")


@pytest.mark.parametrize("one", [one for one in CLASSES if one is not ProcessError])
def test_a_hint_of_its_own_replaces_the_default(one: type[BuilderError]) -> None:
    """Whoever raises an error can name a better next step, for that error alone."""
    error = one("it broke", hint="Do this.")
    assert ("it broke", "Do this.", True) == (str(error), error.hint, one.hint != error.hint)


def test_lists_of_problems_are_kept() -> None:
    """Errors with many problems carry each of them."""
    assert ("a", "b") == ConfigError("no", findings=["a", "b"]).findings
    finding = Finding(check="layout", code="link", message="is a link", file="a.py")
    assert (finding,) == CheckError("no", findings=[finding]).findings


def test_a_failed_program_is_described() -> None:
    """The command, its status and its last output can be read off the error."""
    error = ProcessError("no", command=["a", "b"], returncode=-9, output="last words")
    assert (("a", "b"), -9, "last words") == (error.command, error.returncode, error.output)


def test_what_an_error_carries_for_a_program() -> None:
    """The details are the hint and every attribute of the class, and nothing of an error that has none."""
    assert {"hint": "Do this."} == BuilderError("no", hint="Do this.").details
    assert {"hint": ConfigError.hint, "findings": ("a",)} == ConfigError("no", findings=["a"]).details
    finding = Finding(check="layout", code="link", message="is a link", file="a.py")
    described = {"check": "layout", "code": "link", "message": "is a link", "file": "a.py", "severity": "error"}
    assert {"hint": "Do this.", "findings": [described]} == (
        CheckError("no", findings=[finding], hint="Do this.").details
    )
    expected = {"hint": ProcessError.hint, "command": ("a",), "returncode": 1, "output": "b"}
    assert expected == ProcessError("no", command=["a"], returncode=1, output="b").details
