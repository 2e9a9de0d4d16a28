"""Reading JSON objects while collecting problems."""

import pytest

from kernels._fields import TEXT, TEXTS, Fields, oddity, show


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


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"key": ["caf\u00e9\U0001f600", 1, 1.5, True, None, {}]}, None),
        ({"\ud83d": 1}, 'it holds "\\ud83d", which is no Unicode'),
        ([{"key": "x\udfff"}], 'it holds "x\\udfff", which is no Unicode'),
        ([[float("inf")]], "it holds the number Infinity"),
        ({"key": float("nan")}, "it holds the number NaN"),
    ],
)
def test_what_cannot_be_written_is_found(value: object, problem: str | None) -> None:
    """Text and numbers that are in no JSON document of other programs are found wherever they stand."""
    assert problem == oddity(value)


def test_depth_is_counted() -> None:
    """Objects and lists may lie in each other up to the bound."""
    found = [oddity([[{"key": []}]], depth) for depth in (3, 4)]

    assert ["it is more than 64 levels deep", None] == found
