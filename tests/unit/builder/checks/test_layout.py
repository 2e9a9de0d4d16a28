"""Which files a build must have, and which it must not."""

import os
from pathlib import Path

import pytest
from support.builds import MODULE, OPS_ID, make_build

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.layout import check_layout
from kernels.variant import parse_variant

NOARCH, COMPILED = parse_variant("torch-cpu"), parse_variant("torch213-cxx11-cpu-x86_64-linux")
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


def _codes(found: list[Finding], severity: str = "error") -> list[tuple[str, str]]:
    return [(finding.code, finding.file) for finding in found if finding.severity == severity]


def test_good_build(tmp_path: Path) -> None:
    """Whole builds have no finding, further packages included."""
    assert [] == check_layout(make_build(tmp_path / "a", {"layers/__init__.py": ""}), MODULE, NOARCH)
    tree = make_build(tmp_path / "b", {f"{OPS_ID}.abi3.so": "elf", "data/kernel.cubin": "elf"})
    assert [] == check_layout(tree, MODULE, COMPILED)


@pytest.mark.parametrize("name", ["__init__.py", f"{MODULE}/__init__.py"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    """Each required file is named when it is missing, also where a folder is in its place."""
    tree = make_build(tmp_path / "b")
    (tree / name).unlink()
    assert [("missing-file", name)] == _codes(check_layout(tree, MODULE))
    (tree / name).mkdir()
    assert ("missing-file", name) in _codes(check_layout(tree, MODULE))


def test_every_problem_is_listed(tmp_path: Path) -> None:
    """An empty folder lacks everything; without a name for the package, its folder is not asked for."""
    assert [("missing-file", "__init__.py"), ("missing-file", f"{MODULE}/__init__.py")] == (
        _codes(check_layout(tmp_path, MODULE))
    )
    assert [("missing-file", "__init__.py")] == _codes(check_layout(tmp_path))


def test_package_of_the_same_name(tmp_path: Path) -> None:
    """Code in the folder for older loaders is a sub-package in the wrong place; bytecode is no code of its own."""
    tree = make_build(tmp_path / "b", {f"{MODULE}/code.py": "", f"{MODULE}/__pycache__/x.pyc": ""})
    (finding,) = [one for one in check_layout(tree, MODULE) if one.severity == "error"]
    assert ("compat-folder", MODULE, True) == (finding.code, finding.file, f"{MODULE}/code.py" in finding.message)


@needs_links
def test_links(tmp_path: Path) -> None:
    """Links to files and to folders have no place in a build, and what is behind them is not looked at."""
    tree = make_build(tmp_path / "b")
    (tmp_path / "x.o").touch()
    (tree / "a.py").symlink_to("__init__.py")
    (tree / "z").symlink_to(tmp_path)
    assert [("link", "a.py"), ("link", "z")] == _codes(check_layout(tree, MODULE))


@needs_links
def test_links_of_the_hub_cache(tmp_path: Path) -> None:
    """The Hub's client keeps every file as a link to a blob; a link that leads elsewhere is one all the same."""
    cache = tmp_path / "kernels--a--b"
    tree = make_build(cache / "snapshots" / "0123" / "build" / "torch-cpu", {"x.py": ""})
    blob = cache / "blobs" / "4567"
    blob.parent.mkdir()
    (tree / "__init__.py").rename(blob)
    (tree / "__init__.py").symlink_to(blob)
    assert [] == check_layout(tree, MODULE)
    (tree / "x.py").unlink()
    (tree / "x.py").symlink_to(tmp_path)
    assert [("link", "x.py")] == _codes(check_layout(tree, MODULE))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipe(tmp_path: Path) -> None:
    """A build has files and folders, nothing else."""
    tree = make_build(tmp_path / "b")
    os.mkfifo(tree / "pipe")
    assert [("special-file", "pipe")] == _codes(check_layout(tree, MODULE))


def test_bytecode(tmp_path: Path) -> None:
    """What Python leaves beside the sources is a warning; bytecode in the place of a source is an error."""
    tree = make_build(tmp_path / "b", {"__pycache__/x.pyc": "", "layers/__pycache__/y.pyc": "", "z.pyc": ""})
    found = check_layout(tree, MODULE)
    assert [("bytecode", "__pycache__"), ("bytecode", "layers/__pycache__")] == _codes(found, "warning")
    assert [("bytecode", "z.pyc")] == _codes(found)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x.o", "x.o"),
        ("sub/CMakeCache.txt", "sub/CMakeCache.txt"),
        ("demo.egg-info/PKG-INFO", "demo.egg-info"),
        ("CMakeFiles/x.txt", "CMakeFiles"),
        (".ninja_log", ".ninja_log"),
    ],
)
def test_leftovers(tmp_path: Path, name: str, shown: str) -> None:
    """What building and packaging leave behind is named once, by its folder if that is one."""
    assert [("leftover", shown)] == _codes(check_layout(make_build(tmp_path / "b", {name: ""}), MODULE))


def test_hidden_files(tmp_path: Path) -> None:
    """A hidden file harms nobody, and nobody meant it."""
    found = check_layout(make_build(tmp_path / "b", {".DS_Store": ""}), MODULE)
    assert ([], [("hidden-file", ".DS_Store")]) == (_codes(found), _codes(found, "warning"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["a:b.py", "aux.py", "NUL", "x.", "a?b"])
def test_names_that_windows_cannot_have(tmp_path: Path, name: str) -> None:
    """A build can be downloaded to every system."""
    assert [("file-name", name)] == _codes(check_layout(make_build(tmp_path / "b", {name: ""}), MODULE))


@pytest.mark.parametrize(("one", "other"), [("Ops.py", "ops.py"), ("\u00e9.py", "e\u0301.py"), ("A/x.py", "a/x.py")])
def test_names_that_are_one(tmp_path: Path, one: str, other: str) -> None:
    """Names that differ in case or in the form of a letter alone are one file on many systems."""
    tree = make_build(tmp_path / "b", {one: "1", other: "2"})
    if (tree / one).read_text("utf-8") == "2":
        pytest.skip("this file system takes them for one")
    assert {"case-clash"} == {finding.code for finding in check_layout(tree, MODULE)}


def test_libraries_fit_the_name_of_the_variant(tmp_path: Path) -> None:
    """A Python-only build has no library, a compiled one has one at its top, and of others nothing is said."""
    tree = make_build(tmp_path / "b", {"sub/x.abi3.so": "elf"})
    assert [("native-library", "sub/x.abi3.so")] == _codes(check_layout(tree, MODULE, NOARCH))
    assert [("no-library", "")] == _codes(check_layout(tree, MODULE, COMPILED))
    assert [] == check_layout(tree, MODULE)
