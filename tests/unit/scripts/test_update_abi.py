"""The script that refreshes the tables of check-abi, on small inputs and on the packages that are installed."""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.scripts import load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    return load_script("update_abi")


@pytest.mark.parametrize("name", ["policy.json", "python_abi.json", "torch_abi.json", "glibc.json"])
def test_what_is_shipped_is_current(script: ModuleType, name: str) -> None:
    """Each table is, byte for byte, what the installed package gives."""
    (table,) = [table for table in script.TABLES if table.path.name == name]
    folder = script.package_folder(table.package)
    if folder is None:
        pytest.skip(f"{table.package} is not installed")
    shipped = table.path.read_text("utf-8")
    assert shipped == script.format_json(table.make(folder, json.loads(shipped)))


def _policy(name: str, priority: int, versions: dict[str, dict[str, list[str]]], *libraries: str) -> dict[str, Any]:
    return {
        "name": name,
        "aliases": [],
        "priority": priority,
        "symbol_versions": versions,
        "lib_whitelist": list(libraries),
    }


def _made_policy(script: ModuleType, folder: Path, *policies: dict[str, Any]) -> list[dict[str, Any]]:
    (folder / "policy").mkdir()
    (folder / "policy" / "manylinux-policy.json").write_text(json.dumps(policies), "utf-8")
    found: list[dict[str, Any]] = script.make_policy(folder, {})["policies"]
    return found


def test_each_policy_adds_to_the_ones_before(script: ModuleType, tmp_path: Path) -> None:
    """A table says of each policy what is new in it, from the oldest to the newest, and on which processors it is."""
    found = _made_policy(
        script,
        tmp_path,
        _policy("linux", 0, {}),
        _policy("new", 60, {"x86_64": {"GLIBC": ["2.5", "2.28"], "GCC": []}}, "libc.so.6", "libm.so.6"),
        _policy("old", 100, {"x86_64": {"GLIBC": ["2.5"], "GCC": []}, "i686": {"GLIBC": ["2.1"]}}, "libc.so.6"),
    )
    assert ["old", "new"] == [one["name"] for one in found]
    assert [["libc.so.6"], ["libm.so.6"]] == [one["libraries"] for one in found]
    assert {"x86_64": {"GLIBC": ["2.5"], "GCC": []}, "i686": {"GLIBC": ["2.1"]}} == found[0]["versions"]
    assert {"x86_64": {"GLIBC": ["2.28"]}} == found[1]["versions"]


def test_a_policy_that_takes_back(script: ModuleType, tmp_path: Path) -> None:
    """A policy that allows less than an older one cannot be said in the table, and is not."""
    policies = [
        _policy("old", 100, {"x86_64": {"GLIBC": ["2.4", "2.5"]}}),
        _policy("new", 60, {"x86_64": {"GLIBC": ["2.5"]}}),
    ]
    with pytest.raises(ValueError, match="new does not allow every version of GLIBC"):
        _made_policy(script, tmp_path, *policies)


_HEADER = """
#ifdef __cplusplus
extern "C" {
#endif
// AOTI_TORCH_EXPORT void torch_in_a_comment(int);
AOTI_TORCH_EXPORT AOTITorchError torch_old(
    int32_t count, void (*fn)(void*));
#define AOTI_TORCH_CHECK(cond) \\
  AOTI_TORCH_EXPORT_NOT(cond)
[[deprecated("torch_words(1) was the name")]]
AOTI_TORCH_EXPORT const char* torch_deprecated();
#if TORCH_FEATURE_VERSION >= TORCH_VERSION_2_10_0
AOTI_TORCH_EXPORT AOTITorchError
torch_guarded(int32_t a);
#ifdef USE_CUDA
AOTI_TORCH_EXPORT int torch_guarded_cuda(); AOTI_TORCH_EXPORT int torch_second(void);
#else
AOTI_TORCH_EXPORT int torch_otherwise();
#endif // USE_CUDA
# if TORCH_FEATURE_VERSION >= TORCH_VERSION_2_11_0
/* AOTI_TORCH_EXPORT int
torch_long_comment(); */
AOTI_TORCH_EXPORT int torch_inner();
# endif
AOTI_TORCH_EXPORT int torch_after();
#endif // TORCH_FEATURE_VERSION >= TORCH_VERSION_2_10_0
AOTI_TORCH_EXPORT int torch_last();
"""


def _headers(folder: Path, *texts: str) -> Path:
    for place, text in zip(("stable/c", "inductor/aoti_torch/c"), texts, strict=False):
        header = folder / "include" / "torch" / "csrc" / place / "shim.h"
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(text, "utf-8")
    return folder


def test_guards_of_headers(script: ModuleType, tmp_path: Path) -> None:
    """A function has the release of the newest guard around it; comments and macros are no functions."""
    expected = {
        "torch_old": None,
        "torch_deprecated": None,
        "torch_guarded": (2, 10),
        "torch_guarded_cuda": (2, 10),
        "torch_second": (2, 10),
        "torch_otherwise": (2, 10),
        "torch_inner": (2, 11),
        "torch_after": (2, 10),
        "torch_last": None,
    }
    assert expected == dict(script.read_shims(_headers(tmp_path, _HEADER) / "include" / "torch" / "csrc"))


