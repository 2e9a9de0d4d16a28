"""The libraries of a build, and what they are held against."""

import os
import struct
from pathlib import Path

import pytest
from support.builds import MODULE, OPS_ID, make_build
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.native import check_native, find_libraries, framework_libraries
from kernel_builder.matrix import host_platform
from kernels.variant import parse_variant

LIBRARY = f"{OPS_ID}.abi3.so"


def _elf(machine: int) -> bytes:
    """The header of a shared library for a machine, as far as it is looked at."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine)


def test_libraries_are_found_by_name_and_by_contents(tmp_path: Path) -> None:
    """A library is one whatever it is called; code for GPUs, in the same format, is none."""
    tree = make_build(tmp_path / "b", {LIBRARY: "", f"{MODULE}/x.dylib": "", "MZ.py": "MZ = 1\n"})
    for name, machine in (("data.bin", 62), ("kernel.cubin", 190), ("kernel.hsaco", 224)):
        (tree / name).write_bytes(_elf(machine))
    (tree / "more.exe").write_bytes(b"MZ")
    assert [LIBRARY, "data.bin", f"{MODULE}/x.dylib", "more.exe"] == find_libraries(tree)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links(tmp_path: Path) -> None:
    """A link counts as what it leads to; one that leads nowhere is a library if it is called one."""
    tree = make_build(tmp_path / "b", {"data": "text"})
    (tmp_path / "library").write_bytes(_elf(62))
    targets = {"a.so": "nowhere", "b": "nowhere", "c.so": "c.so", "d.so": "demo_kernel", "e": "../library", "f": "data"}
    for name, target in targets.items():
        (tree / name).symlink_to(target)
    assert ["a.so", "c.so", "e"] == find_libraries(tree)
    found = check_native(tree, None, None, manylinux=None)
    assert ["a.so", "c.so"] == [one.file for one in found if one.code == "unreadable" and one.file != "e"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything, and modes are of POSIX")
def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """They may be libraries, so that they are looked at, and the finding is that they cannot be."""
    tree = make_build(tmp_path / "b", {"weights.bin": "w"})
    (tree / "weights.bin").chmod(0)
    (finding,) = check_native(tree, None, None, manylinux=None)
    assert ("unreadable", "weights.bin") == (finding.code, finding.file)


@needs_gcc
def test_what_is_not_looked_at_is_noted(tmp_path: Path) -> None:
    """Symbols of libraries that are not here cannot be looked for; a note says so, with the library."""
    torch = link(tmp_path / "libc10.so", "int of_c10(void) { return 1; }", "-Wl,-soname,libc10.so")
    tree = make_build(tmp_path / "b")
    made = module(tmp_path / "made" / LIBRARY, "extern int of_c10(void); void *keep = of_c10;", needs=[torch])
    (tree / LIBRARY).write_bytes(made.read_bytes())
    variant = parse_variant(f"torch213-cxx11-cpu-{host_platform()}")
    (note,) = check_native(tree, variant, OPS_ID, manylinux="manylinux_2_28")
    assert ("not-looked-at", "note", LIBRARY) == (note.code, note.severity, note.file)
    assert "libc10.so" in note.message
    assert [] == check_native(tree, variant, OPS_ID, manylinux="manylinux_2_28", search=(tmp_path,))


@needs_gcc
def test_every_library_is_checked(tmp_path: Path) -> None:
    """The findings of all libraries come with their places within the build; Python-only builds are passed over."""
    tree = make_build(tmp_path / "b")
    (tree / LIBRARY).write_bytes(module(tmp_path / "good" / LIBRARY).read_bytes())
    (tree / "sub").mkdir()
    (tree / "sub" / "x.so").write_text("no library")
    variant = parse_variant(f"torch213-cxx11-cpu-{host_platform()}")
    (finding,) = check_native(tree, variant, OPS_ID, manylinux="manylinux_2_28")
    assert ("unreadable", "sub/x.so") == (finding.code, finding.file)
    assert [] == check_native(tree, parse_variant("torch-cpu"), OPS_ID, manylinux="manylinux_2_28")


def test_libraries_of_torch() -> None:
    """They are those of the installed Torch, for builds that it can load."""
    names = ("torch-cpu", f"tvm-ffi99-cpu-{host_platform()}", f"torch99-cpu-{host_platform()}")
    assert [()] * 4 == [framework_libraries(parse_variant(name)) for name in names] + [framework_libraries(None)]
    (folder,) = framework_libraries(parse_variant(f"torch-stable-abi20-cpu-{host_platform()}"))
    assert (True, "lib") == (folder.is_dir(), folder.name)
