"""Holds builder/kernel_builder/config/capabilities.json against the compilers of this machine, and refreshes it.

    python scripts/update_capabilities.py            shows what would change; fails when anything would
    python scripts/update_capabilities.py --write    writes it

Asks every nvcc that is found (as builds find them, those in the cache included) and every clang for AMD's devices, and
those that --nvcc and --clang name beside them. A device that a compiler has a name for is added; none is taken out,
since compilers forget old ones. What is a decision (which devices components are compiled for) or follows from the
release in which something came or went (`oldest`, `suffixes`, `family-cuda`) is only compared: it is changed by hand.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_builder.cache import cache_dir
from kernel_builder.config import capabilities
from kernel_builder.config.capabilities import ROCM_ARCH, Capability
from kernel_builder.process import run
from kernel_builder.toolchain.accelerators import ROCM_DIR, find_hip_clang
from kernel_builder.toolchain.cuda import installed_toolkits
from kernel_builder.tree import install_text
from kernels.backend import MajorMinor

_TABLE = Path(capabilities.__file__).with_name("capabilities.json")
_WIDTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Nvcc:
    """What a compiler for CUDA says of itself: its release, and what it compiles for."""

    release: MajorMinor
    capabilities: frozenset[Capability]


def main() -> int:
    """Compare, say what differs, and write what can be written."""
    arguments = _parse()
    nvccs = [ask_nvcc(path) for path in _nvccs(arguments.nvcc)]
    clangs = _clangs(arguments.clang)
    archs = {arch for path in clangs for arch in ask_clang(path)}
    asked = [*(f"nvcc {one.release}" for one in nvccs), *map(str, clangs)]
    print(f"asked {', '.join(asked) or 'nothing, since there is no compiler'}")
    old = _TABLE.read_text("utf-8")
    new = refreshed(old, nvccs, archs)
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), _TABLE.name, _TABLE.name)
    )
    found = [doubt for nvcc in nvccs for doubt in doubts(nvcc, json.loads(new)["cuda"])]
    for doubt in found:
        print(f"by hand: {doubt}")
    if arguments.write and new != old:
        install_text(_TABLE, new)
        print("written; run the tests, and say it in CHANGELOG.md")
    return int(bool(found) or (new != old and not arguments.write))


def ask_nvcc(nvcc: Path) -> Nvcc:
    """What an nvcc compiles for, `a` and `f` included; its list of architectures has only the numbers."""
    version = re.search(r"release (\d+\.\d+)", run([nvcc, "--version"]))
    assert version is not None  # noqa: S101 - every nvcc says it
    numbers = re.findall(r"^compute_(\d+)$", run([nvcc, "--list-gpu-arch"]), re.MULTILINE)
    suffixed = re.findall(r"'compute_(\d+)([af])'", run([nvcc, "--help"]))
    found = [(number, "") for number in numbers] + [one for one in suffixed if one[0] in numbers]
    return Nvcc(
        release=MajorMinor.parse(version[1]),
        capabilities=frozenset(Capability((int(number[:-1]), int(number[-1])), suffix) for number, suffix in found),
    )


def ask_clang(clang: Path) -> set[str]:
    """The architectures that a clang has a name for, as `gfx942`; those of whole families are left out."""
    command = [str(clang), "--print-supported-cpus", "--target=amdgcn-amd-amdhsa", "-nogpulib"]
    # It prints them among the warnings.
    said = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)  # noqa: S603
    return {word for word in (said.stdout + said.stderr).split() if re.fullmatch(ROCM_ARCH, word)}


def refreshed(text: str, nvccs: Iterable[Nvcc], archs: Iterable[str]) -> str:
    """The text of the table with what the compilers know beside what it has."""
    document = json.loads(text)
    known = {Capability.parse(one) for one in document["cuda"]["known"]}
    known |= {one for nvcc in nvccs for one in nvcc.capabilities if not one.suffix}
    rocm = document["rocm"]
    other = {*rocm["other"], *archs} - {*rocm["supported"], *rocm["retired"]}
    text = _with_list(text, "known", [str(one) for one in sorted(filter(None, known))])
    return _with_list(text, "other", sorted(other, key=lambda arch: (int(arch[3:-2]), arch)))


def doubts(nvcc: Nvcc, cuda: dict[str, Any]) -> list[str]:
    """What the table says of CUDA and an nvcc does not do, as sentences."""
    row = next(row for row in cuda["defaults"] if nvcc.release >= MajorMinor.parse(row["from"]))
    plain = sorted(one for one in nvcc.capabilities if not one.suffix)
    said = f"of nvcc {nvcc.release} the row from {row['from']}"
    found = []
    if missing := [one for one in row["capabilities"] if Capability.parse(one.partition("+")[0]) not in plain]:
        found.append(f"{said} has {', '.join(missing)} among its capabilities, which it does not compile for")
    if row["oldest"] != str(plain[0]):
        found.append(f"{said} names {row['oldest']} as the oldest capability; it is {plain[0]}")
    for suffix, oldest in cuda["suffixes"].items():
        numbers = sorted(str(one._replace(suffix="")) for one in nvcc.capabilities if one.suffix == suffix)
        first = Capability.parse(oldest)
        takes = suffix != "f" or nvcc.release >= MajorMinor.parse(cuda["family-cuda"])
        if numbers != (sorted(str(one) for one in plain if takes and first and one >= first)):
            found.append(f"nvcc {nvcc.release} takes {suffix!r} with {', '.join(numbers) or 'nothing'}")
    return found


def _with_list(text: str, key: str, values: Iterable[str]) -> str:
    """The text of a document with another list of words under a key that it has once."""
    words = ", ".join(f'"{value}"' for value in values)
    lines = textwrap.fill(words, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    text, count = re.subn(rf'("{key}": \[)[^\]]*\]', lambda match: f"{match[1]}\n{lines}\n    ]", text)
    assert count == 1, key  # noqa: S101 - as documented
    return text


def _nvccs(named: list[Path]) -> list[Path]:
    return [*(toolkit.nvcc for toolkit in installed_toolkits(cache_dir("toolchains"))), *named]


def _clangs(named: list[Path]) -> list[Path]:
    installed = Path(os.environ.get("ROCM_PATH") or ROCM_DIR) / "llvm" / "bin" / "clang"
    return [*filter(None, (find_hip_clang(), installed if installed.is_file() else None)), *named]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table")
    for name in ("nvcc", "clang"):
        parser.add_argument(f"--{name}", type=Path, action="append", default=[], help=f"ask this {name} too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
