"""Names are taken away from object files, and linkers then look for them elsewhere."""

import subprocess
from pathlib import Path

import pytest
from support.sysroots import CROSS, LINKERS, compile_text, needs

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import ElfFile
from kernel_builder.toolchain.manylinux.archive import Member, write_archive
from kernel_builder.toolchain.manylinux.subtract import defined_names, subtract

pytestmark = needs("g++")

CODE = """
extern "C" {
int taken() { return 1; }
__attribute__((weak)) int taken_weak() { return 1; }
__attribute__((visibility("hidden"))) int hidden() { return 1; }
__attribute__((visibility("protected"))) int taken_protected() { return 1; }
int taken_data = 1;
int taken_common;
thread_local int taken_local = 1;
static int not_shown() { return 4; }
int kept() { return taken() + taken_weak() + taken_data + taken_local + hidden() + not_shown(); }
}
__attribute__((noinline)) inline int *taken_inline() { static int one = 1; return &one; }
int *user() { return taken_inline(); }
"""
TAKEN = {
    "taken", "taken_weak", "taken_protected", "taken_data", "taken_common", "taken_local",
    "_Z12taken_inlinev", "_ZZ12taken_inlinevE3one",
}  # fmt: skip


def _subtract(data: bytes, names: set[str]) -> list[Member]:
    return subtract(write_archive([Member("code.o", data)]), names, "code.a")


@pytest.mark.parametrize("compiler", ["g++", pytest.param(CROSS, marks=needs(CROSS))])
def test_names_become_undefined(tmp_path: Path, compiler: str) -> None:
    """Functions and objects of every binding become undefined, and all others stay what they were."""
    data = compile_text(tmp_path / "code.cpp", CODE, compiler=compiler).read_bytes()
    (member,) = _subtract(data, {*TAKEN, "hidden", "not_shown"})
    before, after = ({one.name: one for one in ElfFile(each, "code.o").symtab()} for each in (data, member.data))
    assert {"hidden", "kept", "_Z4userv"} == set(member.index)
    assert {(name, False, "global") for name in TAKEN} == {
        (name, after[name].defined, after[name].binding) for name in TAKEN
    }
    assert after["taken_local"].type == "tls"
    assert {name: before[name] for name in before if name not in TAKEN} == {
        name: after[name] for name in after if name not in TAKEN
    }


@pytest.mark.parametrize(("compiler", "linker"), LINKERS)
def test_others_are_called(tmp_path: Path, compiler: str, linker: str) -> None:
    """What is left calls and reads what a shared library offers in place of what was taken, with every linker."""
    offered = CODE[: CODE.index("static int not_shown")].replace("1;", "100;") + "}\n"
    others = compile_text(tmp_path / "others.cpp", offered + "inline int *f();")
    shared = tmp_path / "libothers.so"
    subprocess.run(["g++", "-shared", "-o", shared, others], check=True)
    data = compile_text(tmp_path / "code.cpp", CODE).read_bytes()
    names = {name for name in TAKEN if "inline" not in name}
    (tmp_path / "code.a").write_bytes(write_archive(_subtract(data, names)))
    main = compile_text(tmp_path / "main.cpp", 'extern "C" int kept(); int main() { return kept() == 405 ? 0 : 1; }')
    program = tmp_path / "program"
    command = [compiler, f"-fuse-ld={linker}", "-Wl,--gc-sections", f"-Wl,-rpath,{tmp_path}", "-o", str(program)]
    subprocess.run([*command, str(main), str(tmp_path / "code.a"), str(shared)], check=True)
    assert subprocess.run([program], check=False).returncode == 0


def test_members_without_names_are_left_out(tmp_path: Path) -> None:
    """A file is left out when nobody would take it any more: references to personality routines do not count."""
    code = 'struct S { ~S(); }; void g(); extern "C" void taken() { S one; g(); }'
    data = compile_text(tmp_path / "code.cpp", code).read_bytes()
    assert {"DW.ref.__gxx_personality_v0", "taken"} == set(defined_names(data, "code.o"))
    assert [] == _subtract(data, {"taken"})
    assert ["code.o"] == [member.name for member in _subtract(data, {"other"})]


def test_damage(tmp_path: Path) -> None:
    """An object file that was cut short anywhere is refused with its name, or read as far as it matters."""
    data = compile_text(tmp_path / "code.cpp", CODE).read_bytes()
    said = [_refusal(data[:end]) for end in range(0, len(data), 61)]
    assert {True} == {text is None or text.startswith("code.o: ") for text in said}
    assert len(said) - 5 <= sum(text is not None for text in said)


def _refusal(data: bytes) -> str | None:
    try:
        defined_names(data, "code.o")
    except BinaryError as error:
        return str(error)
    return None


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(100), b"\x7fELF\x02\x02" + bytes(100)])
def test_other_files(data: bytes) -> None:
    """What is no object file for a 64-bit, little-endian processor is refused."""
    with pytest.raises(BinaryError, match=r"^code\.a\(code\.o\): it is not an object file"):
        _subtract(data, {"taken"})
