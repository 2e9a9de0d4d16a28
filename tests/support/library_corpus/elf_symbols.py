"""Libraries for Linux with one fault in their symbols. Each is judged whole and stripped, where that can be told."""

from pathlib import Path

from support.elf_files import X86_64
from support.libraries import MODULE_CODE, link
from support.library_corpus.sample import LIBRARY, Sample, kernel, linked, made, of_code, stub, written

__all__ = ["SYMBOL_FAULTS"]

_TORCH, _CXX = "libtorch_cpu.so", "libstdc++.so.6"
_STABLE = "torch-stable-abi211-cpu-{cpu}-linux"
#: No text in UTF-8, and an order to the terminal.
_UNSPEAKABLE = "\udcff\x1b[31m__"
_PATH_STATUS = "_ZNSt10filesystem6statusERKNS_7__cxx114pathE"


def _version(name: str, library: str, version: str, symbol: str = "fresh", code: str = "manylinux-version") -> Sample:
    make = linked(symbol, library=library, version=version)
    return Sample(name=name, make=make, codes=(code,), symbol=symbol, stripped=True)


def _python(name: str, symbol: str, code: str) -> Sample:
    return Sample(name=name, make=linked(symbol), codes=(code,), symbol=symbol, stripped=True)


def _torch(name: str, symbol: str, code: str = "torch-not-stable") -> Sample:
    make = linked(symbol, library=_TORCH)
    return Sample(name=name, make=make, codes=(code,), symbol=symbol, variant=_STABLE, stripped=True)


def _weak_and_versioned(folder: Path) -> Path:
    standard = stub(folder, "libm.so.6", "fresh", version="GLIBC_2.35")
    code = "extern int fresh(void) __attribute__((weak)); void *keep = fresh;"
    return kernel(folder, code=code, needs=[standard])


def _packed(folder: Path) -> Path:
    code = f"int one = 1; int *table[] = {{{'&one, ' * 16}}}; void *keep = table;"
    return kernel(folder, code=code, flags=["-Wl,-z,pack-relative-relocs"])


def _clash(folder: Path) -> Path:
    torch = stub(folder, _TORCH, "helper")
    code = f"{MODULE_CODE} int helper(void) {{ return 2; }}"
    return link(folder / LIBRARY, code, needs=[torch], versions="{ global: PyInit_kernel; helper; local: *; };")


def _registered(name: str, symbol: str) -> Sample:
    """Registers operators elsewhere. The symbol is local, so that a stripped file does not tell."""

    def make(folder: Path) -> Path:
        return kernel(folder, code=f"static int {symbol}; void *keep = &{symbol};")

    return Sample(name=name, make=make, codes=("foreign-namespace",))


#: `c10` is only the type of an argument here: the function itself would be the kernel's, or anyone's.
_PRINTS = """
#include <iosfwd>
namespace c10 { struct Device; }
__attribute__((visibility("default"))) std::ostream &operator<<(std::ostream &, const c10::Device &);
std::ostream &show(std::ostream &out, const c10::Device &device) { return out << device; }
void *keep = reinterpret_cast<void *>(&show);
"""
#: A constructor that the compiler writes needs the table of virtual functions, and no function of Torch.
_CONSTRUCTS = """
namespace c10 { struct __attribute__((visibility("default"))) Error { Error() {} virtual int code(); }; }
inline void *operator new(unsigned long, void *place) noexcept { return place; }
c10::Error *make(void *place) { return new (place) c10::Error; }
void *keep = reinterpret_cast<void *>(&make);
"""
_UNIQUE = """
template <class T> struct __attribute__((visibility("default"))) Registry { static int count; };
template <class T> int Registry<T>::count = 1;
int *count() { return &Registry<int>::count; }
void *keep = reinterpret_cast<void *>(&count);
"""
_STATUS = """
namespace std { namespace filesystem { inline namespace __cxx11 { class path; } struct file_status { int one[2]; };
__attribute__((visibility("default"))) file_status status(const path &); } }
int type(const std::filesystem::path &path) { return std::filesystem::status(path).one[0]; }
void *keep = reinterpret_cast<void *>(&type);
"""


def _cxx(name: str, code: str, expected: str, *symbols: str, needs: str = _TORCH, symbol: str | None = None) -> Sample:
    """C++ that a compiler has mangled; the library that it needs has the symbols, without versions."""

    def stubs(folder: Path) -> list[Path]:
        return [stub(folder, needs, *symbols)] if symbols else []

    make = of_code("g++", code, "-nostdlib", "-fgnu-unique", "-Wl,--no-as-needed", stubs=stubs)
    return Sample(
        name=name,
        make=make,
        codes=(expected,),
        symbol=symbol or next(iter(symbols), None),
        stripped=True,
        variant=_STABLE if expected == "torch-not-stable" else "torch213-cxx11-cpu-{cpu}-linux",
        tools=("gcc", "g++"),
    )


