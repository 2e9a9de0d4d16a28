"""From bytes to plain data."""

import pytest

from kernel_builder.config.findings import Finding
from kernel_builder.config.syntax import LARGEST_FILE, decode, parse


def _place(result: object) -> tuple[int, int]:
    assert isinstance(result, Finding)
    assert result.severity == "error"
    return result.line, result.column


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"a = 1\n\xff", (2, 1)),
        ("é = 'ü' ".encode() + b"\xe9", (1, 9)),
        (b"\xff\xfea\x00", (1, 1)),
        (b"\xef\xbb\xbfa = 1", (1, 1)),
        (b"#" * (LARGEST_FILE + 1), (1, 1)),
        (b"a = '\xc3'", (1, 6)),
    ],
)
def test_bytes_that_are_no_text_have_a_place(raw: bytes, place: tuple[int, int]) -> None:
    """The first byte that is not UTF-8 is named; marks and sizes are of the whole file."""
    assert place == _place(decode(raw))


def test_a_file_of_the_largest_size_is_read() -> None:
    """The limit itself is allowed."""
    assert decode(b"#" * LARGEST_FILE) == "#" * LARGEST_FILE


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = \n", (1, 5)),
        ("a = 1\r\n\r\nb = = 1\r\n", (3, 5)),
        ("a = 'x", (1, 7)),
        ("a = [1,\n", (2, 1)),
        ("ü = 1", (1, 1)),
        ("[a]\n[a]\n", (2, 3)),
        ("a = 1\na = 2\n", (2, 6)),
        ('a = "\x00"', (1, 6)),
        ("x = 1\nv = " + "1" * 5000, (2, 5)),
        ("x = " + "[" * 5000, (1, 1)),
        ("x = 1\n y" + ".y" * 70 + " = 1", (2, 2)),
        ("['y'" + ' . "y"' * 70 + "]", (1, 2)),
    ],
)
def test_mistakes_of_syntax_have_a_place(text: str, place: tuple[int, int]) -> None:
    """The parser's own place is taken over; a file that ends early is wrong at its end."""
    assert place == _place(parse(text))


def test_dots_in_texts_and_comments_are_no_key() -> None:
    """Only keys are limited in their number of parts."""
    dots = "a." * 100
    text = f"a = '{dots}' # {dots}\nb = \"\"\"\n{dots}\"\"\"\nc = '''{dots}'''\nd = \"{dots}\"\n"
    assert {"a": dots, "b": dots, "c": dots, "d": dots} == parse(text)


@pytest.mark.parametrize(
    "text",
    ['"\\' * 200_000, "'" * 400_000, '"' * 400_001, "a" * 500_000, "a." * 250_000, "[" * 500_000, "\n" * 500_000],
)
@pytest.mark.timeout(20)
def test_no_text_takes_long(text: str) -> None:
    """Texts made to be slow are refused at once, or read."""
    assert isinstance(parse(text), Finding | dict)
