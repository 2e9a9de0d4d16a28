"""Plain data into the model."""

import datetime as dt
from typing import Any

import pytest

from kernel_builder.config.bound import Bound
from kernel_builder.config.model import (
    BackendOptions,
    General,
    Hub,
    KernelComponent,
    KernelDepend,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report
from kernel_builder.config.structure import field_specs, read_table
from kernel_builder.config.values import RULES

_CLASSES = (
    General,
    BackendOptions,
    Hub,
    KernelDepend,
    TorchExtension,
    NoarchExtension,
    TvmFfiExtension,
    KernelComponent,
)


_MINIMAL = {"name": "relu", "version": 1, "license": "MIT", "backends": ["cpu"]}


def _read(cls: type[Any], data: Any, edition: int = 5, **given: Any) -> tuple[Any, list[tuple[str, str, str | None]]]:
    report = Report(Positions(), edition)
    value = read_table(cls, data, ("t",), report, **given)
    return value, [(finding.key, finding.message, finding.suggestion) for finding in report.findings()]


def test_a_table_is_read_into_its_class() -> None:
    """Keys with dashes become fields, arrays become tuples, and versions become bounds."""
    data = {
        "src": ["a.cpp"],
        "minver": "2.9",
        "stable-abi": {"cuda": "2.10"},
        "cxx-flags": ["-O3"],
    }
    expected = TorchExtension(
        src=("a.cpp",),
        minver=Bound(text="2.9", parts=(2, 9)),
        stable_abi={"cuda": Bound(text="2.10", parts=(2, 10))},
        cxx_flags=("-O3",),
    )
    assert (expected, []) == _read(TorchExtension, data)


def test_nested_tables_are_read() -> None:
    """`general` holds tables and arrays of tables."""
    data = {
        "name": "relu",
        "version": 0,
        "license": "MIT",
        "backends": ["cpu"],
        "hub": {"repo-id": "o/r", "branch": "main"},
        "cuda": {"maxver": "13"},
        "kernel-depends": [{"repo-id": "o/k", "version": 1}, {"repo-id": "o/l", "revision": "main"}],
    }
    expected = General(
        name="relu",
        version=0,
        license="MIT",
        backends=("cpu",),
        hub=Hub(repo_id="o/r", branch="main"),
        cuda=BackendOptions(maxver=Bound(text="13", parts=(13,))),
        kernel_depends=(KernelDepend(repo_id="o/k", version=1), KernelDepend(repo_id="o/l", revision="main")),
    )
    assert (expected, []) == _read(General, data)


def test_the_fields_that_are_no_keys_are_given() -> None:
    """The id of a component is the name of its table."""
    data = {"backend": "cpu", "depends": [], "src": []}
    assert (KernelComponent(id="x", backend="cpu", depends=(), src=()), []) == _read(KernelComponent, data, id="x")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, "an integer"),
        (True, "a boolean"),
        (1.5, "a float"),
        ("x", "a string"),
        ({}, "a table"),
        (dt.datetime(1979, 5, 27, 7, 32, tzinfo=dt.timezone.utc), "a date"),
        (dt.date(1979, 5, 27), "a date"),
        (dt.time(7, 32), "a time"),
    ],
)
def test_a_wrong_type_says_what_was_expected_and_what_is_there(value: Any, kind: str) -> None:
    """Each type of TOML has its name."""
    assert (None, [("t.src", f"expected an array, got {kind}", None)]) == _read(TvmFfiExtension, {"src": value})


@pytest.mark.parametrize(
    ("cls", "data", "expected"),
    [
        (TvmFfiExtension, {}, [("t.src", "missing key", None)]),
        (TvmFfiExtension, {"srcs": []}, [("t.srcs", "unknown key", "src")]),
        (TvmFfiExtension, [], [("t", "expected a table, got an array", None)]),
        (
            TvmFfiExtension,
            {"src": [1, "a", True]},
            [
                ("t.src[0]", "expected a string, got an integer", None),
                ("t.src[2]", "expected a string, got a boolean", None),
            ],
        ),
        (TorchExtension, {"minver": 2.9}, [("t.minver", "expected a version in quotes, got a float", None)]),
        (
            TorchExtension,
            {"minver": "x"},
            [("t.minver", "'x' is not a version: use one to three numbers divided by dots", None)],
        ),
        (
            TorchExtension,
            {"stable-abi": {"cuda": 2}},
            [("t.stable-abi.cuda", "expected a version in quotes, got an integer", None)],
        ),
        (KernelDepend, {"repo-id": "o/r", "version": -1}, [("t.version", "is negative: count from 0", None)]),
        (KernelDepend, {"repo-id": "o/r", "version": 2**63}, [("t.version", "is too large: at most 63 bits", None)]),
        (
            KernelDepend,
            {"repo-id": "o/r", "version": True},
            [("t.version", "expected an integer, got a boolean", None)],
        ),
        (
            NoarchExtension,
            {"cuda-capabilities": [], "cuda_capabilities": []},
            [("t.cuda_capabilities", "says the same as `cuda-capabilities`: keep one of them", None)],
        ),
        (
            General,
            {"name": "relu", "version": 1, "backends": ["cpu"], "rocm": {}, "neuron": {"minver": "1"}},
            [
                ("t.license", "missing key", None),
                ("t.neuron.minver", "unknown key", None),
                ("t.rocm", "unknown key", None),
            ],
        ),
    ],
)
def test_every_problem_is_noted(cls: type[Any], data: Any, expected: list[tuple[str, str, str | None]]) -> None:
    """The key and the message of each finding."""
    assert expected == _read(cls, data)[1]


