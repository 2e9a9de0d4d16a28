"""Libraries for Linux without a fault, however unusual."""

from collections.abc import Callable
from pathlib import Path

from support.elf_edit import Editor
from support.elf_files import AARCH64, S390X, X86_64
from support.libraries import MODULE_CODE, link
from support.library_corpus.elf_links import for_aarch64
from support.library_corpus.sample import LIBRARY, Sample, edited, kernel, linked, made, of_code, stub, written

__all__ = ["GOOD_ELF"]

_TORCH, _STABLE = "libtorch_cpu.so", "torch-stable-abi211-cpu-{cpu}-linux"
_CPU, _CUDA = "torch213-cxx11-cpu-{cpu}-linux", "torch213-cxx11-cu130-{cpu}-linux"
#: Exceptions, with versions of libstdc++ that are as old as its present ABI.
_THROWS = """
#include <stdexcept>
static int divide(int one, int other) { if (other == 0) throw std::runtime_error("by zero"); return one / other; }
int guarded(int one, int other) { try { return divide(one, other); } catch (const std::runtime_error &) { return -1; } }
int (*volatile keep)(int, int) = &guarded;
"""
_TEMPLATES = """
template <class T> __attribute__((visibility("default"))) T twice(T one) { static T last; return last = one + one; }
double (*volatile keep)(double) = &twice<double>;
"""
_THREAD_LOCAL = "__thread int own; int *of_thread(void) { return &own; } void *k = of_thread;"
_INDIRECT = (
    "static int plain(void) { return 1; } static void *choose(void) { return plain; }"
    '__attribute__((visibility("hidden"))) int chosen(void) __attribute__((ifunc("choose")));'
    "int use(void) { return chosen(); } void *keep = use;"
)
_LIMITED = ("PyObject_Call", "PyLong_FromLong", "PyErr_SetString", "_Py_Dealloc", "PyModuleDef_Init", "PyCMethod_New")
_SHIMS = ("aoti_torch_get_dim", "aoti_torch_get_data_ptr", "torch_call_dispatcher")


def _good(name: str, make: Callable[[Path], Path], variant: str = _CPU, *tools: str) -> Sample:
    return Sample(name=name, make=make, variant=variant, stripped=True, tools=("gcc", *tools))


def _flags(name: str, *flags: str, code: str = "", tools: tuple[str, ...] = ()) -> Sample:
    return _good(name, lambda folder: kernel(folder, code=code, flags=flags), _CPU, *tools)


def _version(library: str, version: str) -> Sample:
    return _good(f"needs-{version}", linked("fresh", library=library, version=version))


def _needs(library: str, variant: str) -> Sample:
    return _good(f"needs-{library}", linked("of_another", library=library, version=""), variant)


def _weak_newer(folder: Path) -> Path:
    return kernel(folder, code="extern int close_range(void) __attribute__((weak)); void *keep = close_range;")


def _nothing_else(folder: Path) -> Path:
    code = "static int unused(void) { return 1; } __attribute__((used)) static int table[4];"
    return kernel(folder, code=code, flags=["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"])


def _tvm_ffi(folder: Path) -> Path:
    runtime = stub(folder, "libtvm_ffi.so", "TVMFFIFunctionCall", "TVMFFIErrorSetRaisedFromCStr")
    code = "extern int TVMFFIFunctionCall(void); int __tvm_ffi_add(void) { return TVMFFIFunctionCall(); }"
    return link(folder / "kernel.so", code, needs=[runtime], versions="{ global: __tvm_ffi_add; local: *; };")


def _of_torch(folder: Path) -> Path:
    """Needs symbols of a library that it does not list, which one that it lists needs."""
    base = stub(folder, "libc10.so", "_ZN3c105Error4whatEv")
    torch = link(
        folder / "lib" / _TORCH, "int _ZN2at6Tensor4sizeEv(void) { return 1; }", f"-Wl,-soname,{_TORCH}", needs=[base]
    )
    return kernel(folder, "_ZN2at6Tensor4sizeEv", "_ZN3c105Error4whatEv", needs=[torch])


def _exporting(folder: Path) -> Path:
    code = f"{MODULE_CODE} int helper(void) {{ return 1; }}"
    return link(folder / LIBRARY, code, versions="{ global: PyInit_kernel; helper; local: *; };")


