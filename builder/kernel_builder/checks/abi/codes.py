"""Every kind of finding: its code, what it means, what to do about it; the page of the reference is made from this."""

from typing import NamedTuple

__all__ = ["CODES", "SECTIONS", "Code"]


class Code(NamedTuple):
    """A kind of finding.

    Attributes:
        meaning: what is wrong, and why it matters.
        remedy: what to do.
        severity: `error`, or `warning`, which fails nothing.
    """

    meaning: str
    remedy: str
    severity: str = "error"


_FILE = {
    "unreadable": Code(
        "The file cannot be read as a library: it is cut short, damaged, or of no known format.",
        "Build the library again and copy it whole; where the right to read it is missing, give it to yourself.",
    ),
    "not-shared": Code(
        "The file is an executable, an object file or a core dump; only a shared library can be loaded.",
        "Link it with `-shared`.",
    ),
    "not-checked": Code(
        "The file is a Windows library, which this check cannot read.",
        "Check it on Windows, by loading it under the oldest Python and Torch that the build is for.",
        severity="warning",
    ),
    "wrong-system": Code(
        "The format of the file is not that of the system in the variant's name.",
        "Build the variant on the system that it is named after.",
    ),
    "wrong-machine": Code(
        "The file is for another processor than the variant's name says.",
        "Build the variant with a compiler for its processor, or give the build the name of what it is for.",
    ),
    "32-bit": Code("The file is for 32-bit processors, for which there is no Torch.", "Build it for 64 bits."),
    "no-library": Code(
        "A build of a compiled kernel has no library, so that there is nothing to check.",
        "Build the kernel again.",
    ),
    "unexpected-library": Code(
        "A build of Python code only has a compiled library.",
        "Remove the library, or build the kernel with a `[torch]` section and components.",
    ),
    "no-dynamic-section": Code(
        "The file has no dynamic section: nothing in it can be found or loaded.",
        "Link it with `-shared`, and do not strip it with more than `strip --strip-unneeded`.",
    ),
}

_LINK = {
    "rpath": Code(
        "The file carries folders to look for libraries in (RPATH or RUNPATH). They are folders of the machine that "
        "built it; and Torch, which loads its libraries first, needs none.",
        "Link without `-rpath`, and unset LD_RUN_PATH; in CMake, set BUILD_WITH_INSTALL_RPATH and leave INSTALL_RPATH "
        "empty.",
    ),
    "executable-stack": Code(
        "Loading the library asks for a stack that can be executed, which hardened systems and glibc 2.41 refuse.",
        'Link with `-Wl,-z,noexecstack`; in assembly, add `.section .note.GNU-stack,"",%progbits`.',
    ),
    "text-relocations": Code(
        "Loading writes into the code of the library, which hardened systems refuse.",
        "Compile every object with `-fPIC`, those of static libraries and of assembly too.",
    ),
    "soname": Code(
        "The file gives itself the name of a library of the system or of Torch. Whoever needs that one next gets this.",
        "Link with another `-soname`, or with none.",
    ),
    "needed-path": Code(
        "A library that is needed is named with its folder, and so is only found on the machine that built this.",
        "Give that library a name of its own with `-Wl,-soname` when it is linked, or link its static form.",
    ),
    "needed-python": Code(
        "The file needs libpython, which many Pythons do not have: their interpreter carries it.",
        "Do not link libpython; in CMake use Development.SABIModule, or Development.Module, and not Python3::Python.",
    ),
    "needed-backend": Code(
        "A library is needed that comes with another backend, or another framework, than the one of the variant.",
        "Leave what needs it out of this variant: give its component the backend that it is for.",
    ),
    "needed-version": Code(
        "A library is needed in another major version than the one that the variant is named after.",
        "Build the variant with the toolkit that its name says.",
    ),
    "needed-library": Code(
        "A library is needed that comes neither with Torch and its dependencies nor with every system.",
        "Link its static form, or do without it.",
    ),
}

