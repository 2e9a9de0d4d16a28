"""What lies in a build."""

import os
from pathlib import Path

import pytest

from kernel_builder.checks.entries import Entry, entries, is_library


def test_everything_is_listed_in_order(tmp_path: Path) -> None:
    """Files and folders at every depth, sorted by path."""
    for name in ("b/c/d.py", "a.py", "b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected = [("a.py", "file"), ("b", "folder"), ("b.py", "file"), ("b/c", "folder"), ("b/c/d.py", "file")]
    assert [Entry(*one) for one in expected] == entries(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to a folder around it is an entry, and no way to walk in circles."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert [Entry("dangling", "link"), Entry("loop", "link")] == entries(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.abi3.so", True), ("sub/libx.so.1.2", True), ("x.pyd", True), ("x.DLL", True), ("x.dylib", True),
        (".so", False), ("x.so.txt", False), ("so", False), ("x.sol", False), ("x.so/y.py", False),
    ],
)  # fmt: skip
def test_names_of_libraries(name: str, expected: bool) -> None:
    """Libraries of every system are known by their names."""
    assert expected == is_library(name)


def test_bytecode() -> None:
    """Bytecode is what has its suffix, and all that lies in its folder."""
    names = ("__pycache__", "a/__pycache__/b.py", "c.pyc", "d.py")
    assert [True, True, True, False] == [Entry(name, "file").is_bytecode for name in names]