@pytest.mark.parametrize("depend", [{}, {"version": 1, "revision": "main"}])
def test_a_kernel_depend_has_one_of_version_and_revision(depend: dict[str, Any]) -> None:
    """Neither and both are wrong."""
    data = {"name": "relu", "version": 1, "backends": ["cpu"], "kernel-depends": [{"repo-id": "o/r", **depend}]}
    assert _read(General, data | {"license": "MIT"})[1] == [
        ("t.kernel-depends[0]", "needs exactly one of `version` and `revision`", None)
    ]


@pytest.mark.parametrize("key", ["cuda-capabilities", "cuda_capabilities"])
def test_a_second_spelling_is_accepted(key: str) -> None:
    """The keys of `[torch-noarch]` are spelled with dashes in the documents and with underscores in files."""
    assert (NoarchExtension(cuda_capabilities=("9.0",)), []) == _read(NoarchExtension, {key: ["9.0"]})


@pytest.mark.parametrize(
    ("cls", "data", "key"),
    [
        (General, {"kernel-depends": []}, "t.kernel-depends"),
        (General, {"tpu": {}}, "t.tpu"),
        (General, {"cuda": {"kernel-depends": []}}, "t.cuda.kernel-depends"),
        (TorchExtension, {"stable-abi": {}}, "t.stable-abi"),
    ],
)
def test_what_only_edition_5_has_asks_for_it(cls: type[Any], data: dict[str, Any], key: str) -> None:
    """In a file without `edition`, such a key says what to add; with it, there is nothing to say."""
    found = {edition: [it[0] for it in _read(cls, data, edition)[1] if "edition = 5" in it[1]] for edition in (4, 5)}
    assert {4: [key], 5: []} == found


@pytest.mark.parametrize(
    ("cls", "data", "given", "key"),
    [
        (General, {"upstream": ["https://example.org/a"]}, {}, "t.upstream"),
        (KernelComponent, {"backend": "cpu", "cargo-manifest": "Cargo.toml"}, {"id": "a"}, "t.cargo-manifest"),
    ],
)
def test_what_only_edition_6_has_asks_for_it(
    cls: type[Any], data: dict[str, Any], given: dict[str, Any], key: str
) -> None:
    """The same, one edition later."""
    found = {
        edition: [it[0] for it in _read(cls, data, edition, **given)[1] if "edition = 6" in it[1]] for edition in (5, 6)
    }
    assert {5: [key], 6: []} == found


@pytest.mark.parametrize("value", ["https://example.org/a", ["https://example.org/a"]])
def test_a_text_may_stand_for_an_array_of_one(value: Any) -> None:
    """`upstream` was one URL before it could be several."""
    assert _read(General, {**_MINIMAL, "upstream": value}, 6)[0].upstream == ("https://example.org/a",)


@pytest.mark.parametrize(
    ("value", "expected"), [(1, "an array, got an integer"), (["x"], "is not the URL"), ("x", "is not the URL")]
)
def test_both_forms_of_such_an_array_are_checked(value: Any, expected: str) -> None:
    """Neither hides a wrong type or a wrong text."""
    ((_, message, _),) = _read(General, {**_MINIMAL, "upstream": value}, 6)[1]
    assert expected in message


@pytest.mark.parametrize(
    ("cls", "data", "expected"),
    [
        (General, {"name": "relu", "version": 1, "backends": []}, {4: [], 5: ["t.license"], 6: ["t.license"]}),
        (TvmFfiExtension, {}, {4: ["t.src"], 5: ["t.src"], 6: []}),
    ],
)
def test_a_key_may_be_required_in_some_editions(
    cls: type[Any], data: dict[str, Any], expected: dict[int, list[str]]
) -> None:
    """The license since edition 5, the sources of `[tvm-ffi]` before edition 6."""
    found = {edition: [key for key, message, _ in _read(cls, data, edition)[1]] for edition in (4, 5, 6)}
    assert expected == found


@pytest.mark.parametrize("cls", _CLASSES)
def test_every_key_can_be_read(cls: type[Any]) -> None:
    """Each field has a sentence of documentation, and a text has a rule."""
    specs = field_specs(cls)
    assert [spec.key for spec in specs if not spec.facts["doc"].endswith(".")] == []
    assert [spec.key for spec in specs if spec.type in (str, tuple[str, ...]) and spec.facts["rule"] not in RULES] == []
