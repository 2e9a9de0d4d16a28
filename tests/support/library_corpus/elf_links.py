"""Libraries for Linux with one fault in how they were linked or named, or in what they are for."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from support.elf_edit import Editor
from support.elf_files import AARCH64, X86_64
from support.libraries import MODULE_CODE, link
from support.library_corpus.sample import HOST, LIBRARY, Sample, edited, kernel, linked, made, stub, written

__all__ = ["LINK_FAULTS", "for_aarch64", "program"]

_TVM_FFI = "tvm-ffi01-cpu-{cpu}-linux"
_GNU_STACK = 0x6474E551
_OTHER, _OTHER_NUMBER = ("aarch64", AARCH64) if HOST == "x86_64" else ("x86_64", X86_64)
_TEXT_RELOCATION = '__asm__(".text\\ntaken: .quad outer\\n.data\\n.globl outer\\nouter: .quad 1\\n.text");'


def _plain(folder: Path) -> Path:
    return kernel(folder)


def _needs(library: str, code: str, variant: str = "torch213-cxx11-cpu-{cpu}-linux", name: str = "") -> Sample:
    """Needs a library that it takes a function from."""
    make = linked("of_another", library=library)
    if variant == _TVM_FFI:
        make = _renamed(make, "kernel.so")
    return Sample(name=name or f"needs-{library}", make=make, codes=(code,), variant=variant)


def _needs_path(folder: Path) -> Path:
    return kernel(folder, "of_another", needs=[link(folder / "libfoo.so", "int of_another(void) { return 1; }")])


def _flags(*flags: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return kernel(folder, flags=flags)

    return make


def _renamed(make: Callable[[Path], Path], name: str) -> Callable[[Path], Path]:
    def make_and_rename(folder: Path) -> Path:
        path = make(folder)
        return path.rename(path.with_name(name))

    return make_and_rename


def program(*flags: str) -> Callable[[Path], Path]:
    """What is no shared library, by the compiler's own means."""

    def make(folder: Path) -> Path:
        source = folder / "main.c"
        source.write_text("int PyInit_kernel(void) { return 0; }", "utf-8")
        path = folder / LIBRARY
        subprocess.run(["gcc", "-nostdlib", *flags, "-o", str(path), str(source)], check=True)
        return path

    return make


def _sample(
    name: str, make: Callable[[Path], Path], code: str, *, tools: Sequence[str] = ("gcc",), variant: str = ""
) -> Sample:
    return Sample(
        name=name, make=make, codes=(code,), tools=tuple(tools), variant=variant or "torch213-cxx11-cpu-{cpu}-linux"
    )


def _without_stack(editor: Editor) -> None:
    editor.put("I", editor.segment(_GNU_STACK), 0)


def _no_init(folder: Path) -> Path:
    standard = stub(folder, "libc.so.6", "memcpy", version="GLIBC_2.17")
    code = "extern int memcpy(void); static int use(void) { return memcpy(); } void *keep = use;"
    return link(folder / LIBRARY, code, needs=[standard], versions="{ local: *; };")


def for_aarch64(folder: Path) -> Path:
    """Makes a kernel for aarch64, on whichever processor."""
    source, path = folder / "kernel.c", folder / LIBRARY
    source.write_text(MODULE_CODE, "utf-8")
    command = ["aarch64-linux-gnu-gcc", "-shared", "-fPIC", "-nostdlib", "-o", str(path), str(source)]
    subprocess.run(command, check=True)
    return path


_DARWIN = "torch213-cpu-aarch64-darwin"
_CUDA_13 = "torch213-cxx11-cu130-{cpu}-linux"

LINK_FAULTS = (
    _needs("libfoo.so", "needed-library"),
    _needs("libstdc++.so.5", "needed-library"),
    _needs("libc.musl-x86_64.so.1", "needed-library"),
    _needs("libc++.so.1", "needed-library"),
    _needs("libpython3.11.so.1.0", "needed-python"),
    _needs("libpython3.so", "needed-python"),
    _needs("libcudart.so.12", "needed-backend", name="needs-cuda-without-cuda"),
    _needs("libtorch_cuda.so", "needed-backend", name="needs-torch-cuda-without-cuda"),
    _needs("libamdhip64.so.7", "needed-backend", _CUDA_13, "needs-rocm-with-cuda"),
    _needs("libcudart.so.12", "needed-version", _CUDA_13, "needs-cuda-of-another-version"),
    _needs("libtvm_ffi.so", "needed-backend", name="needs-tvm-ffi-with-torch"),
    _needs("libtorch_cpu.so", "needed-backend", _TVM_FFI, "needs-torch-with-tvm-ffi"),
    _needs("$ORIGIN/libfoo.so", "needed-path", name="needs-path-from-origin"),
    _sample("needs-path", _needs_path, "needed-path"),
    _sample("rpath", _flags("-Wl,-rpath,/opt/lib", "-Wl,--disable-new-dtags"), "rpath"),
    _sample("runpath", _flags("-Wl,-rpath,/opt/lib", "-Wl,--enable-new-dtags"), "rpath"),
    _sample("runpath-origin", _flags("-Wl,-rpath,$ORIGIN/../lib", "-Wl,--enable-new-dtags"), "rpath"),
    _sample("executable-stack", _flags("-Wl,-z,execstack"), "executable-stack"),
    _sample("no-word-on-the-stack", edited(_plain, _without_stack), "executable-stack"),
    _sample(
        "text-relocations",
        lambda folder: kernel(folder, code=_TEXT_RELOCATION, flags=["-Wl,-z,notext"]),
        "text-relocations",
    ),
    _sample("soname-of-torch", _flags("-Wl,-soname,libc10.so"), "soname"),
    _sample("suffix", _renamed(_plain, "kernel.so"), "module-suffix"),
    _sample("suffix-of-one-python", _renamed(_plain, "kernel.cpython-311-x86_64-linux-gnu.so"), "module-suffix"),
    _sample("suffix-of-tvm-ffi", _renamed(_plain, "kernel.dylib"), "module-suffix", variant=_TVM_FFI),
    _sample("no-init", _no_init, "module-init"),
    _sample("name", lambda folder: kernel(folder, library="other.abi3.so"), "module-name"),
    _sample("another-processor", written(made(machine=_OTHER_NUMBER)), "wrong-machine", tools=()),
    _sample(
        "compiled-for-aarch64",
        for_aarch64,
        "wrong-machine",
        tools=["aarch64-linux-gnu-gcc"],
        variant="torch213-cxx11-cpu-x86_64-linux",
    ),
    _sample("variant-of-another-processor", _plain, "wrong-machine", variant=f"torch213-cxx11-cpu-{_OTHER}-linux"),
    _sample("linux-in-darwin", _plain, "wrong-system", variant=_DARWIN),
    _sample("library-in-python-only", _plain, "unexpected-library", variant="torch-cuda"),
)
