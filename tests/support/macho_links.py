"""Small real libraries for macOS, linked on any system."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["CODE", "link_with_lld", "link_with_zig", "llvm", "needs_llvm", "needs_zig"]

_NAMES = {name: shutil.which(f"{name}-19") for name in ("clang", "ld64.lld", "llvm-strip", "llvm-lipo")}

needs_llvm = pytest.mark.skipif(None in _NAMES.values(), reason="LLVM 19 and its linker make these libraries")
needs_zig = pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang makes these libraries")

#: A Python module with a symbol of each kind: needed from anywhere, from a library, or perhaps; offered, or kept.
CODE = """
extern void *PyList_New(long);
extern int perhaps(void) __attribute__((weak_import));
extern int helper(void);
int data = 3;
__attribute__((weak)) int replaceable(void) { return 2; }
__attribute__((visibility("hidden"))) int hidden(void) { return 1; }
static int local(void) { return hidden() + replaceable(); }
void *PyInit_kernel(void) { return helper() + (perhaps ? perhaps() : 0) ? PyList_New(local()) : 0; }
"""
_HELPER = "int helper(void) { return 1; }"


def llvm(name: str, *arguments: str | Path) -> None:
    """Run a program of LLVM 19."""
    subprocess.run([str(_NAMES[name]), *map(str, arguments)], check=True)


def link_with_lld(folder: Path, *flags: str, machine: str = "arm64") -> Path:
    """Link the module as a bundle for macOS 14.2, with the linker of LLVM.

    Args:
        folder: where it and what it is made of go.
        flags: more for the linker, such as `-fixup_chains`.
        machine: the processor as Apple calls it.
    """
    base = ("-arch", machine, "-platform_version", "macos", "14.2", "15.1", "-undefined", "dynamic_lookup")
    helper = folder / f"libhelper-{machine}.dylib"
    objects = [_compile(folder / f"{name}-{machine}.c", code, machine) for name, code in _sources().items()]
    llvm("ld64.lld", *base, "-dylib", "-install_name", "@rpath/libhelper.dylib", "-o", helper, objects[0])
    found = folder / f"kernel-{machine}.abi3.so"
    llvm("ld64.lld", *base, "-bundle", "-rpath", "@loader_path/lib", *flags, "-o", found, objects[1], helper)
    return found


def _sources() -> dict[str, str]:
    return {"helper": _HELPER, "kernel": CODE}


def _compile(source: Path, code: str, machine: str) -> Path:
    source.write_text(code, "utf-8")
    target = source.with_suffix(".o")
    llvm("clang", "-target", f"{machine}-apple-macos14.2", "-O1", "-fno-stack-protector", "-c", "-o", target, source)
    return target


def link_with_zig(folder: Path, machine: str = "aarch64") -> Path:
    """Link the module as a library for macOS 14.2, with the linker of Zig, whose caches go into the folder."""
    source, found = folder / "kernel.c", folder / f"kernel-{machine}.so"
    source.write_text(CODE, "utf-8")
    # Without the C library and checks at run time, nothing of Zig's own has to be compiled first.
    flags = ["-O1", "-fno-sanitize=all", "-nostdlib", "-Wl,-undefined,dynamic_lookup", "-shared"]
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-macos.14.2", *flags]
    caches = {name: str(folder / "zig") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
    subprocess.run([*command, "-o", str(found), str(source)], env={**os.environ, **caches}, check=True)
    return found
