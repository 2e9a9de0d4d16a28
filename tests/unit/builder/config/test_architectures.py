"""The devices that components list."""

from typing import Any

import pytest

from kernel_builder.config.architectures import check_architectures
from kernel_builder.config.capabilities import default_capabilities, known_capabilities, oldest_cudas, rocm_archs
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report


def _found(backend: str, key: str, value: Any) -> list[tuple[str, str, str | None]]:
    report = Report(Positions())
    check_architectures({"kernel": {"k": {"backend": backend, key: value}}}, report)
    return [(it.severity, it.key.removeprefix(f"kernel.k.{key}"), it.suggestion) for it in report.findings()]


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        (["8.0", "9.0a", "10.0f", "12.1a", "10.3", "8.0+PTX"], []),
        (["8.4"], [("error", "[0]", "8.0")]),
        (["8.0", "11.8"], [("warning", "[1]", "11.0")]),
        (["14.0"], [("warning", "[0]", None)]),
        (["8.0a"], [("error", "[0]", "8.0")]),
        (["9.0f"], [("error", "[0]", "9.0")]),
        (["8.0", "9.0", "8.0"], [("warning", "[2]", None)]),
        ([], [("warning", "", None)]),
        (["foo", 9.0], []),
        ("9.0", []),
    ],
)
def test_cuda_capabilities_exist(capabilities: Any, expected: list[tuple[str, str, str | None]]) -> None:
    """One that no device has is an error where a compiler would be asked for it, and doubtful where it would not."""
    assert expected == _found("cuda", "cuda-capabilities", capabilities)


@pytest.mark.parametrize(
    ("archs", "expected"),
    [
        (["gfx90a", "gfx942", "gfx1100"], []),
        (["gfx942", "gfx940", "gfx941"], [("warning", "[1]", None), ("warning", "[2]", None)]),
        (["gfx942", "gfx1151"], [("warning", "[1]", None)]),
        (["gfx942", "gfx924"], [("error", "[1]", "gfx942")]),
        (["gfx940"], [("error", "", None), ("warning", "[0]", None)]),
        (["gfx942", "gfx942"], [("warning", "[1]", None)]),
        ([], [("warning", "", None)]),
        (["MI300"], []),
    ],
)
def test_rocm_archs_exist(archs: list[str], expected: list[tuple[str, str, str | None]]) -> None:
    """Unknown ones are errors, retired ones doubtful, and a list of which nothing is left cannot be built."""
    assert sorted(expected, key=str) == sorted(_found("rocm", "rocm-archs", archs), key=str)


def test_keys_of_another_backend_are_passed_over() -> None:
    """They are an error of their own, which `check_components` notes."""
    assert [] == _found("rocm", "cuda-capabilities", ["8.4"]) + _found("cuda", "rocm-archs", ["gfx924"])


def test_what_the_builder_compiles_for_is_accepted() -> None:
    """The defaults of every CUDA version, each known capability, and every supported architecture pass."""
    capabilities = {str(one) for cuda in oldest_cudas() for one in default_capabilities(cuda)}
    assert [] == _found("cuda", "cuda-capabilities", sorted(capabilities | set(map(str, known_capabilities()))))
    assert [] == _found("rocm", "rocm-archs", list(rocm_archs().supported))
