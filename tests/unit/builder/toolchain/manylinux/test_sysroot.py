"""Sysroots are made once, kept by what they are made of, whole or not at all."""

import json
import multiprocessing
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.glibc_lists import glibc_symbols
from support.sysroots import CROSS, LINKERS, capped_flags, compile_text, machine_of, needs, shared_sysroot

from kernel_builder.binary.elf import open_elf
from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.manylinux import sysroot as module
from kernel_builder.toolchain.manylinux.archive import read_archive, write_archive
from kernel_builder.toolchain.manylinux.policy import load_policy
from kernel_builder.toolchain.manylinux.sysroot import Sysroot, default_policy, manylinux_sysroot

pytestmark = needs("g++")

COMPILERS = ["g++", pytest.param(CROSS, marks=needs(CROSS))]
#: What ziglang calls the libraries of glibc.
LIBRARIES = {
    "c": "libc.so.6",
    "dl": "libdl.so.2",
    "m": "libm.so.6",
    "pthread": "libpthread.so.0",
    "resolv": "libresolv.so.2",
    "rt": "librt.so.1",
    "util": "libutil.so.1",
}
#: Libraries of glibc that ziglang does not list.
UNLISTED = {"libanl.so.1", "libmvec.so.1"}
#: Names that glibc has taken out of everything since.
GONE = {"malloc_get_state", "malloc_set_state"}


def _compiler(folder: Path, command: str = "exec g++") -> str:
    """A program of its own that runs a compiler, to be told from others by its place."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "compiler"
    program.write_text(f'#!/bin/sh\n{command} "$@"\n')
    program.chmod(0o755)
    return str(program)


def _folders(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir()}


def _versions(sysroot: Sysroot) -> dict[str, dict[str, str]]:
    """Name → library → version, of what the stubs of glibc offer; the dynamic loader is called LOADER."""
    found: dict[str, dict[str, str]] = {}
    for stub in sysroot.folder.glob("*.so.*"):
        library = "LOADER" if stub.name.startswith("ld-") else stub.name
        if library in ("libstdc++.so.6", "libgcc_s.so.1"):
            continue
        with open_elf(stub) as elf:
            for symbol in elf.symbols():
                if symbol.version is not None and symbol.section != 0xFFF1:
                    found.setdefault(symbol.name, {})[library] = symbol.version
    return found


def _newest(versions: set[str]) -> str:
    return max(versions, key=lambda version: tuple(map(int, version.removeprefix("GLIBC_").split("."))))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_an_independent_list(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> None:
    """Every name of glibc 2.28 is in the stub of a library that had it, as it was linked then, and no other name is."""
    stubs = _versions(shared_sysroot(tmp_path_factory, compiler))
    listed: dict[str, dict[str, str]] = {}
    for called, names in glibc_symbols(machine_of(compiler), (2, 28)).items():
        for name, versions in names.items():
            listed.setdefault(name, {})[LIBRARIES.get(called, "LOADER")] = _newest(versions)
    assert len(listed) > 3000
    assert GONE == set(listed) - set(stubs)
    wrong = {
        (name, library, version): listed.get(name)
        for name, homes in stubs.items()
        for library, version in homes.items()
        if library not in UNLISTED and listed.get(name, {}).get(library) != version
    }
    assert {} == wrong


@pytest.mark.parametrize("compiler", COMPILERS)
def test_nothing_is_newer_than_the_policy(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> None:
    """Every version of every stub is allowed, and what is listed as newer is in none of them."""
    sysroot, policy = shared_sysroot(tmp_path_factory, compiler), default_policy(machine_of(compiler))
    names = set()
    for stub in sysroot.folder.glob("*.so.*"):
        with open_elf(stub) as elf:
            symbols = list(elf.symbols())
        names |= {symbol.name for symbol in symbols}
        assert {True} == {policy.allows(symbol.version) for symbol in symbols if symbol.version is not None}
    assert {"close_range", "pidfd_open"} & set(sysroot.newer)
    assert {"stat", "__libc_single_threaded", "_ZNSt10filesystem4copyERKNS_4pathES2_"}.isdisjoint(sysroot.newer)
    assert {False} == {policy.allows(version) for version in sysroot.newer.values()}
    assert names.isdisjoint(sysroot.newer)


def test_nothing_of_this_machine(sysroot: Sysroot) -> None:
    """No file of a sysroot says where it was made or what from: one for the same libraries elsewhere is the same."""
    words = [str(sysroot.folder.parent).encode(), os.fsencode(Path.cwd()), b"/usr/lib/gcc"]
    files = [path for path in sysroot.folder.iterdir() if path.name != "libstdc++_nonshared.a"]
    assert [] == [path.name for path in files if any(word in path.read_bytes() for word in words)]


def test_elsewhere(sysroot: Sysroot, tmp_path: Path) -> None:
    """Another cache, and another program that is the same compiler, give the same sysroot byte by byte."""
    again = manylinux_sysroot([_compiler(tmp_path)], default_policy(machine_of("g++")), tmp_path / "cache")
    assert sysroot.folder.name == again.folder.name
    first, second = ({path.name: path.read_bytes() for path in each.folder.iterdir()} for each in (sysroot, again))
    assert first == second
    assert sysroot.newer == again.newer


def test_how_it_is_used(sysroot: Sysroot) -> None:
    """The parts of the line that links are in the sysroot's folder, the stub of libstdc++ first."""
    assert f"-L{sysroot.folder}" == sysroot.link_options[0]
    assert ("libstdc++.so.6", "libstdc++_nonshared.a") == tuple(path.name for path in sysroot.libraries)
    assert {sysroot.folder} == {path.parent for path in sysroot.libraries}
    assert {True} == {path.is_file() for path in sysroot.libraries}


