"""An independent list of what glibc offers: that of ziglang, from which it makes its own stand-ins for glibc.

The file `lib/libc/glibc/abilists` of the package is read as zig's `src/libs/glibc.zig` describes it: the names of the
libraries, the versions (three bytes each) and the targets, each list behind its count; then the functions, the objects
and the thread-local objects, each behind the number of their records. A record is the name where it is a new one, a set
of targets, the size of an object, the library and the versions; the highest bit of a byte marks the last of a list.
"""

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

__all__ = ["glibc_symbols"]

_TARGETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
_LAST = 0x80
_Version = tuple[int, int, int]
#: machine → library, such as `pthread` → name → its versions.
_Lists = dict[str, dict[str, dict[str, set[_Version]]]]


def glibc_symbols(machine: str, newest: tuple[int, int]) -> dict[str, dict[str, set[str]]]:
    """Library, such as `pthread` → name → its versions, such as `GLIBC_2.2.5`, up to a release of glibc.

    Skips the test where ziglang is not installed.
    """
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for library, names in _read_lists()[_TARGETS[machine]].items():
        for name, versions in names.items():
            if old := {version for version in versions if version <= (*newest, 99)}:
                found[library][name] = {"GLIBC_" + ".".join(map(str, one if one[2] else one[:2])) for one in old}
    return dict(found)


@cache
def _read_lists() -> _Lists:
    ziglang = pytest.importorskip("ziglang", reason="ziglang has the independent list of symbols, and is not installed")
    reader = _Reader((Path(ziglang.__file__).parent / "lib" / "libc" / "glibc" / "abilists").read_bytes())
    libraries = [reader.text() for _ in range(reader.byte())]
    versions = [(reader.byte(), reader.byte(), reader.byte()) for _ in range(reader.byte())]
    targets = [reader.text() for _ in range(reader.byte())]
    found: _Lists = {target: defaultdict(lambda: defaultdict(set)) for target in targets}
    for is_object in (False, True, True):
        name = ""
        for _ in range(reader.byte() | reader.byte() << 8):
            name = name or reader.text()
            chosen = reader.number()
            if is_object:
                reader.number()
            library = reader.byte()
            added = {versions[one] for one in reader.numbers()}
            for index, target in enumerate(targets):
                if chosen >> index & 1:
                    found[target][libraries[library & ~_LAST]][name] |= added
            if library & _LAST:
                name = ""
    assert reader.at_end
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def text(self) -> str:
        end = self._data.index(0, self._at)
        text, self._at = self._data[self._at : end].decode("ascii"), end + 1
        return text

    def number(self) -> int:
        """A number in seven bits a byte, the low ones first; the highest bit says that more follow."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & ~_LAST) << shift
            shift += 7
            if not byte & _LAST:
                return value

    def numbers(self) -> list[int]:
        found = [self.byte()]
        while not found[-1] & _LAST:
            found.append(self.byte())
        return [one & ~_LAST for one in found]
