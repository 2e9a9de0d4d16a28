"""Collecting findings."""

import pytest

from kernel_builder.config.findings import Finding
from kernel_builder.config.positions import Positions, locate
from kernel_builder.config.report import Report, closest, ordered, shown


def test_findings_have_the_place_of_their_path() -> None:
    """An error stands at the value, or at the key where that is wrong."""
    report = Report(locate('[a]\nb = "c"\n'))
    report.error(("a", "b"), "at the value")
    report.warning(("a", "b"), "at the key", suggestion="x", at_key=True)
    assert (
        Finding(line=2, column=1, severity="warning", key="a.b", message="at the key", suggestion="x"),
        Finding(line=2, column=5, severity="error", key="a.b", message="at the value"),
    ) == report.findings()
    assert report.has_errors


def test_findings_come_once_and_in_the_order_of_the_file() -> None:
    """Two findings that differ in their suggestion only are still put in order."""
    first = Finding(line=1, column=2, severity="error", key="a", message="m")
    second = Finding(line=1, column=2, severity="error", key="a", message="m", suggestion="s")
    third = Finding(line=2, column=1, severity="error", key="a", message="m")
    assert (first, second, third) == ordered([third, second, first, third])


def test_a_note_is_no_problem_and_comes_last_of_its_place() -> None:
    """What was understood is said after what is wrong there, and is no error."""
    report = Report(locate("a = 1\n"))
    report.note(("a",), "was understood")
    assert not report.has_errors
    report.warning(("a",), "is odd")
    report.error(("a",), "is wrong")
    assert ["error", "warning", "note"] == [finding.severity for finding in report.findings()]


def test_what_is_found_at_or_below_a_muted_path_is_left_out() -> None:
    """What was said before of it, and what is found beside it, stays."""
    report = Report(Positions())
    report.error(("a",), "before")
    report.mute(("a",))
    for path in (("a",), ("a", "b", 0), ("ab",)):
        report.error(path, "after")
    assert [("a", "before"), ("ab", "after")] == [(finding.key, finding.message) for finding in report.findings()]


@pytest.mark.timeout(20)
def test_many_muted_paths_do_not_make_it_slow() -> None:
    """Each finding is looked at once, and not once for every muted path."""
    report = Report(Positions())
    for index in range(20_000):
        report.mute(("kernel", str(index), "backend"))
        report.error(("kernel", str(index), "backend"), "muted")
        report.error(("kernel", str(index), "src"), "found")
    assert 20_000 == len(report.findings())


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("licence", ("license", "name"), "license"),
        ("PYTHON_DEPENDS", ("python-depends",), "python-depends"),
        ("cuda_capabilitys", ("cuda-capabilities", "cuda_capabilities"), "cuda-capabilities"),
        ("noarch", ("torch", "torch-noarch"), "torch-noarch"),
        ("depends", ("python-depends", "kernel-depends", "depend"), "depend"),
        ("zzz", ("license", "name"), None),
        ("x" * 100_000, ("license",), None),
        ("", (), None),
    ],
)
def test_the_closest_word_is_found(word: str, known: tuple[str, ...], expected: str | None) -> None:
    """Case and the kind of dash do not count, a last part is enough; what is far from all has no closest word."""
    assert expected == closest(word, known)


def test_a_shown_text_is_short_and_harmless() -> None:
    """Texts of the file are quoted, shortened and free of control characters."""
    assert [shown("a\x1b[1m"), shown("x" * 1000)] == ["'a\\x1b[1m'", "'" + "x" * 59 + "…'"]
