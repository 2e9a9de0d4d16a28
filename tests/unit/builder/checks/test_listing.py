"""Findings as lines."""

from typing import Any

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.listing import listing


def test_place_words_and_remedy() -> None:
    """Each finding has its line, and neighbours with one remedy have it once."""
    common: dict[str, Any] = {"check": "layout", "code": "link", "message": "is a link", "remedy": "Copy it."}
    found = [
        Finding(**common, file="a"),
        Finding(**common, file="b", line=2, severity="warning"),
        Finding(check="load", code="fails", message="does not load:\nfirst\nsecond"),
    ]
    assert [
        "error: a: is a link [layout: link]",
        "warning: b:2: is a link [layout: link]",
        "  Copy it.",
        "error: does not load:",
        "    first",
        "    second [load: fails]",
    ] == listing(found)


def test_names_do_not_steer_the_terminal() -> None:
    """What is in the name of a file is shown, and neither obeyed nor taken for a line."""
    finding = Finding(
        check="layout", code="link", message="is \x1b[1mnot\nred", file="a\nb\x1b[31m.py", remedy="Do\x07."
    )
    expected = [r"error: a\nb\x1b[31m.py: is \x1b[1mnot", "    red [layout: link]", r"  Do\x07."]
    assert expected == listing([finding])


def test_nothing() -> None:
    """Without findings there are no lines."""
    assert [] == listing([])
