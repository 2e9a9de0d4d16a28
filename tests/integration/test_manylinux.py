"""Kernels that are linked with a manylinux sysroot keep to the policy, load with Torch, and do what others do."""

import ctypes
import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from filelock import FileLock
from support.sysroots import CROSS, LINKERS, capped_flags, machine_of, needs, shared_sysroot

from kernel_builder.binary.elf import open_elf
from kernel_builder.toolchain.manylinux.sysroot import Sysroot, default_policy
from kernel_builder.toolchain.torch import find_torch

SOURCES = Path(__file__).parent / "manylinux_kernel"
#: What a library for manylinux_2_28 may need at most.
LIMITS = {"GLIBC": (2, 28), "GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11), "GCC": (7, 0, 0)}
FLAGS = ("-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")
#: Objects of the C++ library that each kernel has of its own, as far as it uses what is newer than the policy.
OWN_STATE = {
    "(anonymous namespace)::io_category_instance",
    "__libc_single_threaded",
    "std::(anonymous namespace)::futex_clock_monotonic_unavailable",
    "std::codecvt<char16_t, char8_t, __mbstate_t>::id",
    "std::codecvt<char32_t, char8_t, __mbstate_t>::id",
    "std::pmr::(anonymous namespace)::default_res",
    "std::pmr::(anonymous namespace)::newdel_res",
    "std::pmr::(anonymous namespace)::null_res",
}
#: What compilers and linkers put into every library.
MARKS = (
    "_DYNAMIC",
    "_GLOBAL_OFFSET_TABLE_",
    "__TMC_END__",
    "__do_global",
    "__dso_handle",
    "__frame_dummy",
    "completed.",
)
CONSTANT = ("vtable for", "VTT for", "construction vtable", "typeinfo", "DW.ref.")

Compile = Callable[[str, str], Path]
Sysroots = Callable[[str], Sysroot]


def _parameters(with_torch: bool) -> list[object]:
    """The compilers with their linkers; what compiles more than one small source is heavy."""
    found: list[object] = [
        pytest.param(*one.values, id=one.id, marks=[*one.marks, *_heavy(with_torch or one.values[0] != "g++")])
        for one in LINKERS
    ]
    cross = pytest.param(CROSS, "bfd", id=f"{CROSS}-bfd", marks=[needs(CROSS), pytest.mark.heavy])
    return found if with_torch else [*found, cross]


def _heavy(is_heavy: bool) -> list[pytest.MarkDecorator]:
    return [pytest.mark.heavy] if is_heavy else []


@pytest.fixture(scope="session")
def sysroot_of(tmp_path_factory: pytest.TempPathFactory) -> Sysroots:
    """The sysroot of a compiler."""
    return lambda compiler: shared_sysroot(tmp_path_factory, compiler)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles a source of the kernel with a compiler, once for all tests."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base

    def compile_source(name: str, compiler: str) -> Path:
        target = base / f"{compiler}-{name}.o"
        with FileLock(f"{target}.lock"):
            if not target.exists():
                includes = _torch_includes() if name == "binding" else []
                part = target.with_suffix(".part")
                command = [compiler, *FLAGS, *includes, "-c", "-o", str(part), str(SOURCES / f"{name}.cpp")]
                subprocess.run(command, check=True)
                part.rename(target)
        return target

    return compile_source


def _torch_includes() -> list[str]:
    root = Path(find_torch().root)
    folders = (root / "include", root / "include/torch/csrc/api/include", Path(sysconfig.get_path("include")))
    return [word for folder in folders for word in ("-isystem", str(folder))]


def _torch_libraries() -> list[str]:
    return [str(Path(find_torch().root) / "lib" / name) for name in ("libc10.so", "libtorch_cpu.so")]


def _link(compiler: str, linker: str, target: Path, inputs: Sequence[str | Path]) -> Path:
    command = [compiler, f"-fuse-ld={linker}", "-shared", "-Wl,-z,noexecstack", "-o", str(target), *map(str, inputs)]
    subprocess.run(command, check=True)
    return target


def _newest(library: Path) -> dict[str, tuple[int, ...]]:
    """The newest version that a library needs, by what it is a version of."""
    found: dict[str, tuple[int, ...]] = {}
    with open_elf(library) as elf:
        for need in elf.version_needs:
            prefix, _, number = need.version.partition("_")
            if number[:1].isdigit():
                found[prefix] = max(found.get(prefix, ()), tuple(map(int, number.split("."))))
    return found


def _beyond(library: Path) -> set[str]:
    return {prefix for prefix, version in _newest(library).items() if version > LIMITS[prefix]}


def _unversioned(library: Path) -> set[str]:
    """The names that a library leaves to whoever defines them, as it must be loaded for them."""
    with open_elf(library) as elf:
        return {
            symbol.name
            for symbol in elf.symbols()
            if not symbol.defined and symbol.version is None and symbol.binding == "global"
        }


def _says_auditwheel(library: Path, machine: str) -> bool:
    """Whether auditwheel finds the versions that a library needs within manylinux_2_28."""
    policy, elfutils, libc, architecture = (
        pytest.importorskip(f"auditwheel.{name}", reason="auditwheel judges too")
        for name in ("policy", "elfutils", "libc", "architecture")
    )
    policies = policy.WheelPolicies(libc=libc.Libc.GLIBC, arch=architecture.Architecture(machine))
    needed: dict[str, set[str]] = {}
    with library.open("rb") as file:
        for name, version in elfutils.elf_find_versioned_symbols(ELFFile(file)):
            needed.setdefault(name, set()).add(version)
    limit = policies.get_policy_by_name(f"manylinux_2_28_{machine}")
    return bool(policies.versioned_symbols_policy(needed).priority >= limit.priority)


def _says_kernel_abi_check(library: Path) -> bool:
    """Whether the registry's checker finds nothing beyond manylinux_2_28."""
    checker = pytest.importorskip("kernel_abi_check", reason="the registry's checker judges too")
    return not checker.ObjectFile(str(library)).check_manylinux("manylinux_2_28")


def _assert_verdict(library: Path, compiler: str, expected: bool) -> None:
    machine = machine_of(compiler)
    assert expected == (not _beyond(library))
    assert expected == _says_auditwheel(library, machine)
    assert expected == _says_kernel_abi_check(library)


@needs("g++")
def test_a_plain_build_needs_too_much(compiled: Compile, tmp_path: Path) -> None:
    """Linked as usual on a newer system, the kernel needs versions beyond the limits, and all checkers say so."""
    plain = _link("g++", "bfd", tmp_path / "plain.so", [compiled("features", "g++")])
    assert {"GLIBC", "GLIBCXX", "CXXABI"} == _beyond(plain)
    _assert_verdict(plain, "g++", expected=False)


@pytest.mark.parametrize(("compiler", "linker"), _parameters(with_torch=False))
def test_a_capped_build_keeps_to_the_policy(
    compiled: Compile, sysroot_of: Sysroots, tmp_path: Path, compiler: str, linker: str
) -> None:
    """Linked with the sysroot, the same objects keep to the limits, with every compiler and linker."""
    sysroot = sysroot_of(compiler)
    objects = [compiled("features", compiler)]
    capped = _link(compiler, linker, tmp_path / "capped.so", capped_flags(sysroot, objects))
    _assert_verdict(capped, compiler, expected=True)
    assert {"GLIBC", "GLIBCXX", "CXXABI", "GCC"} == set(_newest(capped))
    assert set() == _unversioned(capped)
    with open_elf(capped) as elf:
        assert {"libc.so.6", "libpthread.so.0", "libstdc++.so.6"} <= set(elf.needed)
        assert machine_of(compiler) == elf.machine
        allowed = {*default_policy(elf.machine).libraries, "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
        assert set() == set(elf.needed) - allowed


@needs("g++")
def test_what_nobody_has(sysroot_of: Sysroots, tmp_path: Path) -> None:
    """A name that is newer and that nothing stands in for stays undefined without a version, and is listed."""
    sysroot = sysroot_of("g++")
    source = tmp_path / "newer.cpp"
    source.write_text('extern "C" int close_range(unsigned, unsigned, int); int f() { return close_range(3, 4, 0); }')
    library = _link("g++", "bfd", tmp_path / "newer.so", ["-fPIC", *capped_flags(sysroot, [source])])
    assert {"close_range"} == _unversioned(library)
    assert sysroot.newer["close_range"] == "GLIBC_2.34"


@pytest.mark.parametrize(("compiler", "linker"), LINKERS)
def test_functions_that_are_chosen_on_loading(sysroot_of: Sysroots, tmp_path: Path, compiler: str, linker: str) -> None:
    """Functions in versions for several processors load and run: what chooses one is in the kernel itself."""
    if machine_of(compiler) != "x86_64":
        pytest.skip("the versions are for x86_64")
    source = tmp_path / "chosen.cpp"
    source.write_text(
        'extern "C" __attribute__((target_clones("avx2", "default"))) int add(int a, int b) { return a + b; }\n'
        'extern "C" int level() { __builtin_cpu_init(); return __builtin_cpu_supports("sse2") ? 2 : 0; }\n'
    )
    flags = capped_flags(sysroot_of(compiler), ["-O2", "-fPIC", source])
    library = _link(compiler, linker, tmp_path / "chosen.so", flags)
    with open_elf(library) as elf:
        assert set() == {symbol.name for symbol in elf.symbols() if symbol.name.startswith("__cpu")}
    loaded = ctypes.CDLL(str(library))
    assert (5, 2) == (loaded.add(2, 3), loaded.level())


@needs("g++")
def test_what_is_newer_has_no_state_of_its_own(sysroot_of: Sysroots, tmp_path: Path) -> None:
    """All that libstdc++ has beyond the policy can be linked, and what is kept per kernel is known by name."""
    sysroot = sysroot_of("g++")
    real = subprocess.run(["g++", "-print-file-name=libstdc++.so.6"], check=True, capture_output=True, text=True).stdout
    newer = sorted(_exported(Path(real.strip())) - _exported(sysroot.libraries[0]))
    arguments, exports = tmp_path / "arguments", tmp_path / "exports.map"
    arguments.write_text("\n".join(f"-Wl,-u,{name}" for name in newer))
    exports.write_text(f"{{ global: {' '.join(f'{name};' for name in newer)} local: *; }};")
    options = [f"@{arguments}", f"-Wl,--version-script={exports}"]
    shown = [word for word in capped_flags(sysroot, []) if "--exclude-libs" not in word]
    library = _link("g++", "bfd", tmp_path / "all.so", [*options, *shown])
    assert len(newer) > 400
    assert set(newer) == _exported(library) & set(newer)
    assert set() == _beyond(library)
    assert set() == _unversioned(library)
    listed = subprocess.run(["nm", "--demangle", library], check=True, capture_output=True, text=True).stdout
    lines = [line.split(maxsplit=2) for line in listed.splitlines() if line.split(maxsplit=2)[1] in "bBdD"]
    assert set() == {words[2] for words in lines if not words[2].startswith((*MARKS, *CONSTANT))} - OWN_STATE


def _exported(library: Path) -> set[str]:
    with open_elf(library) as elf:
        return {symbol.name for symbol in elf.symbols() if symbol.defined and symbol.section != 0xFFF1}


@pytest.fixture(scope="session")
def plain_outcomes(compiled: Compile, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """What a kernel does that a compiler has linked as usual."""

    def outcomes(compiler: str) -> dict[str, str]:
        path = tmp_path_factory.mktemp("plain") / "kernel.so"
        return _outcomes(_link(compiler, "bfd", path, [*_kernel_objects(compiled, compiler), *_torch_libraries()]))

    return outcomes


def _kernel_objects(compiled: Compile, compiler: str) -> list[Path]:
    return [compiled("features", compiler), compiled("binding", compiler)]


def _outcomes(library: Path) -> dict[str, str]:
    """What a kernel does in a fresh process."""
    command = [sys.executable, str(SOURCES / "use.py"), str(library)]
    found: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


@pytest.mark.parametrize(("compiler", "linker"), _parameters(with_torch=True))
def test_a_capped_kernel_does_what_a_plain_one_does(
    compiled: Compile,
    sysroot_of: Sysroots,
    plain_outcomes: Callable[[str], dict[str, str]],
    tmp_path: Path,
    compiler: str,
    linker: str,
) -> None:
    """The kernel loads with Torch and its features and exceptions, thrown and caught across libtorch, are the same."""
    sysroot = sysroot_of(compiler)
    inputs = [*capped_flags(sysroot, _kernel_objects(compiled, compiler)), *_torch_libraries()]
    capped = _link(compiler, linker, tmp_path / "kernel.so", inputs)
    _assert_verdict(capped, compiler, expected=True)
    assert set() == {name for name in _unversioned(capped) if name.startswith(("_ZNSt", "_ZNKSt", "_ZSt", "_ZTINSt"))}
    assert set() == _unversioned(capped) & set(sysroot.newer)
    expected = plain_outcomes(compiler)
    assert expected == _outcomes(capped)
    assert expected["catch torch"].startswith("c10::Error: shape '[7, 7]' is invalid")
    assert expected["catch own"] == "Own: an exception of the kernel's own"
    assert expected["fail check"] == "RuntimeError: the check of 1 dimensions, 2.5, failed"


_CUDA = """
#include <cuda_runtime.h>

#include <filesystem>
#include <memory>
#include <string>

__global__ void add(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    x[i] += 1;
}

extern "C" std::size_t run(float *x, int n) {
  add<<<(n + 255) / 256, 256>>>(x, n);
  auto const text = std::make_shared<std::string>(cudaGetErrorString(cudaGetLastError()));
  return std::filesystem::path(*text).filename().string().size();
}
"""


@pytest.mark.heavy
@needs("g++")
@needs("nvcc")
def test_objects_of_nvcc_need_nothing_else(sysroot_of: Sysroots, tmp_path: Path) -> None:
    """Objects of nvcc, with the static runtime of CUDA, keep to the policy by the same line that links."""
    source, target = tmp_path / "kernel.cu", tmp_path / "kernel.o"
    source.write_text(_CUDA)
    command = ["nvcc", "-std=c++17", "-arch=sm_80", "-Xcompiler", "-fPIC", "-c", str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    dry = subprocess.run(["nvcc", "--dryrun", "-c", str(source)], check=True, capture_output=True, text=True).stderr
    folders = [word.strip('"') for word in dry.split() if word.startswith(('"-L', "-L"))]
    runtime = [*folders, "-lcudart_static", "-ldl", "-lrt", "-lpthread"]
    plain = _link("g++", "bfd", tmp_path / "plain.so", [target, *runtime])
    capped = _link("g++", "bfd", tmp_path / "capped.so", [*capped_flags(sysroot_of("g++"), [target]), *runtime])
    _assert_verdict(plain, "g++", expected=False)
    _assert_verdict(capped, "g++", expected=True)


@needs("g++")
def test_the_stubs_come_before_torch(sysroot_of: Sysroots, tmp_path: Path) -> None:
    """Were Torch's libraries first, a kernel would take parts of the C++ library from them, bound to no version."""
    source = tmp_path / "paths.cpp"
    source.write_text(
        "#include <filesystem>\nauto f(const char *text) { return std::filesystem::path(text).parent_path().string(); }"
    )
    sysroot = sysroot_of("g++")
    flags = ["-std=c++17", "-fPIC", *sysroot.link_options, str(source)]
    right = _link("g++", "bfd", tmp_path / "right.so", [*flags, *sysroot.libraries, *_torch_libraries()])
    wrong = _link("g++", "bfd", tmp_path / "wrong.so", [*flags, *_torch_libraries(), *sysroot.libraries])
    assert set() == _unversioned(right)
    assert {"_ZNKSt10filesystem7__cxx114path11parent_pathEv"} <= _unversioned(wrong)
