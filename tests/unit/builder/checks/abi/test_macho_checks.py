"""A library for macOS, held against its limits."""

from pathlib import Path

import pytest
from support.macho_files import (
    ARM64,
    I386,
    X86_64,
    MachOParts,
    Nlist,
    build_version,
    library,
    make_fat,
    make_macho,
    name_command,
    version,
    version_min,
)
from support.macho_links import link_with_lld, needs_llvm

from kernel_builder.checks.abi import AbiLimits, AbiReport, check_abi
from kernels.variant import parse_variant

_INIT = Nlist(name="_PyInit_kernel", kind=0x0F, section=1)
_MACOS_15 = build_version(1, version(15), version(15))
_VARIANT = "torch212-cpu-aarch64-darwin"


def _kernel(
    *commands: bytes,
    target: bytes = _MACOS_15,
    needs: tuple[str, ...] = (),
    machine: int = ARM64,
    kind: int = 8,
    bits: int = 64,
) -> bytes:
    symbols = (_INIT, *(Nlist(name=name) for name in needs))
    parts = MachOParts(bits=bits, machine=machine, kind=kind, commands=(target, *commands), symbols=symbols)
    return make_macho(parts)


def _check(tmp_path: Path, data: bytes, limits: AbiLimits | None = None, name: str = "kernel.abi3.so") -> AbiReport:
    (tmp_path / name).write_bytes(data)
    return check_abi(tmp_path / name, limits or AbiLimits(variant=parse_variant(_VARIANT)))


def _codes(report: AbiReport) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_module_without_fault(tmp_path: Path) -> None:
    """A module for the oldest macOS that needs Python, the system and Torch is no finding."""
    commands = [
        *map(library, ("/usr/lib/libSystem.B.dylib", "/usr/lib/libc++.1.dylib", "@rpath/libtorch_cpu.dylib")),
        library("/System/Library/Frameworks/Metal.framework/Versions/A/Metal"),
        name_command("@loader_path/../lib"),
    ]
    report = _check(tmp_path, _kernel(*commands, needs=("_PyModule_Create2", "__ZN3c105ErrorD1Ev")))
    expected = ("system: macOS 15.0", "limited API: Python 3.9", "headers", "libraries")
    assert ("macho", "aarch64", expected, ()) == (report.kind, report.machine, report.checked, report.findings)


@pytest.mark.parametrize(
    ("target", "code", "needed"),
    [
        (build_version(1, version(15, 1), version(15)), "macos-version", "15.1"),
        (build_version(1, version(15, 0, 1), version(15)), "macos-version", "15.0.1"),
        (version_min(version(26), version(26)), "macos-version", "26.0"),
        (name_command("@loader_path"), "macos-version-missing", None),
        (build_version(2, version(15), version(15)), "wrong-system", None),
    ],
)
def test_the_system(tmp_path: Path, target: bytes, code: str, needed: str | None) -> None:
    """A newer macOS, none at all, and another system are errors."""
    [finding] = _check(tmp_path, _kernel(target=target)).findings
    assert (code, needed) == (finding.code, finding.needed)


def test_an_older_limit(tmp_path: Path) -> None:
    """The limit is the caller's, and an older target meets a newer limit."""
    assert ["macos-version"] == _codes(_check(tmp_path, _kernel(), AbiLimits(macos=(14, 0))))
    assert [] == _codes(_check(tmp_path, _kernel(), AbiLimits(macos=(26, 0))))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("/usr/lib/libz.1.dylib", "needed-path"),
        ("/opt/homebrew/lib/libomp.dylib", "needed-path"),
        ("@loader_path/libhelper.dylib", "needed-path"),
        ("@rpath/libhelper.dylib", "needed-library"),
        ("libhelper.dylib", "needed-library"),
        ("@rpath/libtvm_ffi.dylib", "needed-backend"),
        ("@rpath/libpython3.11.dylib", "needed-python"),
        ("/Library/Frameworks/Python.framework/Versions/3.11/Python", "needed-python"),
    ],
)
def test_libraries(tmp_path: Path, name: str, code: str) -> None:
    """Another library is an error that names it."""
    [finding] = _check(tmp_path, _kernel(library(name))).findings
    assert (code, name) == (finding.code, finding.needed)


