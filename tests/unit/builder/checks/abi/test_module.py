"""Whether a library is the native module of its build."""

from pathlib import Path

import pytest
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernels.variant import parse_variant

pytestmark = needs_gcc

_TORCH, _TVM_FFI = "torch212-cxx11-cpu-{machine}-linux", "tvm-ffi01-cpu-{machine}-linux"


def _codes(path: Path, variant: str, ops_id: str | None = "kernel") -> list[str]:
    machine = check_abi(path, AbiLimits()).machine
    limits = AbiLimits(variant=parse_variant(variant.format(machine=machine)), ops_id=ops_id)
    return [one.code for one in check_abi(path, limits).findings]


@pytest.mark.parametrize(
    ("name", "variant", "codes"),
    [
        ("kernel.abi3.so", _TORCH, []),
        ("kernel.so", _TVM_FFI, []),
        ("kernel.so", _TORCH, ["module-suffix"]),
        ("kernel.cpython-311-x86_64-linux-gnu.so", _TORCH, ["module-suffix"]),
        ("other.abi3.so", _TORCH, ["module-name"]),
        ("other.so", _TVM_FFI, ["module-name"]),
    ],
)
def test_its_name(tmp_path: Path, name: str, variant: str, codes: list[str]) -> None:
    """The library is called by the id of the build, with the suffix of its kind."""
    assert codes == _codes(module(tmp_path / name), variant)


def test_what_python_calls(tmp_path: Path) -> None:
    """A module without the function of its own name cannot be imported; a library for tvm-ffi needs none."""
    path = module(tmp_path / "other.abi3.so").rename(tmp_path / "kernel.abi3.so")
    assert ["module-init"] == _codes(path, _TORCH)
    assert [] == _codes(link(tmp_path / "kernel.so", "int __tvm_ffi_f(void) { return 1; }"), _TVM_FFI)


@pytest.mark.parametrize(
    ("symbol", "codes"),
    [
        ("_ZL32TORCH_LIBRARY_static_init_kernel", []),
        ("_ZL44TORCH_LIBRARY_IMPL_static_init_kernel_CUDA_3", []),
        ("_ZL44TORCH_LIBRARY_FRAGMENT_static_init_kernel_12", []),
        ("_ZL39STABLE_TORCH_LIBRARY_static_init_kernel", []),
        ("_ZN12_GLOBAL__N_1L32TORCH_LIBRARY_static_init_kernelE", []),
        ("_ZL30TORCH_LIBRARY_static_init_aten", ["foreign-namespace"]),
        ("_ZL34TORCH_LIBRARY_static_init_kernel_2", ["foreign-namespace"]),
        ("_ZL41TORCH_LIBRARY_IMPL_static_init_aten_CPU_3", ["foreign-namespace"]),
        ("_ZL48STABLE_TORCH_LIBRARY_FRAGMENT_static_init_other_1", ["foreign-namespace"]),
    ],
)
def test_its_namespace(tmp_path: Path, symbol: str, codes: list[str]) -> None:
    """Operators are registered in the kernel's namespace, as far as the symbols tell."""
    path = module(tmp_path / "kernel.abi3.so", f"static int {symbol}; void *keep = &{symbol};")
    assert codes == _codes(path, _TORCH)


def test_the_source_of_a_registration(tmp_path: Path) -> None:
    """The source file that registers in another namespace is named, from the table of symbols."""
    code = "static int _ZL30TORCH_LIBRARY_static_init_aten; void *keep = &_ZL30TORCH_LIBRARY_static_init_aten;"
    path = module(tmp_path / "kernel.abi3.so", code)
    [finding] = check_abi(path, AbiLimits(ops_id="kernel")).findings
    assert ("aten", "kernel", "kernel.abi3.so.c") == (finding.symbol, finding.allowed, finding.origin)


def test_a_stripped_file_tells_nothing(tmp_path: Path) -> None:
    """Without the table of local symbols nothing is said of namespaces."""
    code = "static int _ZL30TORCH_LIBRARY_static_init_aten; void *keep = &_ZL30TORCH_LIBRARY_static_init_aten;"
    assert [] == _codes(module(tmp_path / "kernel.abi3.so", code, "-s"), _TORCH)


def test_without_an_id(tmp_path: Path) -> None:
    """Where the id is not known, nothing is said of what it decides."""
    assert [] == _codes(module(tmp_path / "other.abi3.so"), _TORCH, None)
