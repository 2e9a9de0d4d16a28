"""Refreshes the tables that check-abi judges by, from packages that are installed.

    python scripts/update_abi.py            write what has changed
    python scripts/update_abi.py --check    write nothing; exit 1 when a table is not current

The manylinux policies are auditwheel's, the stable ABI of Python is from abi3info, that of Torch is read from the
headers of the installed Torch, and the symbols of glibc are from ziglang. A table whose package is not installed stays
as it is. Torch may be any release, and each that is read adds to what the others have told.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kernel_builder.checks.abi import glibc, python_abi, torch_abi
from kernel_builder.toolchain.manylinux import policy
from kernel_builder.tree import install_text

_WIDTH = 120

_POLICY_DOC = (
    "The manylinux policies, from manylinux-policy.json of auditwheel (MIT licence, (c) 2016 Robert T. McGibbon). "
    "They go from the oldest to the newest: each lists the libraries that may be needed and, for each processor that "
    "it is defined for, the versions of symbols, and allows what the ones before it list as well."
)
_PYTHON_DOC = (
    "The symbols of Python's stable ABI, functions and objects, by the Python that they came with; "
    "from abi3info (MIT licence, (c) 2022 William Woodruff)."
)
_TORCH_DOC = (
    "The C functions of Torch's stable ABI, from the headers of 'releases': torch/csrc/stable/c and "
    "torch/csrc/inductor/aoti_torch/{c,generated}. 'guarded' are they by the release that the newest headers guard "
    "them with (TORCH_FEATURE_VERSION); 'unguarded', those without, by the first of the releases that has them."
)
_GLIBC_DOC = (
    "The symbols of glibc that first appeared after 2.17, by the version and the processors that it was the first on; "
    "from the lists of symbols of ziglang (lib/libc/glibc/abilists, MIT licence). "
    "Left out are those that a processor has had since it had glibc."
)

_GUARD = re.compile(r"#\s*if\s+TORCH_FEATURE_VERSION\s*>=\s*TORCH_VERSION_(\d+)_(\d+)_\d+")
_SHIM = re.compile(r"\bAOTI_TORCH_EXPORT\b[^;{}()]*?\b(\w+)\s*\(")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_HEADERS = ("stable/c", "inductor/aoti_torch/c", "inductor/aoti_torch/generated")

#: What ziglang calls the processors of the manylinux policies; of ppc64, big-endian, it has no list.
_ZIG_TARGETS = {
    "aarch64-linux-gnu": "aarch64",
    "arm-linux-gnueabihf": "armv7l",
    "loongarch64-linux-gnu": "loongarch64",
    "powerpc64le-linux-gnu": "ppc64le",
    "riscv64-linux-gnu": "riscv64",
    "s390x-linux-gnu": "s390x",
    "x86-linux-gnu": "i686",
    "x86_64-linux-gnu": "x86_64",
}
#: What was in libanl, which ziglang has no list of, before it moved to libc: older than the list of libc says.
_OF_LIBANL = frozenset({"gai_cancel", "gai_error", "gai_suspend", "getaddrinfo_a"})
_OLDEST_GLIBC = (2, 17, 0)
_LAST = 0x80  # the mark of the last one, in the lists of ziglang


@dataclass(frozen=True)
class Table:
    """A file of data: where it is, the package that it is made from, and what makes it of that package's folder."""

    path: Path
    package: str
    make: Callable[[Path, dict[str, Any]], dict[str, Any]]


