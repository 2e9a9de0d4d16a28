"""The libraries of a build, and what they are held against."""

import struct
from pathlib import Path

from support.builds import MODULE, OPS_ID, make_build
from support.libraries import module, needs_gcc

from kernel_builder.checks.native import abi_limits, check_native, find_libraries, torch_libraries
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


def test_limits_follow_from_the_variant() -> None:
    """Torch builds are modules of Python 3.9; builds on the stable ABI name it; those for tvm-ffi know no Python."""
    stable = abi_limits(parse_variant("torch-stable-abi211-cpu-x86_64-linux"), "x", manylinux="manylinux_2_34")
    assert ((2, 11), (3, 9), "manylinux_2_34", "x") == (
        stable.torch_stable_abi, stable.python, stable.manylinux, stable.ops_id,
    )  # fmt: skip
    torch = abi_limits(parse_variant("torch213-cxx11-cpu-x86_64-linux"), "x", manylinux=None)
    assert (None, (3, 9), None) == (torch.torch_stable_abi, torch.python, torch.manylinux)
    assert None is abi_limits(parse_variant("tvm-ffi01-cpu-x86_64-linux"), "x", manylinux=None).python


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
    names = ("torch-cpu", f"tvm-ffi01-cpu-{host_platform()}", f"torch99-cpu-{host_platform()}")
    assert [()] * 4 == [torch_libraries(parse_variant(name)) for name in names] + [torch_libraries(None)]
    (folder,) = torch_libraries(parse_variant(f"torch-stable-abi20-cpu-{host_platform()}"))
    assert (True, "lib") == (folder.is_dir(), folder.name)
