"""The files of a build and its digest."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.builds import MODULE, make_build

from kernel_builder.checks.digest import check_digest, write_digest
from kernels.digest import digest_tree
from kernels.errors import MetadataError
from kernels.metadata import read_metadata

COMPAT = f"{MODULE}/__init__.py"


def _check(tree: Path) -> list[tuple[str, str]]:
    return [(finding.code, finding.file) for finding in check_digest(tree, read_metadata(tree))]


@pytest.mark.parametrize(
    ("metadata", "severity"),
    [({}, "warning"), ({"provenance": {"kernel-builder": {"version": "1"}}}, "error")],
)
def test_no_digest(tmp_path: Path, metadata: dict[str, Any], severity: str) -> None:
    """Older builders wrote none, which is a warning; a build that says where it comes from has lost it."""
    tree = make_build(tmp_path / "b", digest=None, **metadata)
    (finding,) = check_digest(tree, read_metadata(tree))
    assert ("no-digest", severity) == (finding.code, finding.severity)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.py", "a/../x.py", "a\\x.py", "./x.py", ""])
def test_paths_that_lead_elsewhere(tmp_path: Path, path: str) -> None:
    """A digest names paths within the build; another is said to be none, and never looked at."""
    tree = make_build(tmp_path / "b")
    files = {**digest_tree(tree).files, path: "x"}
    make_build(tree, digest={"algorithm": "sha256", "files": files})
    assert [("digest-path", "metadata.json")] == _check(tree)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_folder_that_is_a_link(tmp_path: Path) -> None:
    """A build that cannot be compared is a finding of that build, not a crash."""
    tree = make_build(tmp_path / "b")
    (tree / "link").symlink_to(tmp_path)
    assert [("unreadable", "link")] == _check(tree)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipe(tmp_path: Path) -> None:
    """What is no file is not read: a pipe would never end."""
    tree = make_build(tmp_path / "b")
    os.mkfifo(tree / "pipe")
    assert [("unreadable", "pipe")] == _check(tree)
    with pytest.raises(OSError, match="neither a file nor a folder"):
        write_digest(tree)


def test_a_digest_that_is_right_is_not_written(tmp_path: Path) -> None:
    """A build whose digest is right keeps its metadata.json, byte for byte."""
    tree = make_build(tmp_path / "torch-cpu")
    before = (tree / "metadata.json").read_bytes()
    assert (False, [], before) == (write_digest(tree), _check(tree), (tree / "metadata.json").read_bytes())


def test_a_digest_is_written_into_the_metadata(tmp_path: Path) -> None:
    """Every other key stays in its place, those that nobody knows too; a second run changes nothing."""
    tree = make_build(tmp_path / "torch-cpu", x_unknown={"b": [1, 2.5], "a": None}, upstream="é")
    (tree / "more.py").write_text("x = 1\n", "utf-8")
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")
    (tree / "demo_kernel" / "__init__.py").unlink()
    assert [("file-missing", COMPAT), ("file-changed", "__init__.py"), ("file-not-listed", "more.py")] == _check(tree)
    expected = json.loads((tree / "metadata.json").read_text("utf-8"))
    expected["digest"]["files"] = digest_tree(tree).files
    assert write_digest(tree)
    text = (tree / "metadata.json").read_text("utf-8")
    assert json.dumps(expected, indent=2) + "\n" == text
    assert ([], False) == (_check(tree), write_digest(tree))


def test_a_build_without_a_digest_gets_one(tmp_path: Path) -> None:
    """A build of a tool that wrote no digest is a problem until it has one."""
    tree = make_build(tmp_path / "torch-cpu")
    document = json.loads((tree / "metadata.json").read_text("utf-8"))
    del document["digest"]
    (tree / "metadata.json").write_text(json.dumps(document), "utf-8")
    assert [("no-digest", "metadata.json")] == _check(tree)
    assert (True, []) == (write_digest(tree), _check(tree))


def test_the_algorithm_stays(tmp_path: Path) -> None:
    """A digest is written anew with the algorithm that it had."""
    tree = make_build(tmp_path / "torch-cpu")
    digest = {"algorithm": "sha512", "files": {}}
    make_build(tree, digest=digest)
    assert write_digest(tree)
    written = json.loads((tree / "metadata.json").read_text("utf-8"))["digest"]
    assert {"algorithm": "sha512", "files": digest_tree(tree, "sha512").files} == written


def test_metadata_that_cannot_be_read(tmp_path: Path) -> None:
    """A build whose metadata.json is broken is left as it is."""
    tree = make_build(tmp_path / "torch-cpu")
    (tree / "metadata.json").write_text('{"name": 1}', "utf-8")
    with pytest.raises(MetadataError):
        write_digest(tree)
    assert '{"name": 1}' == (tree / "metadata.json").read_text("utf-8")
