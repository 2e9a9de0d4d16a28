"""Which object file a symbol comes from."""

import subprocess
from pathlib import Path

from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi

pytestmark = needs_gcc


def _object(path: Path, name: str) -> Path:
    source = path.with_suffix(".c")
    source.write_text(f"extern int {name}(void); void *keep_{path.stem} = {name};", "utf-8")
    subprocess.run(["gcc", "-c", "-fPIC", "-o", str(path), str(source)], check=True)
    return path


def test_the_object_files_are_named(tmp_path: Path) -> None:
    """The object files that need a symbol are named, and one that cannot be read is passed over."""
    objects = [_object(tmp_path / f"{stem}.o", "close_range") for stem in ("first", "second")]
    objects.append(_object(tmp_path / "third.o", "malloc"))
    path = module(tmp_path / "kernel.abi3.so", "", *map(str, objects))
    (tmp_path / "damaged.o").write_bytes(b"\x7fELF")
    limits = AbiLimits(objects=(*objects, tmp_path / "damaged.o", tmp_path / "missing.o"))
    assert [("close_range", "first.o, second.o")] == [
        (one.symbol, one.origin) for one in check_abi(path, limits).findings
    ]
    assert [None] == [one.origin for one in check_abi(path, AbiLimits()).findings]


def test_what_exports_a_symbol(tmp_path: Path) -> None:
    """An exported symbol that should not be is told with the object file that defines it."""
    code = ".globl single\n.type single, @gnu_unique_object\n.data\nsingle: .long 1\n.size single, 4\n"
    (tmp_path / "state.s").write_text(code + '.section .note.GNU-stack,"",%progbits\n', "utf-8")
    subprocess.run(["gcc", "-c", "-o", str(tmp_path / "state.o"), str(tmp_path / "state.s")], check=True)
    path = link(tmp_path / "kernel.so", "static int none;", str(tmp_path / "state.o"))
    limits = AbiLimits(objects=(tmp_path / "state.o",))
    assert [("unique-symbol", "state.o")] == [(one.code, one.origin) for one in check_abi(path, limits).findings]