#: What the headers of three releases declare: each function with its guard, where it has one there.
_RELEASES = {
    "2.10.1": {"old": None, "guarded": "2_10", "removed": None, "guarded_later": None},
    "2.11.0+cpu": {"old": None, "guarded": "2_10", "guarded_later": None, "new": "2_11", "unguarded": None},
    "2.13.0": {"old": None, "guarded": "2_10", "guarded_later": "2_9", "new": "2_11", "unguarded": None, "last": None},
}


@pytest.mark.parametrize("order", list(itertools.permutations(_RELEASES)))
def test_releases_are_merged(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Sequence[str]
) -> None:
    """In whichever order releases are read, a function has its newest guard, or the first release that had it."""
    known: dict[str, Any] = {}
    for release in (*order, order[0]):
        text = "\n".join(
            f"#if TORCH_FEATURE_VERSION >= TORCH_VERSION_{guard}_0\nAOTI_TORCH_EXPORT int {name}();\n#endif"
            if guard
            else f"AOTI_TORCH_EXPORT int {name}();"
            for name, guard in _RELEASES[release].items()
        )
        monkeypatch.setattr(script, "installed_version", lambda _, release=release: release)
        known = script.make_torch(_headers(tmp_path / release, text), known)
    assert ["2.10", "2.11", "2.13"] == known["releases"]
    assert {"2.9": ["guarded_later"], "2.10": ["guarded"], "2.11": ["new"]} == known["guarded"]
    assert {"2.10": ["old", "removed"], "2.11": ["unguarded"], "2.13": ["last"]} == known["unguarded"]


def _text(name: str) -> bytes:
    return name.encode() + b"\0"


def _lists(functions: Sequence[bytes], objects: Sequence[bytes] = ()) -> bytes:
    """Lists of symbols as Zig keeps them: two libraries, five versions, three targets."""
    versions = [(2, 2, 5), (2, 17, 0), (2, 27, 0), (2, 28, 0), (2, 34, 0)]
    targets = ["x86_64-linux-gnu", "sparc-linux-gnu", "riscv64-linux-gnu"]
    head = bytes([2]) + _text("c") + _text("pthread") + bytes([5]) + bytes(n for one in versions for n in one)
    parts = [len(part).to_bytes(2, "little") + b"".join(part) for part in (functions, objects, ())]
    return head + bytes([3]) + b"".join(map(_text, targets)) + b"".join(parts)


def test_first_versions_of_symbols(script: ModuleType, tmp_path: Path) -> None:
    """A name is as old as its first version in any library; what a processor has always had is not new on it."""
    functions = [
        _text("new_everywhere") + bytes([0b111, 0x80, 0x84]),
        _text("moved") + bytes([0b001, 0x00, 0x84]),  # in libc since 2.34,
        bytes([0b001, 0x81, 0x80]),  # and in libpthread since 2.2.5
        _text("newer_default") + bytes([0b001, 0x80, 0x00, 0x84]),
        _text("always") + bytes([0b100, 0x00, 0x82, 0b001, 0x80, 0x83]),
    ]
    objects = [_text("thing") + bytes([0b101, 0x88, 0x01, 0x80, 0x83])]
    data = _lists([*functions[:4], functions[4][:10], functions[4][10:]], objects)
    (tmp_path / "lib" / "libc" / "glibc").mkdir(parents=True)
    (tmp_path / "lib" / "libc" / "glibc" / "abilists").write_bytes(data)
    expected = {
        "2.28": {"riscv64 x86_64": ["thing"], "x86_64": ["always"]},
        "2.34": {"riscv64 x86_64": ["new_everywhere"]},
    }
    assert expected == script.make_glibc(tmp_path, {})["since"]


@pytest.mark.parametrize(
    ("data", "fault"), [(_lists(()) + b"\0", "1 bytes are left over"), (_lists(())[:-1], "ends early")]
)
def test_lists_in_another_format(script: ModuleType, data: bytes, fault: str) -> None:
    """Lists that go on or stop where they should not are refused, so that a new format is no silent loss."""
    with pytest.raises(ValueError, match=fault):
        script.first_versions(data)


def test_changed_and_current(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check writes nothing and fails where a table has changed; without it the table is written, and then current."""
    path = tmp_path / "table.json"
    table = script.Table(path, "kernel_builder", lambda _, known: {"doc": "…", "seen": [*known.get("seen", []), 1][:1]})
    absent = script.Table(tmp_path / "absent.json", "a_package_that_is_not_there", table.make)
    monkeypatch.setattr(script, "TABLES", (table, absent))
    monkeypatch.setattr(sys, "argv", ["update_abi.py", "--check"])
    assert 1 == script.main()
    assert not path.exists()
    monkeypatch.setattr(sys, "argv", ["update_abi.py"])
    assert 0 == script.main()
    assert '{\n  "doc": "…",\n  "seen": [1]\n}\n' == path.read_text("utf-8")
    monkeypatch.setattr(sys, "argv", ["update_abi.py", "--check"])
    assert 0 == script.main()
    assert not absent.path.exists()
    said = capsys.readouterr().out.splitlines()
    assert ["table.json: not current", "table.json: written", "table.json: current"] == [
        line for line in said if line.startswith("table")
    ]


def test_the_form_of_the_files(script: ModuleType) -> None:
    """Short lists take one line, long ones a line an entry, and the whole is what was given."""
    value = {"short": ["a", "b"], "long": ["x" * 50] * 3, "empty": {}, "deep": {"none": [], "text": 'a"b'}}
    text = script.format_json(value)
    assert value == json.loads(text)
    assert '  "short": ["a", "b"],' in text.splitlines()
    assert 3 == text.count('    "' + "x" * 50)
