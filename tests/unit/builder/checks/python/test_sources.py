"""Python files are read once, and what is no Python is a finding and never a crash."""

from pathlib import Path

import pytest
from support.python_corpus import check_files

from kernel_builder.checks.python.sources import parse_source, read_sources


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"x = 1\n\0", "null-byte", 2),
        ("x = 1\n".encode("utf-16"), "null-byte", 1),
        (b"x = 1\ny = '\xff'\n", "encoding", 2),
        (b"x = 1\n\n\ny = '\xe4'\n", "encoding", 4),
        (b"# coding: nothing\n", "encoding", 1),
        (b"# coding: rot13\n", "encoding", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding", 1),
        (b"-" * 200_000 + b"1\n", "too-deep", 1),
        (b"x = " + b"(" * 5000 + b"\n", "", 1),
        (b"def f(:\n", "syntax", 1),
        (b"x = 1\r\n\r\n  y = 2\r\n", "syntax", 3),
        (b"x = 1\r\ry z\r", "syntax", 3),
        (b"x = (1,\n\n", "syntax", 1),
        (b"return\n", "syntax", 1),
        (b"def f():\n    nonlocal x\n", "syntax", 2),
        (b"def f(x, x): ...\n", "syntax", 1),
    ],
)
def test_what_is_no_python(tmp_path: Path, data: bytes, code: str, line: int) -> None:
    """The problem has a code and a line, and it is the only finding."""
    (found,) = check_files(tmp_path, {"__init__.py": data}, None)
    assert ("python", "error", line) == (found.check, found.severity, found.line)
    # Which limit a Python meets first differs from version to version.
    assert found.code == code if code else found.code in ("syntax", "too-deep")
    assert found.remedy


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbfx = '\xc3\xa9'\r\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n",
        b"x = 1\x0c\ny = '\x0b'\n",
        b"x = '\\d'\nassert (x, 1)\nx is 1\n",
        b"x = 1",
    ],
)
def test_what_is_python(data: bytes) -> None:
    """Encodings, ends of line and odd escapes are Python's business, and raise no warning."""
    source = parse_source(data, "x.py")
    assert source.problem is None
    assert source.tree is not None


@pytest.mark.parametrize(
    ("file", "module", "is_package"),
    [
        ("__init__.py", "", True),
        ("a.py", "a", False),
        ("layers/__init__.py", "layers", True),
        ("layers/norm.py", "layers.norm", False),
    ],
)
def test_names_of_modules(file: str, module: str, is_package: bool) -> None:
    """A file has the name that it is imported under below the kernel's package."""
    source = parse_source(b"", file)
    assert (module, is_package) == (source.module, source.is_package)


def test_files_of_a_build(tmp_path: Path) -> None:
    """Every Python file is read, in order, also behind a link, but no folder with the name of one."""
    (tmp_path / "b.py").mkdir()
    for name in ("b.py/c.py", "a.py", "z.txt"):
        (tmp_path / name).write_text("", "utf-8")
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "dangling.py").symlink_to("nothing.py")
    assert ["a.py", "b.py/c.py", "link.py"] == [source.file for source in read_sources(tmp_path)]
