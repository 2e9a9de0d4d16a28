"""Which files a compiler takes."""

import pytest

from kernel_builder.config.languages import is_compiled, refused_source


@pytest.mark.parametrize(
    ("backend", "file", "expected"),
    [
        ("cpu", "a.cpp", None),
        ("cpu", "a.h", None),
        ("cpu", "LICENSE", None),
        ("cpu", "a.cu", "'a.cu' is not compiled for cpu, which takes .cc, .cpp, .cxx"),
        ("cpu", "a.CPP", "'a.CPP' is not compiled for cpu, which takes .cc, .cpp, .cxx"),
        ("cuda", "a.mm", "'a.mm' is not compiled for cuda, which takes .cc, .cpp, .cu, .cxx"),
    ],
)
def test_sources_of_another_compiler_are_refused(backend: str, file: str, expected: str | None) -> None:
    """The ending tells, and its case counts; headers and files without an ending are no sources."""
    assert expected == refused_source(backend, file)


def test_what_is_compiled() -> None:
    """Sources of any backend are, headers are not."""
    assert [True, True, True, False, False] == [is_compiled(file) for file in ("a.cu", "a.mm", "a.c", "a.h", "cu")]
