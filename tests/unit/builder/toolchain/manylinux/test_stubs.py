"""Stubs say of themselves what they were made from, and linkers bind to that."""

import subprocess
from pathlib import Path

import pytest
from support.sysroots import CLANG, CROSS, compile_text, needs

from kernel_builder.binary.elf import Symbol, open_elf
from kernel_builder.errors import ProcessError
from kernel_builder.toolchain.manylinux.capped import CappedLibraries, CappedSymbol
from kernel_builder.toolchain.manylinux.stubs import make_link_names, make_stub


def _symbol(name: str, version: str | None, type_: str = "func", size: int = 0, place: int = 0) -> CappedSymbol:
    return CappedSymbol(name=name, version=version, type=type_, size=size, weak=name.startswith("weak"), place=place)


SYMBOLS = (
    _symbol("_ZSt4cout", "GLIBCXX_3.4", "object", 272, place=64),
    _symbol("bare", None),
    _symbol("environ", "GLIBC_2.2.5", "object", 8, place=8),
    _symbol("errno", "GLIBC_2.17", "tls", 4),
    _symbol("function", "GLIBC_2.28", "func", 33),
    _symbol("weak_environ", "GLIBC_2.2.5", "object", 8, place=8),
    _symbol("weak_function", "GLIBC_2.2.5", "func", 5),
)


def _read(path: Path) -> dict[str, Symbol]:
    with open_elf(path) as elf:
        return {symbol.name: symbol for symbol in elf.symbols() if symbol.defined and symbol.section != 0xFFF1}


@pytest.mark.parametrize("compiler", [pytest.param(one, marks=needs(one)) for one in ("g++", CLANG, CROSS)])
def test_what_a_stub_says(tmp_path: Path, compiler: str) -> None:
    """Names, versions, types, sizes and bindings are those that were asked for; two names of one object stay that."""
    make_stub([compiler], tmp_path, "libstub.so.7", SYMBOLS)
    with open_elf(tmp_path / "libstub.so.7") as elf:
        assert ("libstub.so.7", (), "shared") == (elf.soname, elf.needed, elf.kind)
    found = _read(tmp_path / "libstub.so.7")
    assert {(one.name, one.version, one.type, one.size, one.weak) for one in SYMBOLS} == {
        (one.name, one.version, one.type, one.size, one.binding == "weak") for one in found.values()
    }
    assert {True} == {one.is_default for one in found.values()}
    assert found["environ"].value == found["weak_environ"].value != found["_ZSt4cout"].value
    assert ["libstub.so.7"] == [path.name for path in tmp_path.iterdir()]


@needs("g++")
def test_stubs_without_versions(tmp_path: Path) -> None:
    """A library that has no versions gets a stub that has none."""
    make_stub(["g++"], tmp_path, "libbare.so.1", [_symbol("bare", None)])
    assert {"bare": None} == {name: symbol.version for name, symbol in _read(tmp_path / "libbare.so.1").items()}


@needs("g++")
def test_what_is_linked_with_a_stub(tmp_path: Path) -> None:
    """A library that is linked with a stub needs its names at their versions, and copies objects by their sizes."""
    make_stub(["g++"], tmp_path, "libstub.so.7", SYMBOLS)
    code = 'extern "C" { void function(); void weak_function(); void use() { function(); weak_function(); } }'
    user = compile_text(tmp_path / "user.cpp", code)
    files = [tmp_path / "user.so", user, tmp_path / "libstub.so.7"]
    subprocess.run(["g++", "-shared", "-nostdlib", "-o", *files], check=True)
    with open_elf(tmp_path / "user.so") as elf:
        needs_ = {(symbol.name, symbol.version, symbol.library) for symbol in elf.symbols() if not symbol.defined}
        assert ("libstub.so.7",) == elf.needed
    assert {
        ("function", "GLIBC_2.28", "libstub.so.7"),
        ("weak_function", "GLIBC_2.2.5", "libstub.so.7"),
    } == needs_


@needs("g++")
def test_a_compiler_that_refuses(tmp_path: Path) -> None:
    """A compiler that cannot link is reported with what it said."""
    with pytest.raises(ProcessError) as caught:
        make_stub(["g++", "-fno-such-option"], tmp_path, "libstub.so.7", SYMBOLS)
    assert "-fno-such-option" in caught.value.output


def test_link_names(tmp_path: Path) -> None:
    """What -lc, -lm, … stand for is made of the stubs that are there, by their bare names."""
    libraries = {name: (_symbol("f", None),) for name in ("ld.so.1", "libc.so.6", "libm.so.6", "libpthread.so.0")}
    make_link_names(tmp_path, CappedLibraries(libraries=libraries, newer={}), "ld.so.1")
    scripts = {path.name: path.read_text("utf-8").splitlines()[-1] for path in tmp_path.iterdir()}
    assert {
        "libc.so": "GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( ld.so.1 libpthread.so.0 ) )",
        "libgcc_s.so": "GROUP ( -lgcc )",
        "libm.so": "GROUP ( libm.so.6 )",
        "libpthread.so": "GROUP ( libpthread.so.0 )",
        "libstdc++.so": "GROUP ( libstdc++_nonshared.a )",
    } == scripts