_MANYLINUX = {
    "manylinux-version": Code(
        "A version of a system library is needed that is newer than the policy allows. Older systems do not load it.",
        "Build with `kernel-builder build`, which links against an older interface; or on an older system.",
    ),
    "manylinux-private": Code(
        "A symbol is needed that its library keeps to itself; it can change or vanish with any update.",
        "Call the public function in its place.",
    ),
    "manylinux-unknown-version": Code(
        "A version of a system library is needed that the policy does not know.",
        "Link against the GNU libraries of a system that the policy was made for.",
    ),
    "manylinux-relr": Code(
        "Relocations are packed in a form that glibc before 2.36 does not understand.",
        "Link with `-Wl,-z,nopack-relative-relocs`; with lld, without `--pack-dyn-relocs=relr`.",
    ),
    "manylinux-machine": Code(
        "The policy says nothing of the processor that the file is for.", "Check with `--manylinux off`."
    ),
    "unversioned-newer": Code(
        "A function is needed that the system's C library has only since a version newer than the policy allows. The "
        "version is not recorded in the file, so that it is loading that fails, or the first call.",
        "Build with `kernel-builder build`, or do without the function.",
    ),
    "unversioned-cxx": Code(
        "A symbol of the C++ library is needed without its version. Whichever library has a symbol of that name gives "
        "it, as Torch's own copies do, and another Torch may not have it.",
        "Name libstdc++ before the libraries of Torch when linking, as `kernel-builder build` does.",
    ),
    "undefined-symbol": Code(
        "A symbol is needed that none of the libraries that the file lists defines: it does not load.",
        "Add the source that defines it to `src` of its component, or link the library that does.",
    ),
}

_INTERFACES = {
    "python-not-limited": Code(
        "A symbol of Python is needed that is not of the limited API. The next minor release may not have it.",
        "Define Py_LIMITED_API for every source that includes Python.h, and use what is left.",
    ),
    "python-too-new": Code(
        "A symbol of the limited API is needed that the oldest Python does not have.",
        "Define Py_LIMITED_API as the oldest version (0x03090000 for 3.9), and use what is left.",
    ),
    "torch-not-stable": Code(
        "A C++ symbol of Torch is needed that is not of its stable ABI. Another release may not have it.",
        "Include the headers of torch/csrc/stable and torch/headeronly only, and define TORCH_TARGET_VERSION.",
    ),
    "torch-shim-too-new": Code(
        "A function of Torch's stable ABI is needed that the oldest Torch does not have.",
        "Define TORCH_TARGET_VERSION as the oldest Torch, or raise `stable-abi` in build.toml.",
    ),
    "torch-shim-unknown": Code(
        "A C function of Torch is needed that is not among those of its stable ABI that kernel-builder knows.",
        "Use a function of the stable ABI; if it is newer than this kernel-builder, update kernel-builder.",
    ),
}

_MODULE = {
    "module-suffix": Code(
        "The name of the library does not end as that of its kind of build does.",
        "Name it `<ops id>.abi3.so` (with tvm-ffi `<ops id>.so`).",
    ),
    "module-name": Code(
        "The name of the library is not the ops id of the build, by which it is imported.",
        "Name it after the id in metadata.json.",
    ),
    "module-init": Code(
        "The library does not export the function that Python calls to import it.",
        "Put `REGISTER_EXTENSION(TORCH_EXTENSION_NAME)` of registration.h into one of the sources.",
    ),
    "foreign-namespace": Code(
        "Operators are registered in a namespace that is not the kernel's own. Two versions of it cannot be loaded.",
        "Use `TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops)`.",
    ),
    "unique-symbol": Code(
        "A process has one of this symbol for all libraries, so that two versions of a kernel share its state.",
        "Compile with `-fno-gnu-unique`, or with `-fvisibility=hidden`.",
    ),
    "torch-symbol": Code(
        "The library exports a symbol that Torch has too: which one is used depends on the order of loading.",
        "Hide it: compile with `-fvisibility=hidden`, link with `-Wl,--exclude-libs,ALL` or a version script.",
    ),
    "extra-exports": Code(
        "The library exports more than its module: other libraries could come to use that by accident.",
        "Compile with `-fvisibility=hidden`, or link with a version script.",
        severity="warning",
    ),
}

_MACOS = {
    "macos-version": Code(
        "The file needs a newer macOS than it has to load on.",
        "Compile and link with `-mmacosx-version-min`; in CMake, set CMAKE_OSX_DEPLOYMENT_TARGET.",
    ),
    "macos-version-missing": Code(
        "The file does not say which macOS it needs.",
        "Link with `-mmacosx-version-min`; in CMake, set CMAKE_OSX_DEPLOYMENT_TARGET.",
    ),
}

#: The kinds by what they are about, in the order of the reference.
SECTIONS = {
    "The file": _FILE,
    "How it is linked": _LINK,
    "What it needs of the system": _MANYLINUX,
    "What it needs of Python and of Torch": _INTERFACES,
    "What it is to its build": _MODULE,
    "macOS": _MACOS,
}
#: Code → what it is.
CODES = {code: kind for kinds in SECTIONS.values() for code, kind in kinds.items()}
