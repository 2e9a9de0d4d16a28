"""Places of keys and values, and how paths are spelled."""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_builder.config.positions import KeyPath, Position, dotted, locate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@given(text=st.text() | st.text("[]{}=.,#\"'\\\n ab1"))
def test_any_text_is_survived(text: str) -> None:
    """Text that is not TOML is followed as far as it goes."""
    assert all(path in locate(text) for path in locate(text))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a = " + "[" * 100_000, "a = " + "{a=" * 50_000, '"\\Uffffffff" = 1', "a = '", "[[a]"]
)
def test_text_that_is_cut_short_is_survived(text: str) -> None:
    """Unclosed brackets, deep nesting and impossible escapes end the scan without an error."""
    assert Position(1, 1) == locate(text).value(("nothing",))


def test_an_unknown_path_has_the_place_of_what_is_around_it() -> None:
    """A missing key is shown at its table, a missing table at the top."""
    positions = locate("\n[a]\nb = [1]\n")
    places = [positions.value(("a", "b", 7)), positions.value(("a", "c")), positions.key(("x",)), positions.key(("a",))]
    assert [Position(3, 5), Position(2, 1), Position(1, 1), Position(2, 2)] == places


def test_what_lies_deeper_than_any_file_needs_has_the_place_of_what_is_around_it() -> None:
    """Nor do the paths of a large array far down fill the memory; what comes after has its place."""
    chain = ".".join("a" * 60)
    head = f"x = {('{' + chain + ' = ') * 40}["
    positions = locate(f"{head}{'1,' * 100_000}]{'}' * 40}\nb = 1\n")
    assert 64 == max(map(len, positions))
    assert Position(2, 5) == positions.value(("b",))
    assert Position(1, 133) == positions.value(("x", *"a" * 2400, 7))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("general",), "general"),
        (("kernel", "relu", "src", 0), "kernel.relu.src[0]"),
        (("kernel", "my relu", "src"), 'kernel."my relu".src'),
        (("a.b", ""), '"a.b".""'),
        (("\x1b[1m", '"'), '"\\u001b[1m"."\\""'),
        (("\u202e", "\U000e0001"), '"\\u202E"."\\U000E0001"'),
    ],
)
def test_paths_are_spelled_as_toml_spells_them(path: KeyPath, expected: str) -> None:
    """Keys are quoted where they need it, and nothing in them steers a terminal."""
    assert expected == dotted(path)


@given(keys=st.lists(st.text(), min_size=1, max_size=4))
def test_a_spelled_path_reads_back(keys: list[str]) -> None:
    """What `dotted` gives is the same key to a TOML parser."""
    data: Any = tomllib.loads(f"{dotted(tuple(keys))} = 1")
    for key in keys:
        data = data[key]
    assert data == 1
