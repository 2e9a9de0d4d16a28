"""Libraries for macOS: with one fault each, and with none. Most are made byte by byte, and so on any system."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from support.library_corpus.sample import LIBRARY, Sample, written
from support.macho_files import (
    ARM64,
    CHAINED_FIXUPS,
    EXPORTS_TRIE,
    I386,
    X86_64,
    MachOParts,
    Nlist,
    build_version,
    chained_fixups,
    library,
    make_fat,
    make_macho,
    name_command,
    version,
    version_min,
)
from support.macho_links import link_with_lld, link_with_zig

__all__ = ["GOOD_MACHO", "MACHO_FAULTS", "macho_bytes"]

_ARM64, _X86_64 = "torch213-cpu-aarch64-darwin", "torch213-cpu-x86_64-darwin"
_METAL, _STABLE, _TVM_FFI = (
    "torch213-metal-aarch64-darwin",
    "torch-stable-abi211-cpu-aarch64-darwin",
    "tvm-ffi01-cpu-{}",
)
_TVM_RUNTIME = "@rpath/libtvm_ffi.dylib"
_SYSTEM, _TORCH = "/usr/lib/libSystem.B.dylib", "@rpath/libtorch_cpu.dylib"
_MACOS_15 = build_version(1, version(15), version(15, 2))
_EXPORTED = 0x0F
_INIT = "_PyInit_kernel"
#: The trie of exports of a kernel, which has one.
_TRIE = b"\0\1" + _INIT.encode() + b"\0" + bytes([18]) + b"\2\0\x10\0"
_OBJECT, _PROGRAM, _BUNDLE = 1, 2, 8


def macho_bytes(
    *names: str,
    needed: Sequence[str] = (_SYSTEM,),
    commands: Sequence[bytes] = (_MACOS_15,),
    init: str = _INIT,
    stripped: bool = False,
    machine: int = ARM64,
    bits: int = 64,
    kind: int = _BUNDLE,
) -> bytes:
    """A kernel that needs symbols.

    Args:
        names: the symbols, as C has them.
        needed: the libraries.
        commands: more load commands.
        init: what it exports.
        stripped: whether it has the tables of the dynamic loader only, and else the table of symbols only.
        machine: the processor.
        bits: 32 or 64.
        kind: the type of the file.
    """
    imports = [f"_{name}" for name in ("PyModule_Create2", *names)]
    symbols = [Nlist(name=init, kind=_EXPORTED, section=1, value=16), *(Nlist(name=name) for name in imports)]
    data = {CHAINED_FIXUPS: chained_fixups(imports), EXPORTS_TRIE: _TRIE}
    return make_macho(
        MachOParts(
            machine=machine,
            bits=bits,
            kind=kind,
            commands=[*commands, *(library(name) for name in needed)],
            symbols=() if stripped else symbols,
            data=data if stripped else {},
        )
    )


def _bad(name: str, data: bytes, *codes: str, variant: str = _ARM64) -> Sample:
    return Sample(name=f"macho-{name}", make=written(data), codes=codes, variant=variant, tools=())


def _symbols(name: str, symbol: str, code: str, variant: str = _ARM64, needed: str = _SYSTEM) -> list[Sample]:
    """A symbol that may not be needed, told by the table of symbols and by those of the dynamic loader."""
    return [
        Sample(
            name=f"macho-{name}{'-stripped' if stripped else ''}",
            codes=(code,),
            symbol=symbol,
            variant=variant,
            tools=(),
            make=written(macho_bytes(symbol, needed=[_SYSTEM, needed], stripped=stripped)),
        )
        for stripped in (False, True)
    ]


def _needs(name: str, needed: str, code: str, variant: str = _ARM64) -> Sample:
    return _bad(name, macho_bytes(needed=[_SYSTEM, needed]), code, variant=variant)


def _far_commands() -> bytes:
    """The size of the load commands is larger than the file."""
    data = bytearray(macho_bytes())
    struct.pack_into("<I", data, 20, 0x7FFFFFFF)
    return bytes(data)


def _far_symbols() -> bytes:
    """The table of symbols lies behind the end of the file."""
    data = macho_bytes()
    at = data.index(struct.pack("<II", 2, 24))
    return data[: at + 8] + struct.pack("<I", 0x7FFFFFFF) + data[at + 12 :]


def _by_zig(machine: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return link_with_zig(folder, machine).rename(folder / LIBRARY)

    return make


def _by_lld(folder: Path) -> Path:
    return link_with_lld(folder).rename(folder / LIBRARY)


_LLD_TOOLS = ("clang-19", "ld64.lld-19")
_LITTLE = macho_bytes(machine=X86_64)
_TOO_NEW = build_version(1, version(26), version(26))

MACHO_FAULTS = (
    _bad("macos-too-new", macho_bytes(commands=[_TOO_NEW]), "macos-version"),
    _bad("macos-one-too-new", macho_bytes(commands=[build_version(1, version(15, 1), 0)]), "macos-version"),
    _bad("macos-patch-too-new", macho_bytes(commands=[build_version(1, version(15, 0, 1), 0)]), "macos-version"),
    _bad("macos-not-said", macho_bytes(commands=[]), "macos-version-missing"),
    _bad("version-min-too-new", macho_bytes(commands=[version_min(version(15, 4), version(15, 4))]), "macos-version"),
    _bad("for-ios", macho_bytes(commands=[build_version(2, version(15), version(15))]), "wrong-system"),
    _bad("rpath", macho_bytes(commands=[_MACOS_15, name_command("/opt/homebrew/lib")]), "rpath"),
    _needs("needs-foreign", "@rpath/libfoo.dylib", "needed-library"),
    _needs("needs-foreign-without-folder", "libfoo.dylib", "needed-library"),
    _needs("needs-path", "/opt/homebrew/opt/libomp/lib/libomp.dylib", "needed-path"),
    _needs("needs-path-of-the-build", "/Users/builder/torch/lib/libtorch_cpu.dylib", "needed-path"),
    _needs("needs-path-from-itself", "@loader_path/libfoo.dylib", "needed-path"),
    _needs("needs-python", "@rpath/libpython3.11.dylib", "needed-python"),
    _needs("needs-python-framework", "/Library/Frameworks/Python.framework/Versions/3.11/Python", "needed-python"),
    _needs("needs-tvm-ffi-with-torch", _TVM_RUNTIME, "needed-backend"),
    *_symbols("python-private", "_PyType_Lookup", "python-not-limited"),
    *_symbols("python-too-new", "PyType_GetName", "python-too-new"),
    *_symbols("torch-cxx", "_ZN2at6TensorD1Ev", "torch-not-stable", _STABLE, _TORCH),
    *_symbols("torch-vtable", "_ZTVN3c105ErrorE", "torch-not-stable", _STABLE, _TORCH),
    *_symbols(
        "torch-operator",
        "_ZlsRNSt3__113basic_ostreamIcNS_11char_traitsIcEEEERKN3c106DeviceE",
        "torch-not-stable",
        _STABLE,
        _TORCH,
    ),
    *_symbols("torch-shim-too-new", "aoti_torch_cpu_rand_like", "torch-shim-too-new", _STABLE, _TORCH),
    *_symbols("torch-shim-unknown", "aoti_torch_nonesuch", "torch-shim-unknown", _STABLE, _TORCH),
    _bad("another-processor", macho_bytes(machine=X86_64), "wrong-machine"),
    _bad("arm64-in-x86_64", macho_bytes(), "wrong-machine", variant=_X86_64),
    _bad("fat-of-other-processors", make_fat(_LITTLE, _LITTLE), "wrong-machine"),
    _bad("32-bit", macho_bytes(machine=I386, bits=32), "32-bit", "wrong-machine"),
    _bad("object", macho_bytes(kind=_OBJECT), "not-shared"),
    _bad("program", macho_bytes(kind=_PROGRAM), "not-shared"),
    _bad("in-linux", macho_bytes(), "wrong-system", variant="torch213-cxx11-cpu-aarch64-linux"),
    _bad("in-windows", macho_bytes(), "wrong-system", variant="torch213-cpu-x86_64-windows"),
    _bad("in-python-only", macho_bytes(), "unexpected-library", variant="torch-metal"),
    _bad("no-init", macho_bytes(init="_PyInit_other"), "module-init"),
    Sample(
        name="macho-suffix",
        make=written(macho_bytes(), "kernel.dylib"),
        codes=("module-suffix",),
        variant=_ARM64,
        tools=(),
    ),
    _bad("cut-in-header", macho_bytes()[:20], "unreadable"),
    _bad("cut-in-commands", macho_bytes()[:100], "unreadable"),
    _bad("cut-in-symbols", macho_bytes()[:-20], "unreadable"),
    _bad("cut-in-exports", macho_bytes(stripped=True)[:-2], "unreadable"),
    _bad("commands-outside", _far_commands(), "unreadable"),
    _bad("symbols-outside", _far_symbols(), "unreadable"),
    _bad("fat-cut", make_fat(_LITTLE, macho_bytes())[:-40], "unreadable"),
    _bad("fat-slice-is-none", make_fat(_LITTLE, b"This is no slice." * 4), "unreadable"),
    _bad(
        "fat-with-a-bad-slice",
        make_fat(macho_bytes(), macho_bytes(machine=X86_64, commands=[_TOO_NEW])),
        "macos-version",
    ),
    _bad("fat-without-slices", make_fat(), "unreadable"),
    _bad("fat-with-a-private-slice", make_fat(_LITTLE, macho_bytes("_PyType_Lookup")), "python-not-limited"),
    Sample(
        name="macho-by-zig-too-new",
        make=_by_zig("aarch64"),
        codes=("macos-version",),
        variant=_ARM64,
        macos=(13, 0),
        tools=("ziglang",),
    ),
    Sample(
        name="macho-by-lld-needs-foreign", make=_by_lld, codes=("needed-library",), variant=_ARM64, tools=_LLD_TOOLS
    ),
)


def _good(name: str, data: bytes, variant: str = _ARM64, library: str = LIBRARY) -> Sample:
    return Sample(name=f"macho-{name}", make=written(data, library), variant=variant, tools=())


GOOD_MACHO = (
    _good("thin", macho_bytes()),
    _good("stripped", macho_bytes(stripped=True)),
    _good("dylib", macho_bytes(kind=6)),
    _good("x86_64", macho_bytes(machine=X86_64), _X86_64),
    _good("fat", make_fat(_LITTLE, macho_bytes())),
    _good("fat-with-wide-header", make_fat(_LITTLE, macho_bytes(), wide=True), _X86_64),
    _good("version-min", macho_bytes(commands=[version_min(version(11), version(15))])),
    _good("torch", macho_bytes("_ZN2at6TensorD1Ev", needed=[_SYSTEM, "/usr/lib/libc++.1.dylib", _TORCH])),
    _good("rpath-of-its-own", macho_bytes(commands=[_MACOS_15, name_command("@loader_path/lib")])),
    _good(
        "frameworks",
        macho_bytes(
            needed=[_SYSTEM, "/usr/lib/libobjc.A.dylib", "/System/Library/Frameworks/Metal.framework/Versions/A/Metal"]
        ),
        _METAL,
    ),
    _good("stable", macho_bytes("aoti_torch_get_dim", needed=[_SYSTEM, _TORCH]), _STABLE),
    _good(
        "tvm-ffi",
        macho_bytes("TVMFFIFunctionCall", needed=[_SYSTEM, _TVM_RUNTIME], init="___tvm_ffi_f"),
        _TVM_FFI.format("aarch64-darwin"),
        "kernel.dylib",
    ),
    Sample(name="macho-by-zig", make=_by_zig("aarch64"), variant=_ARM64, tools=("ziglang",)),
    Sample(name="macho-by-zig-x86_64", make=_by_zig("x86_64"), variant=_X86_64, tools=("ziglang",)),
)
