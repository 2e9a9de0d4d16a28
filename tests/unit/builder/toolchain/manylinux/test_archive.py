"""Archives are read as `ar` writes them, and written as linkers read them."""

import subprocess
from pathlib import Path

import pytest
from support.sysroots import LINKERS, compile_text, needs

from kernel_builder.binary import BinaryError
from kernel_builder.toolchain.manylinux.archive import Member, read_archive, write_archive

MEMBERS = [
    Member("short.o", b"even", ("first", "second")),
    Member("exactly_15_ch.o", b"odd", ()),
    Member("a_name_of_more_than_fifteen_characters.o", b"", ("third",)),
    Member("another_name_of_more_than_fifteen.o", b"\0\1\2", ("fourth",)),
]


def _ar(folder: Path, members: list[Member]) -> bytes:
    for member in members:
        (folder / member.name).write_bytes(member.data)
    subprocess.run(["ar", "rcD", "made.a", *(member.name for member in members)], cwd=folder, check=True)
    return (folder / "made.a").read_bytes()


@needs("ar")
def test_what_ar_writes(tmp_path: Path) -> None:
    """The members of an archive of ar are read with their names, however long, and their bytes."""
    expected = [(member.name, member.data) for member in MEMBERS]
    assert expected == [(one.name, one.data) for one in read_archive(_ar(tmp_path, MEMBERS), "made.a")]


@needs("ar")
def test_what_we_write(tmp_path: Path) -> None:
    """Our archives list and unpack with ar as what was put into them."""
    (tmp_path / "ours.a").write_bytes(write_archive(MEMBERS))
    listed = subprocess.run(["ar", "t", "ours.a"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert [member.name for member in MEMBERS] == listed.split()
    for member in MEMBERS:
        printed = subprocess.run(["ar", "p", "ours.a", member.name], cwd=tmp_path, check=True, capture_output=True)
        assert member.data == printed.stdout


def test_both_ways() -> None:
    """What we write we read, apart from the index, which is the linkers'."""
    expected = [Member(one.name, one.data) for one in MEMBERS]
    assert expected == list(read_archive(write_archive(MEMBERS), "ours.a"))


@pytest.mark.parametrize(("compiler", "linker"), LINKERS)
def test_linkers_find_names(tmp_path: Path, compiler: str, linker: str) -> None:
    """Every linker takes from an archive the members that its index names, and no others."""
    members = [
        Member(f"{name}.o", compile_text(tmp_path / f"{name}.cpp", code).read_bytes(), (name,))
        for name, code in {
            "unused": 'extern "C" int nowhere(); extern "C" int unused() { return nowhere(); }',
            "a_function_with_a_long_name": 'extern "C" int a_function_with_a_long_name() { return 42; }',
        }.items()
    ]
    (tmp_path / "ours.a").write_bytes(write_archive(members))
    code = 'extern "C" int a_function_with_a_long_name(); int main() { return a_function_with_a_long_name(); }'
    main = compile_text(tmp_path / "main.cpp", code)
    program = tmp_path / "program"
    subprocess.run([compiler, f"-fuse-ld={linker}", "-o", program, main, tmp_path / "ours.a"], check=True)
    assert subprocess.run([program], check=False).returncode == 42


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is not an archive"),
        (b"!<thin>\n", "it is not an archive"),
        (write_archive(MEMBERS)[:-2], "damaged at byte"),
        (write_archive(MEMBERS)[:100], "damaged at byte"),
        (write_archive(MEMBERS).replace(b"`\n", b"??"), "damaged at byte 8"),
    ],
)
def test_damage(data: bytes, what: str) -> None:
    """What is no archive, or was cut short, is refused with its name."""
    with pytest.raises(BinaryError, match=f"^broken.a: .*{what}"):
        list(read_archive(data, "broken.a"))
