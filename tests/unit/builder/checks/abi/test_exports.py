"""What a library exports."""

from pathlib import Path

from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi

pytestmark = needs_gcc

_UNIQUE = (
    '__asm__(".type single, @gnu_unique_object\\n.globl single\\n.data\\nsingle: .long 1\\n.size single, 4\\n.text");'
)


def test_a_module_and_nothing_else(tmp_path: Path) -> None:
    """A library that exports its module only, or functions of tvm-ffi, is no finding; nor are weak symbols."""
    assert () == check_abi(module(tmp_path / "kernel.abi3.so"), AbiLimits()).findings
    code = "int __tvm_ffi_relu(void) { return 1; } int __attribute__((weak)) soft(void) { return 1; }"
    assert () == check_abi(link(tmp_path / "kernel.so", code), AbiLimits()).findings


def test_more_than_a_module(tmp_path: Path) -> None:
    """Other strong symbols are one warning, with their number and some of them."""
    code = (
        "".join(f"int f{number}(void) {{ return 1; }}" for number in range(5))
        + "int __tvm_ffi_relu(void) { return 1; }"
    )
    [finding] = check_abi(link(tmp_path / "kernel.so", code), AbiLimits()).findings
    assert ("extra-exports", "warning") == (finding.code, finding.severity)
    assert finding.message.startswith("it exports 5 symbols beside its module: f")


def test_thousands(tmp_path: Path) -> None:
    """Of very many symbols it is still one warning."""
    code = "".join(f"int f{number}(void) {{ return 1; }}" for number in range(300))
    [finding] = check_abi(link(tmp_path / "kernel.so", code), AbiLimits()).findings
    assert finding.message.startswith("it exports 300 symbols")


def test_one_for_the_whole_process(tmp_path: Path) -> None:
    """A unique symbol is an error, because two versions of a kernel would share it."""
    [finding] = check_abi(link(tmp_path / "kernel.so", _UNIQUE), AbiLimits()).findings
    assert ("unique-symbol", "single", "error") == (finding.code, finding.symbol, finding.severity)


def test_a_symbol_that_torch_has_too(tmp_path: Path) -> None:
    """An exported symbol that a library of Torch defines is an error where that library is at hand."""
    torch = link(tmp_path / "lib" / "libtorch_cpu.so", "int shared(void) { return 1; }", "-Wl,-soname,libtorch_cpu.so")
    code = "int shared(void) { return 2; } int own(void) { return 2; }"
    path = link(tmp_path / "kernel.so", code, needs=[torch])
    found = check_abi(path, AbiLimits(search=(tmp_path / "lib",))).findings
    assert [("torch-symbol", "shared"), ("extra-exports", None)] == [(one.code, one.symbol) for one in found]
    assert ["extra-exports"] == [one.code for one in check_abi(path, AbiLimits()).findings]
