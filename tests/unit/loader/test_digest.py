"""The digest of a build."""

import base64
import hashlib
from pathlib import Path

import pytest

from kernels.digest import Digest, digest_mismatches, digest_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A build with files of every kind."""
    for path in ("__init__.py", "sub/part.py", "metadata.json", "metadata.json.sigstore", "sub/metadata.json"):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(path, encoding="utf-8")
    for path in ("__pycache__/a.pyc", "sub/__pycache__/b.txt", "c.pyc"):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(b"bytecode")
    return tmp_path / "tree"


def test_digest_covers_the_files(tree: Path) -> None:
    """Every file counts but the metadata at the top, its signature and bytecode; hashes are in base64."""
    expected = {
        path: base64.b64encode(hashlib.sha256(path.encode()).digest()).decode()
        for path in ("__init__.py", "sub/metadata.json", "sub/part.py")
    }

    digest = digest_tree(tree)

    assert Digest("sha256", expected) == digest
    assert sorted(expected) == list(digest.files)


def test_other_algorithm(tree: Path) -> None:
    """SHA-512 gives longer hashes of the same files."""
    expected = base64.b64encode(hashlib.sha512(b"sub/part.py").digest()).decode()

    assert expected == digest_tree(tree, "sha512").files["sub/part.py"]


def test_large_files_are_hashed_whole(tree: Path) -> None:
    """A file of more than one read counts to its end."""
    contents = bytes(range(256)) * 5000
    (tree / "large.bin").write_bytes(contents)

    assert base64.b64encode(hashlib.sha256(contents).digest()).decode() == digest_tree(tree).files["large.bin"]


def test_a_tree_fits_its_own_digest(tree: Path) -> None:
    """Nothing is wrong with an unchanged tree."""
    assert [] == digest_mismatches(tree, digest_tree(tree))


def test_mismatches_name_the_file(tree: Path) -> None:
    """Missing, changed and unlisted files are each reported by name."""
    digest = digest_tree(tree)
    (tree / "__init__.py").write_text("changed", encoding="utf-8")
    (tree / "sub" / "part.py").unlink()
    (tree / "sub" / "new.py").write_text("", encoding="utf-8")

    expected = ["sub/part.py is missing", "__init__.py has changed", "sub/new.py is not in the digest"]
    assert expected == digest_mismatches(tree, digest)


def test_links_to_files_count_as_files(tree: Path) -> None:
    """The cache of the Hub client holds links to files; they have the digest of what they point to."""
    before = digest_tree(tree)
    (tree / "__init__.py").rename(tree.parent / "blob")
    (tree / "__init__.py").symlink_to("../blob")

    assert before == digest_tree(tree)


def test_links_to_folders_are_refused(tree: Path) -> None:
    """A digest that passes over a folder would not notice changes in it."""
    (tree / "sub").rename(tree.parent / "elsewhere")
    (tree / "sub").symlink_to("../elsewhere")

    with pytest.raises(OSError, match="no links to folders"):
        digest_tree(tree)


def test_a_missing_tree_is_an_error(tmp_path: Path) -> None:
    """The digest of nothing is not an empty digest."""
    with pytest.raises(FileNotFoundError):
        digest_tree(tmp_path / "nowhere")
