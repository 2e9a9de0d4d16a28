"""Every error has its own exit code and a next step."""

import re

import pytest

from kernel_builder import errors
from kernel_builder.errors import BuilderError, CheckError, ConfigError, ProcessError

CLASSES: list[type[BuilderError]] = [getattr(errors, name) for name in errors.__all__]


def test_codes_are_unique() -> None:
    """No two classes of errors end the program with the same code, nor with one that click or the shell uses."""
    codes = [one.exit_code for one in CLASSES]
    assert len(CLASSES) == len(set(codes) - {0, 2, 130})


def test_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """The table in the module's documentation lists each class with its code."""
    documented = dict(re.findall(r"(\w+Error) +(\d+) ", errors.__doc__ or ""))
    assert {one.__name__: str(one.exit_code) for one in CLASSES} == documented


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
    assert ("c",) == CheckError("no", problems=["c"]).problems


def test_a_failed_program_is_described() -> None:
    """The command, its status and its last output can be read off the error."""
    error = ProcessError("no", command=["a", "b"], returncode=-9, output="last words")
    assert (("a", "b"), -9, "last words") == (error.command, error.returncode, error.output)