def _versioned(folder: Path) -> Path:
    """Gives its own symbol a version."""
    return link(folder / LIBRARY, MODULE_CODE, versions="KERNEL_1 { global: PyInit_kernel; local: *; };")


def _without_sections(editor: Editor) -> None:
    editor.remove_sections()


def _registering(folder: Path) -> Path:
    name = "_ZL32TORCH_LIBRARY_static_init_kernel"
    return kernel(folder, code=f"static int {name}; void *keep = &{name};")


def _plain(folder: Path) -> Path:
    return kernel(folder)


GOOD_ELF = (
    _good("minimal", _plain),
    _good("limited-api", linked(*_LIMITED)),
    _good("weak-and-newer", _weak_newer),
    _good("nothing-else", _nothing_else),
    _good("registering", _registering),
    _good("versioned", _versioned),
    _version("libc.so.6", "GLIBC_2.28"),
    _version("libm.so.6", "GLIBC_2.27"),
    _version("libstdc++.so.6", "GLIBCXX_3.4.24"),
    _version("libstdc++.so.6", "CXXABI_1.3.11"),
    _version("libstdc++.so.6", "CXXABI_FLOAT128"),
    _version("libstdc++.so.6", "CXXABI_TM_1"),
    _version("libgcc_s.so.1", "GCC_7.0.0"),
    _needs("libgomp.so.1", _CPU),
    _needs("libcudart.so.13", _CUDA),
    _needs("libcuda.so.1", _CUDA),
    _needs("libcudart.so.12", "torch213-cxx11-cu128-{cpu}-linux"),
    _needs("libamdhip64.so.7", "torch213-cxx11-rocm71-{cpu}-linux"),
    _needs("libsycl.so.8", "torch213-cxx11-xpu20253-{cpu}-linux"),
    _good("cuda-numbers", linked("cudaMalloc", library="libcudart.so.13", version="libcudart.so.13"), _CUDA),
    _good("torch", _of_torch),
    _good("torch-stable", linked(*_SHIMS, library=_TORCH), _STABLE),
    _good("tvm-ffi", _tvm_ffi, "tvm-ffi01-cpu-{cpu}-linux"),
    _flags("sysv-hash", "-Wl,--hash-style=sysv"),
    _flags("gnu-hash", "-Wl,--hash-style=gnu"),
    _flags("large-pages", "-Wl,-z,max-page-size=0x200000"),
    _flags("separate-code", "-Wl,-z,separate-code", "-Wl,-z,now", "-Wl,-z,relro"),
    _flags("one-segment-for-code-and-headers", "-Wl,-z,noseparate-code", "-Wl,-z,norelro", "-Wl,--build-id=none"),
    _flags("debug-information", "-g", "-gz"),
    _flags("its-own-name", "-Wl,-soname,kernel.abi3.so"),
    _flags("address-far-away", "-Wl,-Ttext-segment=0x7000000000"),
    _flags("thread-local", code=_THREAD_LOCAL),
    _flags("indirect", code=_INDIRECT),
    _flags("by-gold", "-fuse-ld=gold", tools=("ld.gold",)),
    Sample(name="without-sections", make=edited(linked(*_LIMITED), _without_sections)),
    Sample(name="exporting-more", make=_exporting, warnings=("extra-exports",), stripped=True),
    _good("exceptions", of_code("g++", _THROWS, "-O1"), _CPU, "g++"),
    _good("templates", of_code("g++", _TEMPLATES, "-fno-gnu-unique", "-nostdlib"), _CPU, "g++"),
    _good("exceptions-by-clang", of_code("clang++-19", _THROWS, "-O1"), _CPU, "clang++-19"),
    _good("by-lld", of_code("clang++-19", _THROWS, "-fuse-ld=lld-19"), _CPU, "clang++-19", "ld.lld-19"),
    Sample(
        name="for-aarch64",
        make=for_aarch64,
        variant="torch213-cxx11-cpu-aarch64-linux",
        stripped=True,
        tools=("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-strip"),
    ),
    Sample(name="made-x86_64", make=written(made(machine=X86_64)), tools=(), variant="torch213-cxx11-cpu-x86_64-linux"),
    Sample(
        name="made-aarch64", make=written(made(machine=AARCH64)), tools=(), variant="torch213-cxx11-cpu-aarch64-linux"
    ),
    Sample(
        name="made-big-endian",
        make=written(made(endian=">", machine=S390X)),
        tools=(),
        variant="torch213-cxx11-cpu-s390x-linux",
    ),
)
