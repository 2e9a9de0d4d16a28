"""Whether an ELF file defines a symbol."""

from pathlib import Path

import pytest
from support.libraries import link, needs_gcc

from kernel_builder.binary.elf import open_elf
from kernel_builder.binary.elf_lookup import Lookup

pytestmark = needs_gcc

_CODE = "extern int other(void); int own(void) { return other(); } static int inner = 1; int value = 1;" + "".join(
    f"int f{number}(void) {{ return {number}; }}" for number in range(100)
)


@pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
def test_defined_symbols(tmp_path: Path, style: str) -> None:
    """With either kind of hash table, what is defined is found and nothing else."""
    library = link(tmp_path / "libown.so", _CODE, f"-Wl,--hash-style={style}")
    with open_elf(library) as elf:
        lookup = Lookup(elf)
        names = ["own", "value", *(f"f{number}" for number in range(100))]
        assert [] == [name for name in names if not lookup.defines(name)]
        assert [] == [name for name in ("other", "inner", "ow", "own2", "", "f100") if lookup.defines(name)]


def test_versions_do_not_matter(tmp_path: Path) -> None:
    """A symbol with a version is found by its name."""
    library = link(tmp_path / "libown.so", "int own(void) { return 1; }", versions="V_1 { global: own; local: *; };")
    with open_elf(library) as elf:
        assert Lookup(elf).defines("own")


def test_a_library_without_symbols(tmp_path: Path) -> None:
    """Nothing is found where nothing is exported."""
    library = link(tmp_path / "libnone.so", "static int inner = 1;", versions="{ local: *; };")
    with open_elf(library) as elf:
        assert not Lookup(elf).defines("inner")