def test_folders_of_the_machine(tmp_path: Path) -> None:
    """A folder that is not relative to the file is one of the machine that built it, or of who calls."""
    folders = ("@loader_path", "/opt/lib", "../lib")
    [finding] = _check(tmp_path, _kernel(*map(name_command, folders))).findings
    assert ("rpath", "/opt/lib:../lib") == (finding.code, finding.needed)


def test_interfaces(tmp_path: Path) -> None:
    """Python's limited API and Torch's stable ABI hold as on Linux."""
    needs = ("__PyObject_GetDictPtr", "_PyModule_AddObjectRef", "__ZN3c105ErrorD1Ev", "_torch_of_the_future")
    report = _check(tmp_path, _kernel(needs=needs), AbiLimits(torch_stable_abi=(2, 11)))
    assert ["python-not-limited", "python-too-new", "torch-not-stable", "torch-shim-unknown"] == _codes(report)
    assert [name[1:] for name in needs] == [finding.symbol for finding in report.findings]


@pytest.mark.parametrize(
    ("variant", "codes"),
    [
        ("torch212-cpu-x86_64-darwin", ["wrong-machine"]),
        ("torch212-cxx11-cpu-aarch64-linux", ["wrong-system"]),
        ("torch-metal", ["unexpected-library"]),
        ("torch212-metal-aarch64-darwin", []),
    ],
)
def test_the_name_of_the_variant(tmp_path: Path, variant: str, codes: list[str]) -> None:
    """The library is for the system and the processor that the variant is named after."""
    assert codes == _codes(_check(tmp_path, _kernel(), AbiLimits(variant=parse_variant(variant))))


def test_fat_files(tmp_path: Path) -> None:
    """One slice for the variant's processor is enough, all are checked, and what all have is said once."""
    newer = build_version(1, version(16), version(16))
    report = _check(tmp_path, make_fat(_kernel(), _kernel(machine=X86_64)))
    assert ("aarch64, x86_64", ()) == (report.machine, report.findings)
    fat = make_fat(_kernel(target=newer), _kernel(target=newer, machine=X86_64))
    assert ["macos-version"] == _codes(_check(tmp_path, fat))


@pytest.mark.parametrize(("kind", "bits", "machine", "code"), [(2, 64, ARM64, "not-shared"), (8, 32, I386, "32-bit")])
def test_other_files(tmp_path: Path, kind: int, bits: int, machine: int, code: str) -> None:
    """A program is not loaded, and neither is a library for 32 bits."""
    assert [code] == _codes(_check(tmp_path, _kernel(kind=kind, bits=bits, machine=machine), AbiLimits()))


def test_the_module(tmp_path: Path) -> None:
    """Its name and the function that Python calls are looked at as on Linux; for tvm-ffi there are two suffixes."""
    limits = AbiLimits(variant=parse_variant(_VARIANT), ops_id="kernel")
    assert ["module-suffix"] == _codes(_check(tmp_path, _kernel(), limits, "kernel.so"))
    assert ["module-name", "module-init"] == _codes(_check(tmp_path, _kernel(), limits, "other.abi3.so"))
    for name in ("kernel.dylib", "kernel.so"):
        tvm_ffi = AbiLimits(variant=parse_variant("tvm-ffi01-metal-aarch64-darwin"), ops_id="kernel")
        assert [] == _codes(_check(tmp_path, _kernel(), tvm_ffi, name))


def test_a_damaged_file(tmp_path: Path) -> None:
    """A file that ends early is a finding, wherever it ends."""
    data = _kernel(library("/usr/lib/libSystem.B.dylib"), needs=("_PyModule_Create2",))
    for size in range(8, len(data) - 1, 3):
        assert "unreadable" in _codes(_check(tmp_path, data[:size])), size


@needs_llvm
def test_a_linked_module(tmp_path: Path) -> None:
    """What a real linker has written is read as it is meant."""
    path = link_with_lld(tmp_path).rename(tmp_path / "kernel.abi3.so")
    assert [("needed-library", "@rpath/libhelper.dylib")] == [
        (one.code, one.needed) for one in check_abi(path, AbiLimits(variant=parse_variant(_VARIANT))).findings
    ]
