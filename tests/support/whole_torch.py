"""A Torch of another release than the one that is installed, from the registry, on a machine without a GPU."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.fetched import fetch

from kernel_builder.binary.elf import open_elf

__all__ = ["fetch_torch"]

_NO_DEVICE = 100  # cudaErrorNoDevice
#: How the names of the libraries start that every Linux system has.
_SYSTEM = ("ld-linux", "libc.", "libdl.", "libgcc_s.", "libm.", "libpthread.", "librt.", "libstdc++.")


class _Name(NamedTuple):
    name: str
    version: str | None
    library: str | None


def fetch_torch(config: pytest.Config, version: str) -> Path:
    """A folder for PYTHONPATH with one release of Torch; skips the test where it cannot be had.

    On Linux the registry's builds are for CUDA. Such a Torch computes on the CPU, but it cannot be imported without
    gigabytes of NVIDIA's libraries, of which nothing on the CPU runs a line. Libraries take their place that only have
    their names and those of their functions.

    Args:
        config: of pytest, whose cache keeps the folder of a gigabyte.
        version: the release, such as `2.11.0`.
    """
    if sys.platform != "linux":
        pytest.skip("the libraries that stand in for NVIDIA's are made for Linux")
    options = ("--no-deps", "--no-compile", "--no-cache-dir")
    return fetch(config, f"torch=={version}", *options, finish=_stand_in)


def _stand_in(site: Path) -> None:
    """Make each library that is missing, with the names and versions that are needed from it."""
    folder = site / "torch" / "lib"
    libraries = sorted(folder.glob("*.so*"))
    missing = sorted(_missing(libraries))
    wanted = _unknown_names(libraries)
    for library in missing:
        # What is asked for without saying from where can be anywhere.
        names = [one for one in wanted if one.library == library or (one.library is None and library == missing[0])]
        _make(folder / library, names)


def _make(library: Path, names: Iterable[_Name]) -> None:
    """Some functions are called when Torch is loaded, so that each gives the answer of CUDA without a GPU."""
    source, script = library.with_name(f"{library.name}.c"), library.with_name(f"{library.name}.map")
    # The names of C++ are not names in C, but in assembly.
    functions = [
        f'int f{number}(void) __asm__("{one.name}");\nint f{number}(void) {{ return {_NO_DEVICE}; }}\n'
        for number, one in enumerate(names)
    ]
    source.write_text("".join(functions), "utf-8")
    versions: dict[str, list[str]] = {}
    for one in names:
        if one.version:
            versions.setdefault(one.version, []).append(one.name)
    script.write_text("".join(f"{one} {{ {'; '.join(of)}; }};\n" for one, of in versions.items()), "utf-8")
    flags = ["-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,{library.name}"]
    flags += [f"-Wl,--version-script={script}"] if versions else []
    subprocess.run(["gcc", *flags, "-o", str(library), str(source)], check=True)


def _missing(libraries: Iterable[Path]) -> set[str]:
    """The names of NVIDIA's libraries that are needed."""
    needed: set[str] = set()
    for path in libraries:
        with open_elf(path) as elf:
            needed.update(elf.needed)
    return {name for name in needed - {path.name for path in libraries} if not name.startswith(_SYSTEM)}


def _unknown_names(libraries: Iterable[Path]) -> list[_Name]:
    """The functions that the libraries need, and that neither one of them has, nor the system, nor Python."""
    needed: dict[str, _Name] = {}
    defined: set[str] = set()
    for path in libraries:
        with open_elf(path) as elf:
            for symbol in elf.symbols():
                if symbol.defined:
                    defined.add(symbol.name)
                elif symbol.binding != "weak" and not (symbol.library or "").startswith(_SYSTEM):
                    needed[symbol.name] = _Name(symbol.name, symbol.version, symbol.library)
    return [needed[name] for name in sorted(needed.keys() - defined) if not name.startswith(("Py", "_Py"))]
