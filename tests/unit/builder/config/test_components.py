"""Rules of components."""

from typing import Any

import pytest

from kernel_builder.config.components import check_components
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report


def _found(data: dict[str, Any]) -> list[tuple[str, str]]:
    report = Report(Positions())
    check_components(data, report)
    return [(finding.severity, finding.key) for finding in report.findings()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", []),
        ("_fp4quant_sm100", []),
        ("moe-marlin", []),
        ("my relu", [("warning", 'kernel."my relu"')]),
        ("-x", [("warning", "kernel.-x")]),
        ("", [("error", 'kernel.""')]),
        (" ", [("error", 'kernel." "')]),
        ("a\nb", [("error", 'kernel."a\\nb"')]),
        ('a"b', [("error", 'kernel."a\\"b"')]),
        ("a\\b", [("error", 'kernel."a\\\\b"')]),
    ],
)
def test_ids_are_plain(name: str, expected: list[tuple[str, str]]) -> None:
    """Blanks and the like are warned of; what could end a text or steer a terminal is refused."""
    assert expected == _found({"kernel": {name: {}}})


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"backend": "cuda", "cuda-capabilities": [], "cuda-flags": [], "cuda-minver": "12"}, []),
        ({"backend": "rocm", "rocm-archs": [], "hip-flags": []}, []),
        ({"backend": "cuda", "rocm-archs": []}, [("error", "kernel.a.rocm-archs")]),
        (
            {"backend": "rocm", "cuda-flags": [], "sycl-flags": []},
            [
                ("error", "kernel.a.cuda-flags"),
                ("error", "kernel.a.sycl-flags"),
            ],
        ),
        ({"backend": "cpu"}, [("error", "kernel.a.backend")]),
        ({"backend": "rocm", "depends": ["torch", "cutlass_3_9", "?"]}, [("warning", "kernel.a.depends[1]")]),
        ({"backend": "gpu", "rocm-archs": []}, []),
        ({"backend": ["cuda"]}, []),
    ],
)
def test_keys_belong_to_the_backend(component: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """A component has the keys of its backend, and its backend is one of the kernel's."""
    assert expected == _found({"general": {"backends": ["cuda", "rocm"]}, "kernel": {"a": component}})


def test_a_misspelled_backend_is_not_reported_twice() -> None:
    """While `general.backends` has a mistake, components are not held against it."""
    assert _found({"general": {"backends": ["cudaa"]}, "kernel": {"a": {"backend": "cuda"}}}) == []


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([["a.cu"], ["a.cu"]], []),
        ([["a.cu", "a.cu"], []], [("warning", "kernel.k0.src[1]")]),
        (
            [["a.cu", "./a.cu"], ["b//a.cu", "b/./a.cu"]],
            [("warning", "kernel.k0.src[1]"), ("warning", "kernel.k1.src[1]")],
        ),
        ([["a.cu"], ["./a.cu"]], []),
        ([["a.cu", "A.cu"], []], [("error", "kernel.k0.src[1]")]),
        ([["a/x.cu"], ["A/x.cu"]], [("error", "kernel.k1.src[0]")]),
        ([["\u00e9.cu"], ["e\u0301.cu"]], [("error", "kernel.k1.src[0]")]),
    ],
)
def test_files_that_clash_on_some_machines_are_refused(sources: Any, expected: list[tuple[str, str]]) -> None:
    """Components may share a file, but only under one spelling."""
    assert expected == _found({"kernel": {f"k{index}": {"src": source} for index, source in enumerate(sources)}})


@pytest.mark.parametrize(
    ("bindings", "first", "second", "expected"),
    [
        ({}, {}, {}, [("warning", "kernel.k1.src[1]")]),
        ({}, {"cxx-flags": ["-DA"]}, {"cxx-flags": ["-DA"]}, [("warning", "kernel.k1.src[1]")]),
        ({}, {}, {"cuda-flags": ["-DWIDE"]}, []),
        ({}, {}, {"backend": "rocm"}, []),
        ({}, {"src": ["./k.cu"]}, {}, [("warning", "kernel.k1.src[1]")]),
        ({}, {"src": ["*.cu"]}, {"src": ["*.cu"]}, []),
        ({"src": ["k.cu"]}, {"src": ["j.cu"]}, {}, [("warning", "kernel.k1.src[1]")]),
        ({"src": ["k.cu"], "cxx-flags": ["-DB"]}, {"src": ["j.cu"]}, {}, []),
        ({"src": ["k.h"]}, {"src": ["j.cu"]}, {}, []),
    ],
)
def test_a_source_is_compiled_once_in_one_way(
    bindings: dict[str, Any], first: dict[str, Any], second: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Backends have their own builds, and other flags may give other names; headers are there to be shared."""
    component = {"backend": "cuda", "src": ["k.h", "k.cu"]}
    assert expected == _found({"torch": bindings, "kernel": {"k0": component | first, "k1": component | second}})


def test_components_of_a_python_only_kernel_are_doubtful() -> None:
    """They would never be compiled."""
    assert _found({"torch-noarch": {}, "kernel": {"a": {}}}) == [("warning", "kernel.a")]


@pytest.mark.parametrize(
    ("backend", "sources", "expected"),
    [
        ("cpu", ["a.cpp", "a.cc", "a.cxx", "a.h", "a.hpp", "table.inc"], []),
        ("cuda", ["a.cu", "a.cuh", "a.cpp"], []),
        ("metal", ["a.metal", "a.mm"], []),
        ("cpu", ["a.cpp", "b.cu"], [("error", "kernel.k.src[1]")]),
        ("cpu", ["a.cpp", "b.c"], [("error", "kernel.k.src[1]")]),
        ("cpu", ["a.CPP"], [("error", "kernel.k.src[0]"), ("warning", "kernel.k.src")]),
        ("xpu", ["a.cpp", "b.mm", "c.metal"], [("error", "kernel.k.src[1]"), ("error", "kernel.k.src[2]")]),
        ("cpu", ["a.h"], [("warning", "kernel.k.src")]),
        ("cpu", [], [("warning", "kernel.k.src")]),
    ],
)
def test_sources_are_what_the_backend_compiles(
    backend: str, sources: list[str], expected: list[tuple[str, str]]
) -> None:
    """A source that the compiler would pass over is an error, a component of headers alone is doubtful."""
    data = {"general": {"backends": [backend]}, "kernel": {"k": {"backend": backend, "src": sources}}}
    assert sorted(expected) == sorted(_found(data))


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        ([["cutlass_3_9"], ["torch", "cutlass_3_9"]], []),
        ([["cutlass_3_9"], ["torch", "cutlass_4_0"]], [("error", "kernel.k1.depends[1]")]),
        ([["cutlass_3_9", "cutlass_4_0"], []], [("error", "kernel.k0.depends[1]")]),
        ([["cutlass_3_9"], ["cutlass"]], []),
    ],
)
def test_a_kernel_has_one_version_of_cutlass(depends: list[list[str]], expected: list[tuple[str, str]]) -> None:
    """Every component sees the headers of all, so that a second version is refused where it is asked for."""
    assert expected == _found({"kernel": {f"k{index}": {"depends": names} for index, names in enumerate(depends)}})


@pytest.mark.parametrize("sources", [["relu/*"], ["a.h", "**/*.mm"]])
def test_what_a_pattern_matches_is_not_guessed(sources: list[str]) -> None:
    """Its files are known when the project is looked at, and judged then."""
    assert [] == _found({"general": {"backends": ["cpu"]}, "kernel": {"k": {"backend": "cpu", "src": sources}}})
