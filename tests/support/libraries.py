"""Small real libraries for ELF systems, each made of a few lines of C."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

__all__ = ["MODULE_CODE", "link", "module", "needs_gcc"]

needs_gcc = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None, reason="gcc for Linux makes the libraries"
)

#: A Python module, as far as its symbols go.
MODULE_CODE = "extern void *PyModule_Create2(void *, int); void *PyInit_kernel(void) { return PyModule_Create2(0, 3); }"


def link(
    path: Path, code: str = "int f(void) { return 1; }", *flags: str, needs: Iterable[Path] = (), versions: str = ""
) -> Path:
    """Link a library, without the C library and whatever else the compiler brings.

    Args:
        path: the library; its folder is made.
        code: C code.
        flags: more for the compiler.
        needs: libraries that it needs, whether it takes something from them or not.
        versions: a version script, such as `V1 { f; };`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_name(f"{path.name}.c")
    source.write_text(code, "utf-8")
    if versions:
        script = path.with_name(f"{path.name}.map")
        script.write_text(versions, "utf-8")
        flags = (f"-Wl,--version-script={script}", *flags)
    base = ["gcc", "-shared", "-fPIC", "-nostdlib", "-w", "-o", str(path), str(source)]
    subprocess.run([*base, "-Wl,--allow-shlib-undefined", "-Wl,--no-as-needed", *flags, *map(str, needs)], check=True)
    return path


def module(path: Path, code: str = "", *flags: str, needs: Iterable[Path] = ()) -> Path:
    """Link a Python module that no check has anything to say of, but for what `code` and `flags` bring in.

    It exports only the function that Python calls, as kernels do.
    """
    versions = f"{{ global: PyInit_{path.name.partition('.')[0]}; local: *; }};"
    init = MODULE_CODE.replace("PyInit_kernel", f"PyInit_{path.name.partition('.')[0]}")
    return link(path, f"{init}\n{code}", *flags, needs=needs, versions=versions)
