"""The rules of single texts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_builder.config.values import PATTERNS, RULES, VALUES, Problem

_GOOD = {
    "backend": ["cann", "cpu", "cuda", "metal", "neuron", "rocm", "tpu", "xpu"],
    "compiled-backend": ["cpu", "cuda", "metal", "rocm", "xpu"],
    "cuda-capability": ["7.5", "9.0a", "10.0f", "8.0+PTX", "99.9"],
    "depend": ["torch", "cutlass_4_0", "metal-cpp", "sycl_tla"],
    "folder": [".", "include", "a/b", "a/./b", "a b", "..a/b..", "ü"],
    "git-url": [
        "https://github.com/o/r.git",
        "git+https://host/r",
        "ssh://git@host:22/r",
        "git@host:o/r.git",
        "git://host/r",
        "http://[::1]/r",
    ],
    "name": ["relu", "my--kernel", "a1", "vllm-flash-attn3", "match"],
    "pyext": ["py", "pyi", "json"],
    "repo-id": ["o/r", "kernels-community/activation", "a.b/c_d"],
    "revision": ["v1", "main", "refs/pr/1", "0123abc"],
    "rocm-arch": ["gfx90a", "gfx942", "gfx1100"],
    "source": ["a.cu", "./a.cu", "a/b.cu", "a b+(c).cu", "ab:c.cu"],
    "text": ["-O3", "MIT", "a b", '"'],
}
_BAD = {
    "backend": ["", "CUDA", "gpu", " cpu"],
    "compiled-backend": ["tpu", "neuron", "hip"],
    "cuda-capability": ["", "foo", "9", "90", "sm_90", "9.0b", "9.0+ptx", " 9.0"],
    "depend": ["", "Torch", "cutlass_sycl", "cutlass"],
    "folder": ["", " ", "..", "a/../b", "/a", "a\\b", "C:/a", "c:a", "a\n", "a\x00b", "\u202ea"],
    "git-url": [
        "",
        "github.com/o/r",
        "ftp://host/r",
        "https://",
        "https:///r",
        "https://host:x/r",
        "https://[::1/r",
        "git@host:/abs",
        "a b@host:r",
        "https://host/a b",
        "file:///etc",
        "https://me:secret@host/r",
    ],
    "name": ["", "a", "A", "my_kernel", "-ab", "ab-", "1ab", "class", "ab\n", "é-a", "a b", "a" * 97],
    "pyext": ["", ".py", "*.py", "a/b", "p y"],
    "repo-id": ["", "activation", "a/b/c", "/b", "a/", "a b/c", "../x", "a/..", "a--b/c", "-a/b", "a/b" * 40],
    "revision": ["", "-f", "a b", "a..b", "a/", "a.", "a//b", "a\n"],
    "rocm-arch": ["", "942", "gfx9", "GFX942", "gfx942:xnack-", "MI300", "gfx942\n"],
    "source": [
        "",
        "a/",
        ".",
        "a/.",
        "../a.cu",
        "/etc/passwd",
        "//a",
        "a;b.cu",
        "a|b.cu",
        "a$(b).cu",
        "$<1:a>",
        "a[.cu",
    ],
    "text": ["", " ", "\t", "-O3\n", "a\x7f", "\x1b[1m"],
}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in _GOOD.items() for text in texts])
def test_what_authors_write_is_accepted(rule: str, text: str) -> None:
    """Texts as real files have them obey their rule."""
    assert RULES[rule](text) is None


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in _BAD.items() for text in texts])
def test_what_cannot_be_is_a_problem(rule: str, text: str) -> None:
    """Each is refused with a sentence that can be printed."""
    problem = RULES[rule](text)
    assert problem is not None
    assert problem.message.isprintable()


@pytest.mark.parametrize(
    ("rule", "text", "suggestion"),
    [
        ("backend", "CUDA", "cuda"),
        ("backend", "gpu", None),
        ("cuda-capability", "9", "9.0"),
        ("cuda-capability", "90", "9.0"),
        ("cuda-capability", "100a", "10.0a"),
        ("cuda-capability", "12", "12.0"),
        ("cuda-capability", "sm_90", "9.0"),
        ("cuda-capability", "compute_90a", "9.0a"),
        ("cuda-capability", "8.0+ptx", "8.0+PTX"),
        ("cuda-capability", "foo", None),
        ("cuda-capability", "900", None),
        ("depend", "cutlass-4.0", "cutlass_4_0"),
        ("depend", "cutlass_sycl", "sycl_tla"),
        ("name", "My_Kernel", "my-kernel"),
        ("name", "3d", None),
        ("pyext", "*.py", "py"),
        ("rocm-arch", "GFX942", "gfx942"),
        ("rocm-arch", "942", "gfx942"),
        ("rocm-arch", "gfx942:xnack-", "gfx942"),
        ("rocm-arch", "MI300", None),
        ("source", "a\\b.cu", "a/b.cu"),
    ],
)
def test_the_likely_meaning_is_suggested(rule: str, text: str, suggestion: str | None) -> None:
    """A near miss comes with what was probably meant, and nothing is invented where nothing is near."""
    problem = RULES[rule](text)
    assert problem is not None
    assert suggestion == problem.suggestion


def test_a_password_is_not_repeated() -> None:
    """A finding must not print the secret that it warns of."""
    expected = Problem("holds a password, which would be published with the kernel")
    assert expected == RULES["git-url"]("https://me:secret@host/r")


def test_every_rule_is_tried() -> None:
    """No rule is without good and bad examples."""
    assert set(RULES) == set(_GOOD) == set(_BAD)


@given(rule=st.sampled_from(sorted(RULES)), text=st.text())
def test_no_text_breaks_a_rule(rule: str, text: str) -> None:
    """A rule answers for every text."""
    problem = RULES[rule](text)
    assert problem is None or problem.message.isprintable()


def test_every_rule_has_a_shape_for_editors() -> None:
    """A rule either takes some words only, or has a pattern."""
    assert set(RULES) == {*VALUES, *PATTERNS}
    assert not {*VALUES} & {*PATTERNS}


@given(data=st.data(), rule=st.sampled_from(sorted(RULES)))
def test_what_a_rule_takes_has_its_shape(data: st.DataObject, rule: str) -> None:
    """Whatever a rule accepts is one of its words, or matches its pattern."""
    text = data.draw(st.one_of(st.text(), st.sampled_from(_GOOD[rule]), st.text("ab./:@-0 *")))
    if RULES[rule](text) is None:
        assert text in VALUES[rule]() if rule in VALUES else re.fullmatch(PATTERNS[rule], text)
