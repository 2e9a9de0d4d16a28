"""Symbols of Torch, held against its stable ABI."""

from pathlib import Path

import pytest
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernel_builder.checks.findings import Finding
from kernels.variant import parse_variant

pytestmark = needs_gcc


def _found(tmp_path: Path, name: str, limits: AbiLimits) -> list[Finding]:
    torch = link(
        tmp_path / "lib" / "libtorch_cpu.so", f"int {name}(void) {{ return 1; }}", "-Wl,-soname,libtorch_cpu.so"
    )
    path = module(tmp_path / "kernel.abi3.so", f"extern int {name}(void); void *keep = {name};", needs=[torch])
    return list(check_abi(path, limits).findings)


@pytest.mark.parametrize("name", ["aoti_torch_get_dim", "aoti_torch_get_data_ptr"])
def test_the_stable_abi(tmp_path: Path, name: str) -> None:
    """C functions of the stable ABI are no finding."""
    assert [] == _found(tmp_path, name, AbiLimits(torch_stable_abi=(2, 10)))


def test_a_function_that_came_later(tmp_path: Path) -> None:
    """A C function that came after the oldest Torch is told with both versions."""
    name = "torch_exception_get_what_without_backtrace"
    [finding] = _found(tmp_path, name, AbiLimits(torch_stable_abi=(2, 10)))
    assert ("torch-shim-too-new", name, "2.10") == (finding.code, finding.symbol, finding.allowed)
    since = tuple(map(int, (finding.needed or "").split(".")))
    assert [] == _found(tmp_path, name, AbiLimits(torch_stable_abi=(since[0], since[1])))


@pytest.mark.parametrize("name", ["aoti_torch_of_the_future", "torch_of_the_future"])
def test_a_function_that_is_not_known(tmp_path: Path, name: str) -> None:
    """A C function of Torch that is in no table is an error, and not passed over."""
    [finding] = _found(tmp_path, name, AbiLimits(torch_stable_abi=(2, 12)))
    assert ("torch-shim-unknown", name) == (finding.code, finding.symbol)


@pytest.mark.parametrize("name", ["_ZTVN3c105ErrorE", "_ZlsRSoN3c1010DeviceTypeE", "_ZN2at4_ops5clone4callE"])
def test_a_cxx_symbol(tmp_path: Path, name: str) -> None:
    """A C++ symbol of Torch is an error wherever Torch stands in its name."""
    [finding] = _found(tmp_path, name, AbiLimits(torch_stable_abi=(2, 12)))
    assert ("torch-not-stable", name, "2.12") == (finding.code, finding.symbol, finding.allowed)


@pytest.mark.parametrize(("name", "search"), [("THPVariableClass", False), ("cpuinfo_initialize", True)])
def test_a_c_symbol_of_torch(tmp_path: Path, name: str, search: bool) -> None:
    """A C symbol that Torch has for itself is an error: by its name, or because a library of Torch defines it."""
    limits = AbiLimits(torch_stable_abi=(2, 12), search=(tmp_path / "lib",) if search else ())
    assert [("torch-not-stable", name)] == [(one.code, one.symbol) for one in _found(tmp_path, name, limits)]


def test_the_variant_says_so(tmp_path: Path) -> None:
    """The name of a variant on the stable ABI is limit enough; another variant has none."""
    for name, expected in (
        ("torch-stable-abi211-cpu-x86_64-linux", ["torch-not-stable"]),
        ("torch212-cxx11-cpu-x86_64-linux", []),
    ):
        found = _found(tmp_path, "_ZTVN3c105ErrorE", AbiLimits(variant=parse_variant(name)))
        assert expected == [one.code for one in found if one.code != "wrong-machine"]
