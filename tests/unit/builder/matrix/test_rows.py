"""The build matrix, as data and as rows."""

import json
from typing import Any

import pytest

from kernel_builder.matrix.rows import Matrix, Row, load_matrix, matrix_path, parse_matrix
from kernels.backend import BACKENDS, COMPILED_BACKENDS, Compute, MajorMinor
from kernels.errors import VariantNameError
from kernels.variant import Platform

LINUX = Platform("x86_64", "linux")
DATA: dict[str, Any] = {
    "systems": ["x86_64-linux"],
    "backends": {"cpu": ["x86_64-linux"], "cuda": ["x86_64-linux"]},
    "torch": [
        {
            "version": "2.9",
            "cpu": True,
            "cuda": ["12.6", "13.0"],
            "tvm-ffi": {"version": "0.1", "cuda": ["13.0"]},
        },
        {"version": "2.10", "cpu": False, "cuda": []},
    ],
}
NEW: dict[str, Any] = {"version": "2.14", "cpu": True}


def test_data_become_rows() -> None:
    """Each release, compute version and system is a row; a release without a backend has none for it."""
    torch = MajorMinor(2, 9)
    rows = (
        Row(torch, Compute("cpu"), LINUX),
        Row(torch, Compute("cuda", MajorMinor(12, 6)), LINUX),
        Row(torch, Compute("cuda", MajorMinor(13, 0)), LINUX, MajorMinor(0, 1)),
    )
    assert Matrix(("x86_64-linux",), rows) == parse_matrix(DATA)


def test_a_backend_that_compiles_nothing_comes_with_every_release() -> None:
    """Backends without compiled kernels are no part of Torch: their systems are all that the data file says of them."""
    data = {**DATA, "backends": {"neuron": ["x86_64-linux"]}}
    expected = tuple(Row(MajorMinor(2, minor), Compute("neuron"), LINUX) for minor in (9, 10))
    assert expected == parse_matrix(data).rows


def test_rows_of_one_system() -> None:
    """A system sees its own rows only."""
    matrix = parse_matrix(DATA)
    assert (matrix.rows, ()) == (matrix.on(LINUX), matrix.on(Platform("aarch64", "linux")))


def test_version_of_the_wrong_form() -> None:
    """A version that is none is refused, not taken for text."""
    with pytest.raises(VariantNameError, match=r"MAJOR\.MINOR"):
        parse_matrix({**DATA, "torch": [{"version": "two", "cpu": True}]})


def test_shape_of_the_data_file() -> None:
    """The data file has known keys only, known systems, and versions of the form MAJOR.MINOR in rising order."""
    data = json.loads(matrix_path().read_text("utf-8"))
    assert {"doc", "systems", "backends", "torch"} == set(data)
    assert list(BACKENDS) == list(data["backends"])
    assert set(data["systems"]) == {system for systems in data["backends"].values() for system in systems}
    releases = [MajorMinor.parse(release["version"]) for release in data["torch"]]
    assert sorted(set(releases)) == releases
    for release in data["torch"]:
        assert set(release) - {"tvm-ffi"} <= {"version", "required", *COMPILED_BACKENDS}
        assert isinstance(release["required"], bool)
        for backend in {"cuda", "rocm", "xpu"} & set(release):
            versions = [MajorMinor.parse(version) for version in release[backend]]
            assert sorted(set(versions)) == versions
            assert [str(version) for version in versions] == release[backend]
            assert set(release.get("tvm-ffi", {}).get(backend, [])) <= set(release[backend])


def test_what_compliant_kernels_have() -> None:
    """The reference lists the worlds of Torch 2.11 and 2.12; those of a release that it does not list are optional."""
    rows = [row for row in load_matrix().rows if row.compute.backend in COMPILED_BACKENDS]
    assert {MajorMinor(2, 11), MajorMinor(2, 12)} == {row.torch for row in rows if row.required}
    assert {MajorMinor(2, 13)} == {row.torch for row in rows if not row.required}
    assert [False] == [row.required for row in parse_matrix({**DATA, "torch": [*DATA["torch"][1:], NEW]}).rows]
    assert [True] == [row.required for row in parse_matrix({**DATA, "torch": [{**NEW, "required": True}]}).rows]


def test_no_world_is_older_than_the_documented_defaults() -> None:
    """A kernel without bounds is built from CUDA 11.8 and Torch 2.0 on, which every row is."""
    rows = load_matrix().rows
    assert [] == [row for row in rows if row.torch < (2, 0)]
    assert [] == [row for row in rows if row.compute.backend == "cuda" and (row.compute.version or (0, 0)) < (11, 8)]


def test_the_matrix_is_read_once() -> None:
    """Reading the data file again gives the value that was read."""
    assert load_matrix() is load_matrix()
