"""Functions of newer releases of glibc do what they promise over older ones."""

import re
import subprocess
from pathlib import Path

import pytest
from support.sysroots import CLANG, CROSS, compile_text, needs, shared_sysroot

from kernel_builder.binary.elf import ElfFile, open_elf
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.manylinux.archive import read_archive
from kernel_builder.toolchain.manylinux.shims import make_shims, shim_names
from kernel_builder.toolchain.manylinux.sysroot import Sysroot

COMPILERS = [pytest.param(one, marks=needs(one)) for one in ("g++", CLANG, CROSS)]
#: Compilers may call these by themselves.
BY_COMPILERS = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"}


@needs("g++")
def test_what_shims_do(tmp_path: Path, sysroot: Sysroot) -> None:
    """A program that uses every shim has it from the sysroot, runs here and gets the right answers."""
    source = Path(__file__).with_name("shims_used.c")
    program = tmp_path / "program"
    flags = ["-w", "-O1", f"-L{sysroot.folder}", "-Wl,--gc-sections", "-o", str(program)]
    subprocess.run(["gcc", *flags, str(source)], check=True)
    with open_elf(program) as elf:
        undefined = {symbol.name for symbol in elf.symbols() if not symbol.defined}
    assert set() == undefined & set(shim_names())
    folder = tmp_path / "folder"
    folder.mkdir()
    output = subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout
    assert _expected(folder) == output.splitlines()


def _expected(folder: Path) -> list[str]:
    facts = folder.stat()
    number, unsigned = "-127 6", f"{2**64 - 127} 6"
    return [
        "single 0",
        "thread 1",
        "equal 0 1",
        "stat 00000000" + f" {facts.st_ino} {facts.st_mode:o}" * 8,
        "mknod 0 0 0 0 -1 1",
        "random 1 1 1 0 0",
        *[f"{kind} timeout 1" for kind in ("cond", "mutex", "read", "write", "sem")] * 2,
        "bad cond invalid",
        "bad mutex invalid",
        *(f"bad clock {kind} invalid" for kind in ("cond", "mutex", "read", "write", "sem")),
        "past timeout",
        "free 00000",
        *(
            f"{letters}{name} {unsigned if 'u' in name else number}"
            for letters in ("str", "wcs")
            for name in ("tol", "toul", "toll", "toull", "toimax", "toumax", "tol_l", "toul_l", "toll_l", "toull_l")
        ),
        *["scan 3 -17 ff tail"] * 12,
    ]


def test_every_shim_is_used_by_the_test() -> None:
    """The program of the test above calls all shims that there are."""
    source = Path(__file__).with_name("shims_used.c").read_text("utf-8")
    words = set(re.findall(r"\w+", source))
    words |= {f"__isoc23_{name}" for name in re.findall(r"(?:NUMBER\([\w ]+, |LIST\()(\w+),", source)}
    assert set() == set(shim_names()) - words
    assert len(shim_names()) == len(set(shim_names()))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_what_shims_need(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, compiler: str) -> None:
    """Each shim is a file of its own that defines it, hidden, and needs only what an older glibc has."""
    offered = set()
    for stub in shared_sysroot(tmp_path_factory, compiler).folder.glob("*.so.*"):
        with open_elf(stub) as elf:
            offered |= {symbol.name for symbol in elf.symbols()}
    members = make_shims([compiler], tmp_path, frozenset())
    assert [(f"{name}.o", (name,)) for name in shim_names()] == [(one.name, one.index) for one in members]
    for member in members:
        symbols = {one.name: one for one in ElfFile(member.data, member.name).symtab()}
        assert symbols[member.index[0]].visibility == "hidden"
        undefined = {name for name, one in symbols.items() if name and not one.defined}
        assert set() == undefined - offered - BY_COMPILERS
    assert [] == list(tmp_path.iterdir())


@needs("g++")
def test_only_what_is_missing(tmp_path: Path) -> None:
    """A name that is there already gets no shim."""
    members = make_shims(["g++"], tmp_path, set(shim_names()) - {"stat"})
    assert [("stat",)] == [member.index for member in members]


@needs("g++")
def test_they_are_in_the_archive(sysroot: Sysroot) -> None:
    """The archive of a sysroot has the shims, beside what the host links statically into everything."""
    data = (sysroot.folder / "libc_nonshared.a").read_bytes()
    names = {member.name.removesuffix(".o") for member in read_archive(data, "libc_nonshared.a")}
    assert set(shim_names()) <= names
    assert "atexit.oS" in names


@needs("g++")
def test_processors_that_are_not_known(tmp_path: Path) -> None:
    """Where the structures of another processor are not known, compiling ends with an error that says so."""
    source = (templates_dir() / "manylinux" / "shims.c").read_text("utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        compile_text(tmp_path / "shims.c", source, "-U__x86_64__", "-U__aarch64__", "-x", "c", "-DSHIM_stat")
