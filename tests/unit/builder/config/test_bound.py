"""Version bounds."""

import pytest

from kernel_builder.config.bound import Bound


@pytest.mark.parametrize(
    ("text", "parts"),
    [("13", (13,)), ("13.0", (13, 0)), ("2.10", (2, 10)), ("12.6.1", (12, 6, 1)), ("0.1", (0, 1)), (" 2.9\t", (2, 9))],
)
def test_a_version_is_read_as_it_is_spelled(text: str, parts: tuple[int, ...]) -> None:
    """One to three numbers make a version, and the spelling is kept."""
    assert Bound(text=text.strip(), parts=parts) == Bound.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2.",
        ".2",
        "2..1",
        "1.2.3.4",
        "2.x",
        "v2",
        "-1",
        "2.09",
        "\u0662.\u0661",
        "9999999",
        "1e3",
        "2\n",
        "2,1",
    ],
)
def test_anything_else_is_no_version(text: str) -> None:
    """Letters, signs, empty parts, a fourth part, leading zeros and foreign digits are refused."""
    assert Bound.parse(text) is None


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("13", "12.6", True),
        ("12.6", "12", False),
        ("12.9", "12.8", True),
        ("12.8", "12.8", False),
        ("12.8.1", "12.8", False),
        ("2.10", "2.9", True),
        ("2.9", "2.10", False),
    ],
)
def test_two_bounds_exclude_each_other_when_nothing_is_between(low: str, high: str, *, expected: bool) -> None:
    """A shorter bound stands for all that begins with it."""
    lower, upper = Bound.parse(low), Bound.parse(high)
    assert lower is not None
    assert upper is not None
    assert expected == lower.excludes_to(upper)


def test_a_bound_allows_all_that_begins_with_it() -> None:
    """`13` means every 13.x, and `13.0` only that."""
    major, exact = Bound(text="13", parts=(13,)), Bound(text="13.0", parts=(13, 0))
    allowed = [bound.allows_to(version) for bound in (major, exact) for version in ((13, 2), (13, 0), (14, 0))]
    assert allowed == [True, True, False, False, True, False]
    assert [major.allows_from((13, 0)), major.allows_from((12, 9))] == [True, False]
