"""Components of the editions 1 and 6 as components of the model."""

from typing import Any

import pytest

from kernel_builder.config.editions.components import LANGUAGES, from_language_1, from_language_6, language_6
from kernel_builder.config.editions.moved import MovedPositions
from kernel_builder.config.positions import KeyPath, Positions
from kernel_builder.config.reader import read_text
from kernel_builder.config.report import Report

_Said = list[tuple[str, str, str]]


def _lift(edition: int, kernel: dict[str, Any]) -> tuple[dict[str, Any], Positions, _Said]:
    data = {"kernel": kernel}
    report = Report(Positions(), edition)
    moves = (from_language_1 if edition == 1 else from_language_6)(data, report)
    said = [(it.severity, it.key, it.message) for it in report.findings()]
    return data["kernel"], MovedPositions(Positions(), moves), said


@pytest.mark.parametrize(
    ("component", "expected", "at"),
    [
        ({"language": "metal", "src": []}, {"backend": "metal", "src": []}, "language"),
        ({"language": "cuda", "src": []}, {"backend": "cuda", "src": []}, "language"),
        ({"src": []}, {"backend": "cuda", "src": []}, None),
    ],
)
def test_a_language_of_edition_1_is_a_backend(component: Any, expected: Any, at: str | None) -> None:
    """CUDA where none is said, which is noted; findings on the backend name the language."""
    found, positions, said = _lift(1, {"a": component})
    assert {"a": expected} == found
    assert positions.origin(("kernel", "a", "backend")) == ("kernel", "a", *([at] if at else []))
    assert said == ([] if at else [("note", "kernel.a", "has no language: read as cuda")])


def test_a_component_for_cuda_and_rocm_is_two() -> None:
    """Each has what both have, and its own keys and dependencies; the second one stands behind the first."""
    component = {
        "language": "cuda-hipify",
        "depends": ["cutlass_3_5", "torch"],
        "src": ["a.cu"],
        "cuda-capabilities": ["8.0"],
        "cuda-flags": ["-O3"],
        "rocm-archs": ["gfx942"],
        "hip-flags": ["-O2"],
        "cxx-flags": [],
    }
    found, positions, said = _lift(1, {"a": component, "b": {"language": "metal"}})
    shared = {"src": ["a.cu"], "cxx-flags": []}
    cuda = {"backend": "cuda", "depends": ["cutlass_3_5", "torch"], "cuda-capabilities": ["8.0"], "cuda-flags": ["-O3"]}
    rocm = {"backend": "rocm", "depends": ["torch"], "rocm-archs": ["gfx942"], "hip-flags": ["-O2"]}
    expected = {"a": cuda | shared, "a_rocm": rocm | shared, "b": {"backend": "metal"}}
    assert (expected, ["a", "a_rocm", "b"]) == (found, list(found))
    paths: list[KeyPath] = [("kernel", "a_rocm", *path) for path in (("backend",), ("src", 0), ("depends", 0))]
    origins: list[KeyPath] = [("kernel", "a", *path) for path in (("language",), ("src", 0), ("depends", 1))]
    assert origins == [positions.origin(path) for path in paths]
    assert [("note", "kernel.a.language", "read as [kernel.a] for cuda and [kernel.a_rocm] for rocm")] == said


def test_the_name_of_the_second_half_must_be_free() -> None:
    """A component of that name is an error, and stays what it is."""
    other = {"language": "metal", "src": []}
    found, _, ((severity, key, _),) = _lift(1, {"a": {"language": "cuda-hipify"}, "a_rocm": other})
    assert ("error", "kernel.a_rocm", "metal") == (severity, key, found["a_rocm"]["backend"])


@pytest.mark.parametrize(
    ("edition", "component", "key"),
    [
        (1, {"language": "cuda-hip"}, "kernel.a.language"),
        (1, {"language": 1}, "kernel.a.language"),
        (1, {"language": ["cuda"]}, "kernel.a.language"),
        (1, {"languag": "cuda"}, "kernel.a.languag"),
        (1, {"language": "cuda", "backend": "cuda"}, "kernel.a.backend"),
        (6, {"language": "cpp"}, "kernel.a.language"),
        (6, {"language": 1}, "kernel.a.language"),
        (6, {"languag": "cpp-cpu"}, "kernel.a.languag"),
        (6, {"backend": "cpu"}, "kernel.a.backend"),
        (6, {"backend": ["cpu"]}, "kernel.a.backend"),
        (6, {"language": "cpp-cpu", "cargo-manifest": "Cargo.toml"}, "kernel.a.cargo-manifest"),
    ],
)
def test_a_wrong_language_is_one_error(edition: int, component: dict[str, Any], key: str) -> None:
    """What was meant is suggested, and the backend that is missing for it is not missing too."""
    _, _, said = _lift(edition, {"a": component})
    assert [("error", key)] == [(severity, found) for severity, found, _ in said]


@pytest.mark.parametrize("edition", [1, 6])
def test_what_is_no_component_is_left_to_the_reader(edition: int) -> None:
    """It notes the wrong type."""
    assert ({"a": 1}, []) == _lift(edition, {"a": 1})[::2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_of_edition_6_names_a_backend(language: str) -> None:
    """The part behind the dash; a finding on the backend names the language."""
    component = {"language": language, "src": [], "cargo-manifest": "Cargo.toml"}
    found, positions, _ = _lift(6, {"a": component if language == "rust-cpu" else {"language": language, "src": []}})
    assert language.split("-")[1] == found["a"]["backend"]
    assert positions.origin(("kernel", "a", "backend")) == ("kernel", "a", "language")
    assert language_6(found["a"]["backend"]) in LANGUAGES


_FILE_6 = """\
[general]
name = "relu"
version = 1
edition = 6
license = "MIT"
backends = ["cpu"]

[tvm-ffi]

[kernel.a]
depends = []
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ["10:1: error: kernel.a.language: missing key", "10:1: error: kernel.a.src: missing key"]),
        (
            "language = 'rust-cpu'\ncargo-manifest = 'a/Cargo.toml'\n",
            ["12:12: warning: kernel.a.language: this version does not build components in Rust"],
        ),
        (
            "language = 'rust-cpu'\ncargo-manifest = 'a/Cargo.toml'\nsrc = ['a/lib.rs']\n",
            ["12:12: warning: kernel.a.language: this version does not build components in Rust"],
        ),
        (
            "src = 'a/lib.rs'\nlanguage = 'rust-cpu'\ncargo-manifest = 'Cargo.toml'\n",
            [
                "12:7: error: kernel.a.src: expected an array, got a string",
                "13:12: warning: kernel.a.language: this version does not build components in Rust",
            ],
        ),
        (
            "language = 'rust-cpu'\n",
            [
                "10:1: error: kernel.a.cargo-manifest: missing key",
                "12:12: warning: kernel.a.language: this version does not build components in Rust",
            ],
        ),
        (
            "src = ['a.cpp']\nbackend = 'cpu'\n",
            ["13:1: error: kernel.a.backend: is `language` in edition 6 (did you mean 'cpp-cpu'?)"],
        ),
    ],
)
def test_findings_of_edition_6_name_its_keys(lines: str, expected: list[str]) -> None:
    """Components in Rust are read, without sources for a compiler of ours."""
    result = read_text(_FILE_6 + lines)
    found = [str(it).removeprefix("build.toml:") for it in result.findings if "nothing is built" not in it.message]
    assert expected == found
    manifests = [kernel.cargo_manifest for kernel in result.config.kernels] if result.config else None
    assert manifests == (["a/Cargo.toml"] if "a/Cargo.toml" in lines else None)