@pytest.mark.parametrize(("compiler", "linker"), LINKERS)
def test_programs(tmp_path: Path, sysroot: Sysroot, compiler: str, linker: str) -> None:
    """A program that is linked with the sysroot, and copies objects of the C++ library, runs here."""
    code = '#include <iostream>\nint main() { std::cout << "hello " << 1.5 << std::endl; return std::cin.fail(); }'
    source = compile_text(tmp_path / "main.cpp", code, "-fno-pic")
    program = tmp_path / "program"
    flags = [f"-fuse-ld={linker}", "-no-pie", "-o", str(program)]
    subprocess.run([compiler, *flags, *capped_flags(sysroot, [source])], check=True)
    assert subprocess.run([program], check=True, capture_output=True, text=True).stdout == "hello 1.5\n"


def test_a_second_time(sysroot: Sysroot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sysroot that is there is found without running anything."""
    monkeypatch.setattr(module, "locate_libraries", _unexpected)
    monkeypatch.setattr(module, "run", _unexpected)
    assert sysroot == manylinux_sysroot(["g++"], default_policy(machine_of("g++")), sysroot.folder.parent)


def _unexpected(*_: object, **__: object) -> None:
    pytest.fail("a compiler was asked")


@pytest.fixture
def cache(tmp_path: Path, sysroot: Sysroot) -> Path:
    """A cache with the sysroot that a compiler of its own has, without its notes."""
    shutil.copytree(sysroot.folder, tmp_path / "cache" / sysroot.folder.name)
    return tmp_path / "cache"


def test_another_compiler(cache: Path, sysroot: Sysroot, tmp_path: Path) -> None:
    """A compiler that links with the same libraries gets the sysroot that is there."""
    made = manylinux_sysroot([_compiler(tmp_path)], default_policy(machine_of("g++")), cache)
    assert cache / sysroot.folder.name == made.folder
    assert {sysroot.folder.name} == _folders(cache)


def _with_libstdcxx(folder: Path) -> str:
    """A compiler whose static C++ library is the file in a folder."""
    library = shlex.quote(str(folder / "libstdc++.a"))
    return _compiler(folder, f'[ "$1" = -print-file-name=libstdc++.a ] && echo {library} && exit; exec g++')


def test_libraries_that_change(cache: Path, sysroot: Sysroot, tmp_path: Path) -> None:
    """Other bytes in a library give another sysroot, and the same ones the same again, whatever their time is."""
    found = subprocess.run(["g++", "-print-file-name=libstdc++.a"], check=True, capture_output=True, text=True).stdout
    library = Path(shutil.copy(found.strip(), tmp_path / "libstdc++.a"))
    compiler, policy = _with_libstdcxx(tmp_path), default_policy(machine_of("g++"))
    assert sysroot.folder.name == manylinux_sysroot([compiler], policy, cache).folder.name
    before = library.read_bytes()
    library.write_bytes(write_archive(list(read_archive(before, library.name))))
    other = manylinux_sysroot([compiler], policy, cache)
    assert sysroot.folder.name != other.folder.name
    library.write_bytes(before)
    assert sysroot.folder.name == manylinux_sysroot([compiler], policy, cache).folder.name
    assert {sysroot.folder.name, other.folder.name} == _folders(cache)


@pytest.mark.parametrize("damage", ["{", '{"folder": "gone", "files": []}', "[]", '{"folder": "x", "files": 1}'])
def test_notes_that_are_damaged(cache: Path, sysroot: Sysroot, damage: str) -> None:
    """What is remembered of a compiler and makes no sense is found out again."""
    policy = default_policy(machine_of("g++"))
    manylinux_sysroot(["g++"], policy, cache)
    (note,) = cache.glob("*.json")
    note.write_text(damage)
    assert sysroot.folder.name == manylinux_sysroot(["g++"], policy, cache).folder.name
    assert json.loads(note.read_text())["folder"] == sysroot.folder.name


def test_another_policy(tmp_path_factory: pytest.TempPathFactory, sysroot: Sysroot) -> None:
    """A newer policy has a sysroot of its own, which offers more."""
    newer = shared_sysroot(tmp_path_factory, policy=load_policy("manylinux_2_34", machine_of("g++")))
    assert sysroot.folder != newer.folder
    assert {"GLIBC_2.2.5", "GLIBC_2.34"} >= set(_versions(newer)["pthread_create"].values())
    assert {"libpthread.so.0"} == set(_versions(sysroot)["pthread_create"])
    assert {"libc.so.6"} == set(_versions(newer)["pthread_create"])


def test_another_processor(tmp_path: Path) -> None:
    """A compiler for another processor than the policy's is refused."""
    other = "x86_64" if machine_of("g++") == "aarch64" else "aarch64"
    with pytest.raises(ToolchainError, match=f"and manylinux_2_28 was asked for {other}") as caught:
        manylinux_sysroot(["g++"], default_policy(other), tmp_path)
    assert f"Set CXX to a compiler for {other}." == caught.value.hint


def test_a_library_that_cannot_be_read(tmp_path: Path) -> None:
    """A static library that is none is named, and nothing is left of the sysroot."""
    (tmp_path / "libstdc++.a").write_text("nothing")
    compiler = _with_libstdcxx(tmp_path)
    with pytest.raises(ToolchainError, match=r"libstdc\+\+\.a: it is not an archive"):
        manylinux_sysroot([compiler], default_policy(machine_of("g++")), tmp_path / "cache")
    assert set() == _folders(tmp_path / "cache")


def test_an_interrupt(tmp_path: Path, sysroot: Sysroot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt on the way leaves nothing, and the next time the sysroot is made whole."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "install_tree", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            manylinux_sysroot(["g++"], default_policy(machine_of("g++")), tmp_path)
    assert set() == _folders(tmp_path)
    again = manylinux_sysroot(["g++"], default_policy(machine_of("g++")), tmp_path)
    assert sysroot.folder.name == again.folder.name


def _interrupt(*_: object) -> Iterator[None]:
    raise KeyboardInterrupt


def test_two_at_once(tmp_path: Path, sysroot: Sysroot) -> None:
    """Processes that want the same sysroot at the same time all get it, and it is one."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = pool.map(_make_for, [tmp_path] * 3)
    assert [sysroot.folder.name] * 3 == made
    assert {sysroot.folder.name} == _folders(tmp_path)


def _make_for(cache: Path) -> str:
    return manylinux_sysroot(["g++"], default_policy(machine_of("g++")), cache).folder.name


def test_the_default_policy() -> None:
    """The policy that kernels keep to is manylinux_2_28, and a processor without it is refused."""
    assert ("manylinux_2_28", "2.28") == (default_policy("x86_64").name, default_policy("x86_64").newest("GLIBC"))
    with pytest.raises(ToolchainError, match="manylinux_2_28 is not defined for riscv64"):
        default_policy("riscv64")


def test_a_folder_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sysroot: Sysroot) -> None:
    """A relative cache is the same for what links in another folder."""
    shutil.copytree(sysroot.folder, tmp_path / sysroot.folder.name)
    monkeypatch.chdir(tmp_path)
    made = manylinux_sysroot(["g++"], default_policy(machine_of("g++")), Path())
    assert tmp_path / sysroot.folder.name == made.folder
