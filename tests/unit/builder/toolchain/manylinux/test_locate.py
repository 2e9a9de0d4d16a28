"""A compiler is asked for its libraries, and refused with the next step where they are not of the right kind."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support.libraries import link
from support.sysroots import CLANG, CROSS, machine_of, needs

from kernel_builder.binary import BinaryError
from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.manylinux.locate import library_facts, locate_libraries

NEEDED = ("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6")


class FakeCompiler:
    """A compiler that answers what it is told to: a target, and the files that are in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = "x86_64-linux-gnu"

    def words(self, *more: str) -> list[str]:
        """The words that start it."""
        program = self.folder / "fake-g++"
        folder = shlex.quote(str(self.folder))
        program.write_text(
            f"#!/bin/sh\ncase $* in *-dumpmachine) echo {self.target};; *) name=${{*#*-print-file-name=}}; "
            f'name=${{name##*=}}; [ -e {folder}/"$name" ] && echo {folder}/"$name" || echo "$name";; esac\n'
        )
        program.chmod(0o755)
        return [str(program), *more]

    def libc(self, version: str = "GLIBC_2.2.5", loader: str = "ld-linux-x86-64.so.2") -> None:
        """Link a libc with a version, and the dynamic loader that it needs."""
        needed = link(self.folder / loader, "int loader(void) { return 1; }", f"-Wl,-soname,{loader}")
        link(self.folder / "libc.so.6", needs=[needed], versions=f"{version} {{ f; }};")


@pytest.fixture
def fake(tmp_path: Path) -> FakeCompiler:
    """A compiler whose libraries are all there; they are read by name alone, apart from libc."""
    compiler = FakeCompiler(tmp_path)
    for name in (*NEEDED, "libstdc++.a"):
        (tmp_path / name).touch()
    compiler.libc()
    return compiler


@pytest.mark.parametrize("compiler", [pytest.param(one, marks=needs(one)) for one in ("g++", CLANG, CROSS)])
def test_the_libraries_of_a_compiler(compiler: str) -> None:
    """A real compiler names all its libraries, also one for another processor."""
    found = locate_libraries([compiler])
    assert machine_of(compiler) == found.machine
    assert {found.loader, *NEEDED} <= set(found.shared)
    assert {*NEEDED, *library_facts()["optional"], found.loader} >= set(found.shared)
    assert all(path.is_file() for path in found.files)
    assert found.libstdcxx.name == "libstdc++.a"
    assert found.libstdcxx in found.files


@needs("gcc")
def test_what_is_optional(fake: FakeCompiler) -> None:
    """Libraries that a compiler may lack are left out where it does."""
    (fake.folder / "librt.so.1").touch()
    found = locate_libraries(fake.words())
    assert {*NEEDED, "ld-linux-x86-64.so.2", "librt.so.1"} == set(found.shared)
    assert found.libc_nonshared is None


@needs("gcc")
@pytest.mark.parametrize(
    ("target", "words", "what", "hint"),
    [
        ("arm64-apple-darwin24.1", (), "makes code for arm64-apple-darwin24.1", "--manylinux off"),
        ("x86_64-w64-mingw32", (), "manylinux policies are for Linux", "--manylinux off"),
        ("x86_64-alpine-linux-musl", (), "makes code for musl", "glibc"),
        ("x86_64-linux-gnu", ("-stdlib=libc++",), "is told to use libc\\+\\+", "-stdlib=libc\\+\\+ out of CXX"),
    ],
)
def test_other_systems(fake: FakeCompiler, target: str, words: tuple[str, ...], what: str, hint: str) -> None:
    """A compiler for another system, or with another C++ library, is refused."""
    fake.target = target
    with pytest.raises(ToolchainError, match=what) as caught:
        locate_libraries(fake.words(*words))
    assert_matches(hint, caught.value.hint)


@needs("gcc")
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("libstdc++.a", "libstdc\\+\\+-12-dev.*libstdc\\+\\+-static.*--manylinux off"),
        ("libstdc++.so.6", "libstdc\\+\\+6"),
        ("libc.so.6", "libc6-dev"),
        ("libm.so.6", "libc6-dev"),
        ("ld-linux-x86-64.so.2", "libc6-dev"),
    ],
)
def test_missing_libraries(fake: FakeCompiler, name: str, hint: str) -> None:
    """A library that is needed and not there is named, with the package that has it."""
    (fake.folder / name).unlink()
    with pytest.raises(ToolchainError, match=f"has no {name.replace('+', '.')}") as caught:
        locate_libraries(fake.words())
    assert_matches(hint, caught.value.hint)


@needs("gcc")
def test_another_libc(fake: FakeCompiler) -> None:
    """A libc that has none of glibc's versions is refused."""
    fake.libc(version="OTHER_1.0")
    with pytest.raises(ToolchainError, match="is not glibc"):
        locate_libraries(fake.words())


@needs("gcc")
def test_another_processor(fake: FakeCompiler) -> None:
    """A processor that we do not link for is named with those that we do."""
    libc = fake.folder / "libc.so.6"
    data = bytearray(libc.read_bytes())
    data[18:20] = (243).to_bytes(2, "little")
    libc.write_bytes(data)
    with pytest.raises(ToolchainError, match=r"is for riscv64; .* linked for aarch64 and x86_64"):
        locate_libraries(fake.words())


@needs("gcc")
def test_damage(fake: FakeCompiler) -> None:
    """A libc that cannot be read is refused with its name."""
    (fake.folder / "libc.so.6").write_text("INPUT(/lib/libc.so.6)")
    with pytest.raises(BinaryError, match=r"libc\.so\.6: it is not an ELF file"):
        locate_libraries(fake.words())


@needs("g++")
def test_variables_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of libraries in the environment, which builds do not see either, changes no answer."""
    expected = locate_libraries(["g++"]).files
    shutil.copy(expected[0], tmp_path / "libc.so.6")
    monkeypatch.setenv("LIBRARY_PATH", os.fspath(tmp_path))
    assert expected == locate_libraries(["g++"]).files


def assert_matches(pattern: str, text: str) -> None:
    """Fail unless a pattern occurs in a text."""
    assert re.search(pattern, text), text
