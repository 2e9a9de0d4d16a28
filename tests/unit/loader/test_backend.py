"""Backends and their versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.backend import BACKENDS, COMPILED_BACKENDS, Compute, MajorMinor
from kernels.errors import VariantNameError


def test_compiled_backends_are_backends() -> None:
    """The backends that compile are some of the backends."""
    assert set(COMPILED_BACKENDS) < set(BACKENDS)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("12.6", MajorMinor(12, 6)),
        ("2.13.0+cpu", MajorMinor(2, 13)),
        ("2.10.0a0+gitabc", MajorMinor(2, 10)),
        ("6.3.42131-fa1d09cbd", MajorMinor(6, 3)),
        ("8.3.RC1", MajorMinor(8, 3)),
    ],
)
def test_versions_are_read(text: str, version: MajorMinor) -> None:
    """The first two components of a version count, whatever follows."""
    assert version == MajorMinor.parse(text)


@pytest.mark.parametrize("text", ["", "2", "2.", ".2", "v2.1", "2,1", "\u0662.1", "1." + "9" * 5000])
def test_other_texts_are_no_versions(text: str) -> None:
    """A text that does not start with two numbers of a sane length is refused, with an error of ours."""
    with pytest.raises(VariantNameError, match=r"MAJOR\.MINOR"):
        MajorMinor.parse(text)


def test_versions_are_ordered_by_number() -> None:
    """2.9 comes before 2.10."""
    assert MajorMinor(2, 9) < MajorMinor(2, 10)


@pytest.mark.parametrize(
    ("digits", "major_digits", "version"),
    [
        ("29", 1, MajorMinor(2, 9)),
        ("212", 1, MajorMinor(2, 12)),
        ("01", 1, MajorMinor(0, 1)),
        ("010", 1, MajorMinor(0, 10)),
        ("126", 2, MajorMinor(12, 6)),
    ],
)
def test_digits_are_read(digits: str, major_digits: int, version: MajorMinor) -> None:
    """The digits of a variant name are split behind the major version, and are written as they were read."""
    found = MajorMinor.from_digits(digits, major_digits)

    assert version == found
    assert digits == found.digits


@pytest.mark.parametrize("digits", ["", "2", "201", "2x", "\u0662\u0661", "2" * 5000])
def test_other_digits_are_refused(digits: str) -> None:
    """Digits that are no major and minor version, or not in their one spelling, are refused."""
    with pytest.raises(VariantNameError, match="digits"):
        MajorMinor.from_digits(digits)


@pytest.mark.parametrize(
    ("tag", "compute", "words"),
    [
        ("cpu", Compute("cpu"), "cpu"),
        ("metal", Compute("metal"), "metal"),
        ("cu126", Compute("cuda", MajorMinor(12, 6)), "cuda 12.6"),
        ("cu1210", Compute("cuda", MajorMinor(12, 10)), "cuda 12.10"),
        ("cu92", Compute("cuda", MajorMinor(9, 2)), "cuda 9.2"),
        ("rocm72", Compute("rocm", MajorMinor(7, 2)), "rocm 7.2"),
        ("rocm710", Compute("rocm", MajorMinor(7, 10)), "rocm 7.10"),
        ("xpu20253", Compute("xpu", MajorMinor(2025, 3)), "xpu 2025.3"),
        ("cann83", Compute("cann", MajorMinor(8, 3)), "cann 8.3"),
    ],
)
def test_computes_are_read(tag: str, compute: Compute, words: str) -> None:
    """The compute part of a name gives the backend and its version, and is written as it was read."""
    found = Compute.parse(tag)

    assert compute == found
    assert tag == found.tag
    assert words == str(found)


@pytest.mark.parametrize(
    "tag", ["", "cuda", "cu", "cu1", "cu012", "rocm", "xpu", "gpu", "cpu1", "CPU", "cu1200", "cu-126"]
)
def test_other_computes_are_refused(tag: str) -> None:
    """A tag that names no backend, or a version in another spelling, is refused."""
    with pytest.raises(VariantNameError):
        Compute.parse(tag)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the text, it is read to the same text or refused with an error of ours."""
    try:
        found = Compute.parse(text)
    except VariantNameError:
        return
    assert text == found.tag
