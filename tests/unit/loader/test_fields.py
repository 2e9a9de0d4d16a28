"""Reading JSON objects while collecting problems."""

import pytest

from kernels._fields import TEXT, TEXTS, Fields, show


def test_problems_carry_the_path_of_the_key() -> None:
    """A key in an object within the document is named with the keys that lead to it."""
    problems: list[str] = []
    fields = Fields({"outer": {"inner": 1, "list": ["a", 2]}}, problems)
    outer = fields.nested("outer")

    found = [outer.required("inner", TEXT), outer.optional("list", TEXTS), outer.required("gone", TEXT)]

    assert [None, None, None] == found
    assert [
        "`outer.inner` is 1, expected a string",
        '`outer.list` is ["a", 2], expected a list of strings',
        "`outer.gone` is missing",
    ] == problems


def test_null_is_absent_only_where_a_key_is_optional() -> None:
    """An optional key may be null, a required one may not."""
    problems: list[str] = []
    fields = Fields({"key": None}, problems)

    assert fields.optional("key", TEXT) is None
    assert [] == problems
    fields.required("key", TEXT)
    assert ["`key` is null, expected a string"] == problems


def test_a_nested_object_may_be_missing() -> None:
    """The keys of an object that is not there are not there."""
    problems: list[str] = []

    assert Fields({}, problems).nested("outer").optional("inner", TEXT) is None
    assert [] == problems


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("caf\u00e9\n", '"caf\\u00e9\\n"'),
        ("x" * 100, '"' + "x" * 56 + "..."),
        (float("nan"), "NaN"),
    ],
)
def test_values_are_shown_in_a_line(value: object, text: str) -> None:
    """An error message holds no control characters and no page of text."""
    assert text == show(value)


def test_deep_values_are_shown() -> None:
    """A value that is too deep to be written is described."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    assert show(deep) == "a deeply nested value"
