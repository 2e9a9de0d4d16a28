"""Each name is taken at the newest version that a policy allows, in the library that had it then."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.libraries import link, needs_gcc

from kernel_builder.binary import BinaryError
from kernel_builder.toolchain.manylinux.capped import CappedSymbol, cap_libraries
from kernel_builder.toolchain.manylinux.policy import Policy

pytestmark = needs_gcc

POLICY = Policy(
    name="test", machine="x86_64", versions={"GLIBC": frozenset({"2.2.5", "2.9", "2.28"})}, libraries=frozenset()
)
VERSIONS = (
    "GLIBC_2.2.5 { global: %s local: aux_*; }; GLIBC_2.9 { %s }; GLIBC_2.28 { %s }; "
    "GLIBC_2.34 { %s }; GLIBC_2.40 { %s }; GLIBC_PRIVATE { %s };"
)


def _versions(**names: str) -> str:
    """A version script that gives names versions, `v2_28="a; b;"`, and hides what it does not name."""
    order = ("v2_2_5", "v2_9", "v2_28", "v2_34", "v2_40", "private")
    return VERSIONS % tuple(names.get(one, "none;" if one == order[0] else "") for one in order)


def _at(name: str, version: str, *, default: bool = False) -> str:
    """C code of a function that has a name at a version."""
    symbol = f"aux_{name}_{version.replace('.', '_')}"
    return f'int {symbol}(void) {{ return 1; }} __asm__(".symver {symbol},{name}{"@@" if default else "@"}{version}");'


@pytest.fixture
def library(tmp_path: Path) -> Callable[..., Path]:
    """Links a library from code and the versions of its names."""

    def make(name: str, code: str, **names: str) -> Path:
        return link(tmp_path / name, code, versions=_versions(**names))

    return make


def test_the_newest_allowed_version(library: Callable[..., Path]) -> None:
    """Of several versions the newest allowed one counts, in the order of numbers, hidden or not."""
    code = "".join(
        [
            _at("a", "GLIBC_2.2.5"),
            _at("a", "GLIBC_2.9"),
            _at("a", "GLIBC_2.28"),
            _at("a", "GLIBC_2.40", default=True),
            _at("b", "GLIBC_2.9"),
            _at("b", "GLIBC_2.34", default=True),
            _at("c", "GLIBC_2.2.5", default=True),
            _at("d", "GLIBC_2.2.5"),
        ]
    )
    capped = cap_libraries({"libm.so.6": library("libm.so.6", code)}, POLICY)
    assert {"a": "GLIBC_2.28", "b": "GLIBC_2.9", "c": "GLIBC_2.2.5", "d": "GLIBC_2.2.5"} == {
        one.name: one.version for one in capped.libraries["libm.so.6"]
    }
    assert {} == capped.newer


def test_newer_names(library: Callable[..., Path]) -> None:
    """A name without an allowed version is left out and listed with its oldest one; private names are neither."""
    code = "int b(void) { return 1; } int c(void) { return 1; } int old(void) { return 1; }" + "".join(
        [_at("a", "GLIBC_2.34"), _at("a", "GLIBC_2.40", default=True)]
    )
    path = library("libm.so.6", code, v2_40="b;", private="c;", v2_9="old;")
    capped = cap_libraries({"libm.so.6": path}, POLICY)
    assert {"old"} == capped.names
    assert {"a": "GLIBC_2.34", "b": "GLIBC_2.40"} == capped.newer


def test_a_name_that_another_library_has_is_not_newer(library: Callable[..., Path]) -> None:
    """A name that is too new in one library and not in another is not listed as newer."""
    code = "int a(void) { return 1; }"
    shared = {
        "libc.so.6": library("libc.so.6", code, v2_40="a;"),
        "libm.so.6": library("libm.so.6", code, v2_9="a;"),
    }
    assert {} == cap_libraries(shared, POLICY).newer


def test_names_that_moved_go_back(library: Callable[..., Path]) -> None:
    """What libc took over after the policy is where it was; what it had then stays, as in other libraries."""
    code = "".join(
        [
            _at("pthread_create", "GLIBC_2.2.5"),
            _at("pthread_create", "GLIBC_2.34", default=True),
            _at("dlsym", "GLIBC_2.2.5"),
            _at("dlsym", "GLIBC_2.34", default=True),
            _at("pthread_yield", "GLIBC_2.2.5"),
            _at("pthread_self", "GLIBC_2.2.5", default=True),
            _at("__libc_start_main", "GLIBC_2.2.5"),
            _at("__libc_start_main", "GLIBC_2.34", default=True),
        ]
    )
    resolver = _at("dlsym", "GLIBC_2.2.5") + _at("dlsym", "GLIBC_2.34", default=True)
    shared = {"libc.so.6": library("libc.so.6", code), "libresolv.so.2": library("libresolv.so.2", resolver)}
    assert {
        "libc.so.6": ["__libc_start_main", "pthread_self"],
        "libdl.so.2": ["dlsym"],
        "libpthread.so.0": ["pthread_create", "pthread_yield"],
        "libresolv.so.2": ["dlsym"],
    } == {name: [one.name for one in symbols] for name, symbols in cap_libraries(shared, POLICY).libraries.items()}


def test_a_library_that_still_has_its_names(library: Callable[..., Path]) -> None:
    """Before glibc 2.34 libpthread has its names itself, and they count for more than what libc keeps of them."""
    code = _at("pthread_create", "GLIBC_2.2.5")
    shared = {
        "libc.so.6": library("libc.so.6", code),
        "libpthread.so.0": library("libpthread.so.0", "int pthread_create(void) { return 1; }", v2_9="pthread_create;"),
    }
    (symbol,) = cap_libraries(shared, POLICY).libraries["libpthread.so.0"]
    assert symbol.version == "GLIBC_2.9"


def test_what_gcc_keeps_for_old_programs(library: Callable[..., Path]) -> None:
    """What gcc's own libraries no longer link at all is not offered, unlike glibc's, and is not newer either."""
    path = library(
        "libgcc_s.so.1", _at("old", "GLIBC_2.9") + _at("both", "GLIBC_2.9") + _at("both", "GLIBC_2.34", default=True)
    )
    capped = cap_libraries({"libgcc_s.so.1": path, "libm.so.6": library("libm.so.6", _at("old", "GLIBC_2.9"))}, POLICY)
    assert {"libgcc_s.so.1": ["both"], "libm.so.6": ["old"]} == {
        name: [one.name for one in symbols] for name, symbols in capped.libraries.items()
    }
    assert {} == capped.newer


def test_what_a_symbol_is(library: Callable[..., Path]) -> None:
    """Types, sizes and bindings are those of the host; a function that is chosen on loading is a function."""
    code = """
        int data[3]; extern int same[3] __attribute__((alias("data")));
        __thread long local;
        __attribute__((weak)) void weak(void) {}
        static void one(void) {}
        static void (*choose(void))(void) { return one; }
        void chosen(void) __attribute__((ifunc("choose")));
        __attribute__((visibility("hidden"))) int hidden;
        char __libm_version_placeholder;
    """
    path = library("libm.so.6", code, v2_9="data; same; local; weak; chosen; __libm_version_placeholder;")
    symbols = {one.name: one for one in cap_libraries({"libm.so.6": path}, POLICY).libraries["libm.so.6"]}
    found = {one.name: (one.type, one.weak) for one in symbols.values()}
    assert {
        "chosen": ("func", False),
        "data": ("object", False),
        "local": ("tls", False),
        "same": ("object", False),
        "weak": ("func", True),
    } == found
    assert (12, 8) == (symbols["data"].size, symbols["local"].size)
    assert symbols["data"].place == symbols["same"].place


def test_libraries_without_versions(tmp_path: Path) -> None:
    """A library that gives its names no versions offers them all."""
    capped = cap_libraries({"libm.so.6": link(tmp_path / "libm.so.6")}, POLICY)
    (symbol,) = capped.libraries["libm.so.6"]
    expected = CappedSymbol(name="f", version=None, type="func", size=symbol.size, weak=False, place=symbol.place)
    assert expected == symbol


def test_damage(tmp_path: Path) -> None:
    """A library that cannot be read is refused with its name."""
    (tmp_path / "libm.so.6").write_bytes(b"\x7fELF")
    with pytest.raises(BinaryError, match=r"libm\.so\.6: "):
        cap_libraries({"libm.so.6": tmp_path / "libm.so.6"}, POLICY)
