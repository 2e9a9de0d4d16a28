"""The builds of a kernel against those that compliant kernels have."""

import pytest
from support.configs import bound, noarch_config, torch_config, tvm_ffi_config

from kernel_builder.checks.matrix import Coverage, check_matrix, coverage
from kernel_builder.matrix import load_matrix, select
from kernel_builder.matrix.rows import parse_matrix
from kernels.variant import Platform

LINUX, MAC = "x86_64-linux", "aarch64-darwin"
MATRIX = parse_matrix(
    {
        "systems": [LINUX, MAC],
        "backends": {"cpu": [LINUX, MAC], "cuda": [LINUX]},
        "torch": [
            {"version": "2.11", "required": True, "cpu": True, "cuda": ["12.8"]},
            {"version": "2.12", "required": True, "cpu": True, "cuda": ["13.0"],
             "tvm-ffi": {"version": "0.1", "cpu": True}},
            {"version": "2.13", "required": False, "cpu": True, "cuda": ["13.0"]},
        ],
    }
)  # fmt: skip
OLD, MIDDLE, NEW = (f"torch{version}-cxx11-cpu-{LINUX}" for version in (211, 212, 213))


def test_every_backend_and_system() -> None:
    """Each pair of a backend and a system has its required variants, its optional ones, and those that are there."""
    config = torch_config("cuda", "cpu")
    cuda, linux, mac = coverage(config, MATRIX, [NEW, OLD, "torch-cpu"])
    assert ("cuda", LINUX, ()) == (cuda.backend, cuda.system, cuda.present)
    expected = Coverage(backend="cpu", system=LINUX, required=(OLD, MIDDLE), optional=(NEW,), present=(OLD, NEW))
    assert (expected, (MIDDLE,)) == (linux, linux.missing)
    assert (f"torch211-cpu-{MAC}", f"torch212-cpu-{MAC}") == mac.missing


def test_one_build_that_serves_several_releases() -> None:
    """A build on the stable ABI is required when one of the releases is that it serves."""
    (cuda,) = coverage(torch_config("cuda", stable_abi=bound("2.11")), MATRIX, [])
    names = (f"torch-stable-abi211-cu128-{LINUX}", f"torch-stable-abi211-cu130-{LINUX}")
    assert (names, ()) == (cuda.required, cuda.optional)


def test_frameworks() -> None:
    """A kernel on tvm-ffi has the worlds with a tvm-ffi; of a Python-only one, any single build is enough."""
    tvm_ffi = coverage(tvm_ffi_config("cpu"), MATRIX, [])
    assert [(f"tvm-ffi01-cpu-{system}",) for system in (LINUX, MAC)] == [one.required for one in tvm_ffi]
    assert () == coverage(noarch_config("cpu", "cuda"), MATRIX, [])


def test_what_is_missing_is_a_warning_where_something_is() -> None:
    """By default only what was begun has to be whole, and nothing fails."""
    found = coverage(torch_config("cuda", "cpu"), MATRIX, [NEW])
    (finding,) = check_matrix(found, [])
    assert ("matrix", "missing-variants", "warning") == (finding.check, finding.code, finding.severity)
    assert f"cpu on {LINUX} lacks {OLD}, {MIDDLE}" == finding.message
    assert [] == check_matrix(coverage(torch_config("cuda", "cpu"), MATRIX, [OLD, MIDDLE]), [])


def test_everything_can_be_required() -> None:
    """On request every backend has to be whole on every system."""
    found = check_matrix(coverage(torch_config("cuda", "cpu"), MATRIX, [OLD, MIDDLE]), [], require_all=True)
    assert ["error", "error"] == [finding.severity for finding in found]
    starts = [finding.message.partition(" lacks")[0] for finding in found]
    assert [f"cuda on {LINUX}", f"cpu on {MAC}"] == starts


def test_builds_that_are_not_of_the_kernel() -> None:
    """A build that the kernel does not make is named."""
    (finding,) = check_matrix((), ["torch-cuda"])
    assert ("foreign-variant", "torch-cuda", "warning") == (finding.code, finding.file, finding.severity)


@pytest.mark.parametrize("system", load_matrix().systems)
def test_the_real_matrix(system: str) -> None:
    """What a kernel can have on a system is exactly what `list-variants` lists for it."""
    config = torch_config("cpu", "cuda", "metal", "rocm", "xpu")
    expected = {target.name for target in select(config, load_matrix(), Platform(*system.split("-")))}
    found = [one for one in coverage(config, load_matrix(), []) if one.system == system]
    assert expected == {name for one in found for name in (*one.required, *one.optional)}