def main() -> int:
    """Write the tables that have changed, or say which have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a table is not current")
    arguments = parser.parse_args()
    outdated = 0
    for table in TABLES:
        folder = package_folder(table.package)
        if folder is None:
            print(f"{table.path.name}: not looked at, {table.package} is not installed")
            continue
        before = table.path.read_text("utf-8") if table.path.is_file() else "{}"
        after = format_json(table.make(folder, json.loads(before)))
        if after == before:
            print(f"{table.path.name}: current")
            continue
        outdated += 1
        if not arguments.check:
            install_text(table.path, after)
        print(f"{table.path.name}: {'not current' if arguments.check else 'written'}")
    if outdated and not arguments.check:
        print("run the tests, and say it in CHANGELOG.md")
    return 1 if outdated and arguments.check else 0


def package_folder(name: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    spec = find_spec(name)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def make_policy(folder: Path, _: dict[str, Any]) -> dict[str, Any]:
    """The manylinux policies, from the folder of auditwheel.

    Raises:
        ValueError: when a policy does not allow what an older one does, so that the table could not say it.
    """
    known = json.loads((folder / "policy" / "manylinux-policy.json").read_text("utf-8"))
    found = sorted((one for one in known if one["symbol_versions"]), key=lambda one: -one["priority"])
    libraries: set[str] = set()
    versions: dict[str, dict[str, list[str]]] = defaultdict(dict)
    policies = []
    for one in found:
        name = one["name"]
        added = {
            machine: {prefix: _added(versions[machine], prefix, allowed, name) for prefix, allowed in table.items()}
            for machine, table in one["symbol_versions"].items()
        }
        policies.append(
            {
                "name": name,
                "aliases": one["aliases"],
                "libraries": sorted({*one["lib_whitelist"]} - libraries),
                "versions": {
                    machine: {prefix: new for prefix, new in table.items() if new is not None}
                    for machine, table in added.items()
                },
            }
        )
        libraries.update(one["lib_whitelist"])
    return {"doc": _POLICY_DOC, "policies": policies}


def _added(known: dict[str, list[str]], prefix: str, allowed: list[str], name: str) -> list[str] | None:
    """What a policy allows beyond the older ones; `None` where it adds nothing to what they say."""
    if not {*known.get(prefix, ())} <= {*allowed}:
        message = f"{name} does not allow every version of {prefix} that an older policy does"
        raise ValueError(message)
    new = [version for version in allowed if version not in known.get(prefix, ())]
    is_news = bool(new) or prefix not in known
    known[prefix] = allowed
    return new if is_news else None


def make_python(_: Path, __: dict[str, Any]) -> dict[str, Any]:
    """The stable ABI of Python, from abi3info."""
    abi3info = import_module("abi3info")
    members = (*abi3info.FUNCTIONS.items(), *abi3info.DATAS.items())
    since = {symbol.name: (member.added.major, member.added.minor) for symbol, member in members}
    return {"doc": _PYTHON_DOC, "since": _by_release(since)}


def make_torch(folder: Path, known: dict[str, Any]) -> dict[str, Any]:
    """The C functions of Torch, from its folder and what was known before, of whichever releases."""
    release = _release(installed_version("torch"))
    releases = sorted({*map(_release, known.get("releases", ())), release})
    guarded, unguarded = _by_name(known.get("guarded", {})), _by_name(known.get("unguarded", {}))
    for name, guard in read_shims(folder / "include" / "torch" / "csrc"):
        if guard is None:
            unguarded[name] = min(release, unguarded.get(name, release))
        elif release == releases[-1] or name not in guarded:
            guarded[name] = guard
    return {
        "doc": _TORCH_DOC,
        "releases": [f"{major}.{minor}" for major, minor in releases],
        "guarded": _by_release(guarded),
        "unguarded": _by_release({name: first for name, first in unguarded.items() if name not in guarded}),
    }


def _by_name(table: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    return {name: _release(release) for release, names in table.items() for name in names}


def _by_release(table: dict[str, tuple[int, int]]) -> dict[str, list[str]]:
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, release in sorted(table.items()):
        names[release].append(name)
    return {f"{major}.{minor}": names[major, minor] for major, minor in sorted(names)}


def _release(text: str) -> tuple[int, int]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def read_shims(csrc: Path) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """The C functions that Torch's headers declare, and the release that guards each.

    Args:
        csrc: the folder `torch/csrc` of the headers.
    """
    for folder in _HEADERS:
        for header in sorted((csrc / folder).glob("*.h")):
            for guard, text in _guarded(header.read_text("utf-8")):
                yield from ((found[1], guard) for found in _SHIM.finditer(text))


def _guarded(source: str) -> Iterator[tuple[tuple[int, int] | None, str]]:
    """The parts of a header that stand between directives, each with the newest release that guards it."""
    guards: list[tuple[int, int] | None] = []
    part = ""
    for line in _COMMENT.sub("", source).replace("\\\n", " ").splitlines():
        directive = line.strip()
        if not directive.startswith("#"):
            part += line + "\n"
            continue
        yield max((one for one in guards if one), default=None), part
        part = ""
        word = directive[1:].lstrip()
        if word.startswith("if"):
            found = _GUARD.match(directive)
            guards.append((int(found[1]), int(found[2])) if found else None)
        elif word.startswith("endif"):
            guards.pop()
    yield None, part


def make_glibc(folder: Path, _: dict[str, Any]) -> dict[str, Any]:
    """The newer symbols of glibc, from the folder of ziglang."""
    first = first_versions((folder / "lib" / "libc" / "glibc" / "abilists").read_bytes())
    since: dict[tuple[int, int, int], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    start = {machine: min(versions.values()) for machine, versions in first.items()}
    for name in sorted({name for versions in first.values() for name in versions} - _OF_LIBANL):
        groups: dict[tuple[int, int, int], list[str]] = defaultdict(list)
        for machine, versions in sorted(first.items()):
            if versions.get(name, _OLDEST_GLIBC) > max(_OLDEST_GLIBC, start[machine]):
                groups[versions[name]].append(machine)
        for version, machines in groups.items():
            since[version][" ".join(machines)].append(name)
    return {
        "doc": _GLIBC_DOC,
        "since": {
            ".".join(map(str, version if version[2] else version[:2])): dict(sorted(since[version].items()))
            for version in sorted(since)
        },
    }


def first_versions(data: bytes) -> dict[str, dict[str, tuple[int, int, int]]]:
    """The first version of each name on each processor, from the lists of ziglang.

    The format is described where its compiler reads it (`src/libs/glibc.zig`): the names of the libraries, the versions
    as three bytes each, and the targets, each behind its count; then the functions, the objects and the thread-local
    objects, each behind a count of two bytes. Records follow each other for as long as they are of one name: a set of
    targets, for objects their size, the library, and the versions.

    Raises:
        ValueError: when the bytes are not in that format.
    """
    reader = _Reader(data)
    for _ in range(reader.byte()):
        reader.text()
    versions = [(reader.byte(), reader.byte(), reader.byte()) for _ in range(reader.byte())]
    targets = [_ZIG_TARGETS.get(reader.text()) for _ in range(reader.byte())]
    found: dict[str, dict[str, tuple[int, int, int]]] = {machine: {} for machine in targets if machine}
    for has_size in (False, True, True):
        for name, chosen, numbers in reader.records(has_size=has_size):
            first = min(versions[number] for number in numbers)
            for index, machine in enumerate(targets):
                if machine and chosen >> index & 1:
                    found[machine][name] = min(first, found[machine].get(name, first))
    if reader.rest():
        message = f"{reader.rest()} bytes are left over"
        raise ValueError(message)
    return found


class _Reader:
    """Reads the lists of ziglang from their start."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def rest(self) -> int:
        return len(self._data) - self._at

    def byte(self) -> int:
        if not self.rest():
            message = "the list ends early"
            raise ValueError(message)
        self._at += 1
        return self._data[self._at - 1]

    def text(self) -> str:
        end = self._data.index(0, self._at)
        found = self._data[self._at : end].decode("ascii")
        self._at = end + 1
        return found

    def number(self) -> int:
        """A number in seven bits a byte, the low ones first (ULEB128)."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & ~_LAST) << shift
            shift += 7
            if not byte & _LAST:
                return value

    def records(self, *, has_size: bool) -> Iterator[tuple[str, int, list[int]]]:
        """Names, each with a set of targets as bits and with the numbers of its versions."""
        name = None
        for _ in range(self.byte() | self.byte() << 8):
            name = self.text() if name is None else name
            targets = self.number()
            if has_size:
                self.number()
            library = self.byte()
            numbers = [self.byte()]
            while not numbers[-1] & _LAST:
                numbers.append(self.byte())
            yield name, targets, [number & ~_LAST for number in numbers]
            if library & _LAST:
                name = None


def format_json(value: Any) -> str:
    """JSON with short lists on one line and long ones with an entry a line, so that a change shows as its lines."""
    return _formatted(value, "", 0) + "\n"


def _formatted(value: Any, indent: str, before: int) -> str:
    """`before` is how much of the line is taken."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or (isinstance(value, list) and before + len(line) < _WIDTH):
        return line
    if not value:
        return line
    inner = indent + "  "
    if isinstance(value, list):
        entries = [inner + _formatted(entry, inner, len(inner)) for entry in value]
        return "[\n" + ",\n".join(entries) + f"\n{indent}]"
    keys = [f"{inner}{json.dumps(key)}: " for key in value]
    entries = [key + _formatted(entry, inner, len(key)) for key, entry in zip(keys, value.values(), strict=True)]
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


TABLES = (
    Table(Path(policy.__file__).with_name("policy.json"), "auditwheel", make_policy),
    Table(Path(python_abi.__file__).with_name("python_abi.json"), "abi3info", make_python),
    Table(Path(torch_abi.__file__).with_name("torch_abi.json"), "torch", make_torch),
    Table(Path(glibc.__file__).with_name("glibc.json"), "ziglang", make_glibc),
)


if __name__ == "__main__":
    sys.exit(main())
