"""The table of glibc's newer symbols."""

import platform
import re
from pathlib import Path

import pytest

from kernel_builder.binary.elf import open_elf
from kernel_builder.checks.abi.glibc import first_version

_LIBRARIES = (
    "libc.so.6",
    "libanl.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
)
_FOLDER = Path("/lib") / f"{platform.machine()}-linux-gnu"
_ABSOLUTE = 0xFFF1  # the symbols that stand for the versions themselves
_NUMBERED = re.compile(r"GLIBC_([0-9.]+)\Z")


@pytest.mark.parametrize(
    ("name", "machine", "version"),
    [
        ("close_range", "x86_64", "2.34"),
        ("close_range", "aarch64", "2.34"),
        ("gettid", "x86_64", "2.30"),
        ("gettid", "loongarch64", None),  # glibc came to it later
        ("stat", "x86_64", "2.33"),
        ("__isoc23_strtol", "x86_64", "2.38"),
        ("sinf128", "x86_64", "2.26"),
        ("sinf128", "aarch64", "2.27"),
        ("pthread_create", "x86_64", None),  # has moved to another library
        ("pow", "x86_64", None),  # has a newer default version
        ("getaddrinfo_a", "x86_64", None),  # has moved from a library that few know
        ("malloc", "x86_64", None),
        ("aoti_torch_delete_tensor_object", "x86_64", None),
        ("close_range", "mips", None),
    ],
)
def test_some_names(name: str, machine: str, version: str | None) -> None:
    """A name has the version that it first appeared in on a processor; an old or unknown one has none."""
    assert version == first_version(name, machine)


@pytest.mark.skipif(
    not (_FOLDER / _LIBRARIES[0]).is_file() or platform.libc_ver()[0] != "glibc",
    reason="glibc is not where this system's libraries would be",
)
def test_the_glibc_of_this_system() -> None:
    """The first version of each symbol of this system's glibc is the one that its libraries have it in."""
    machine = platform.machine()
    versions: dict[str, set[tuple[int, ...]]] = {}
    for library in _LIBRARIES:
        with open_elf(_FOLDER / library) as elf:
            for symbol in elf.symbols():
                version = _NUMBERED.match(symbol.version or "")
                if version and symbol.defined and symbol.section != _ABSOLUTE:
                    versions.setdefault(symbol.name, set()).add(tuple(map(int, version[1].split("."))))
    first = {name: min(found) for name, found in versions.items()}
    expected = {name: ".".join(map(str, since)) for name, since in first.items() if since > (2, 17)}
    assert expected == {name: since for name in first for since in [first_version(name, machine)] if since}
    assert len(expected) > 700