SYMBOL_FAULTS = (
    _version("glibc-too-new", "libc.so.6", "GLIBC_2.34", "pthread_create"),
    _version("glibc-one-too-new", "libc.so.6", "GLIBC_2.29"),
    _version("libm-too-new", "libm.so.6", "GLIBC_2.29", "exp"),
    _version("libpthread-too-new", "libpthread.so.0", "GLIBC_2.30", "pthread_cond_clockwait"),
    _version("glibcxx-too-new", _CXX, "GLIBCXX_3.4.26", _PATH_STATUS),
    _version("glibcxx-one-too-new", _CXX, "GLIBCXX_3.4.25"),
    _version("cxxabi-too-new", _CXX, "CXXABI_1.3.13", "__cxa_init_primary_exception"),
    _version("gcc-too-new", "libgcc_s.so.1", "GCC_12.0.0"),
    _version("glibc-private", "libc.so.6", "GLIBC_PRIVATE", "__libc_early_init", "manylinux-private"),
    _version("glibc-unknown", "libc.so.6", "MUSL_1.2", "fresh", "manylinux-unknown-version"),
    Sample(
        name="glibc-too-new-weak", make=_weak_and_versioned, codes=("manylinux-version",), symbol="fresh", stripped=True
    ),
    Sample(name="packed-relocations", make=_packed, codes=("manylinux-relr",), stripped=True, tools=("gcc", "relr")),
    Sample(
        name="unversioned-newer",
        make=linked("close_range", library=_TORCH),
        codes=("unversioned-newer",),
        symbol="close_range",
        stripped=True,
    ),
    _cxx("unversioned-cxx", _STATUS, "unversioned-cxx", _PATH_STATUS),
    _python("python-private", "_PyType_Lookup", "python-not-limited"),
    _python("python-not-limited", "PyEval_SetTrace", "python-not-limited"),
    _python("python-object-not-limited", "_PyRuntime", "python-not-limited"),
    _python("python-3.10", "PyModule_AddType", "python-too-new"),
    _python("python-3.13", "PyDict_GetItemRef", "python-too-new"),
    _torch("torch-cxx", "_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"),
    _torch("torch-in-an-argument", "_ZNSt6vectorIN2at6TensorESaIS1_EE9push_backERKS1_"),
    _torch("torch-not-the-stable-part", "_ZN5torch7LibraryC1ENS0_4KindENSt7__cxx1112basic_stringIcEE"),
    _torch("torch-c-symbol", "THPVariableClass"),
    _torch("torch-c-symbol-of-another-library", "dnnl_primitive_create"),
    _torch("torch-shim-too-new", "aoti_torch_cpu_rand_like", "torch-shim-too-new"),
    _torch("torch-shim-unknown", "aoti_torch_nonesuch", "torch-shim-unknown"),
    _cxx("torch-operator", _PRINTS, "torch-not-stable", "_ZlsRSoRKN3c106DeviceE"),
    _cxx("torch-vtable", _CONSTRUCTS, "torch-not-stable", "_ZTVN3c105ErrorE"),
    Sample(name="undefined", make=linked("nowhere"), codes=("undefined-symbol",), symbol="nowhere", stripped=True),
    Sample(
        name="undefined-cxx",
        make=linked("_ZN6kernel4sizeEv"),
        codes=("undefined-symbol",),
        symbol="_ZN6kernel4sizeEv",
        stripped=True,
    ),
    Sample(
        name="undefined-without-libstdcxx",
        make=linked("__cxa_throw"),
        codes=("undefined-symbol",),
        symbol="__cxa_throw",
        stripped=True,
    ),
    Sample(
        name="torch-exports-it-too",
        make=_clash,
        codes=("torch-symbol",),
        warnings=("extra-exports",),
        symbol="helper",
        stripped=True,
    ),
    _cxx("unique", _UNIQUE, "unique-symbol", symbol="_ZN8RegistryIiE5countE"),
    Sample(
        name="undefined-unspeakable",
        codes=("undefined-symbol",),
        symbol=_UNSPEAKABLE,
        tools=(),
        variant="torch213-cxx11-cpu-x86_64-linux",
        make=written(made(machine=X86_64, symbol="unspoken", version="").replace(b"unspoken", b"\xff\x1b[31m__")),
    ),
    _registered("foreign-namespace", "_ZL30TORCH_LIBRARY_static_init_aten"),
    _registered("foreign-namespace-fragment", "_ZL41TORCH_LIBRARY_FRAGMENT_static_init_other_1"),
    _registered("foreign-namespace-implementation", "_ZL41TORCH_LIBRARY_IMPL_static_init_aten_CPU_3"),
    _registered("foreign-namespace-stable", "_ZL38STABLE_TORCH_LIBRARY_static_init_other"),
)
