"""`git_lfs_concat`."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.errors import LockError
from kernels.lock.concat import git_lfs_concat

BLOB = "0a979d4ef477386ba3190fbb0d977e160cd8329f"  # git hash-object of "value = 1\n"
LFS = "b413f47d13ee2fe6c845b2ee141af81de858df4ec549a58b7970bb96645bc8d2"  # sha256sum of the bytes 0 and 1
FILES = {"z\u00e9.py": BLOB, "lib/_ops.abi3.so": LFS, "__init__.py": BLOB}


def test_the_hash_is_the_one_that_git_and_coreutils_make() -> None:
    """The hash of three files is what `git hash-object` and `sha256sum` make of them, put together by hand."""
    assert "sha256-7b9da98ead9d55509569e1c69486129b91c6f1b2320f6c5400723698ba12c353" == git_lfs_concat(FILES)


def test_no_files_are_the_empty_hash() -> None:
    """A build without files has the SHA-256 of nothing."""
    assert "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == git_lfs_concat({})


@pytest.mark.parametrize("path", ["a.pyc", "lib/a.pyc", "__pycache__/a.py", "lib/__pycache__/a.cpython-311.pyc"])
def test_bytecode_is_passed_over(path: str) -> None:
    """Bytecode does not change the hash, whatever its own hash is."""
    assert git_lfs_concat(FILES) == git_lfs_concat({**FILES, path: "none"})


def test_files_are_in_the_order_of_their_bytes() -> None:
    """The order is that of UTF-8, in which `-` comes before `/`, and not that of the parts of a path."""
    assert git_lfs_concat({"a-b": BLOB, "a/b": LFS}) == git_lfs_concat({"a/b": LFS, "a-b": BLOB})
    assert git_lfs_concat({"a-": BLOB, "a/": LFS}) != git_lfs_concat({"a-": LFS, "a/": BLOB})


@given(
    st.dictionaries(st.text(), st.sampled_from([BLOB, LFS]), min_size=1, max_size=5), st.randoms(use_true_random=False)
)
def test_the_order_of_the_listing_does_not_matter(files: dict[str, str], random: Random) -> None:
    """The same files give the same hash, in whatever order they are listed."""
    items = list(files.items())
    random.shuffle(items)

    assert git_lfs_concat(files) == git_lfs_concat(dict(items))


@pytest.mark.parametrize("change", [{"z\u00e9.py": LFS}, {"new.py": BLOB}])
def test_another_file_is_another_hash(change: dict[str, str]) -> None:
    """A file that changes or is added changes the hash."""
    assert git_lfs_concat(FILES) != git_lfs_concat({**FILES, **change})


def test_the_case_of_a_hash_does_not_matter() -> None:
    """Hexadecimal digits are the same in both cases."""
    assert git_lfs_concat(FILES) == git_lfs_concat({path: oid.upper() for path, oid in FILES.items()})


@pytest.mark.parametrize("oid", ["", "0" * 39, "g" * 40, "0" * 41, f"{BLOB}\n"])
def test_other_hashes_are_refused(oid: str) -> None:
    """The hash of a file is a SHA-1 or a SHA-256 in hexadecimal."""
    with pytest.raises(LockError, match="is neither a SHA-1 nor a SHA-256"):
        git_lfs_concat({"a": oid})


def test_paths_that_are_no_text_are_refused() -> None:
    """A path that UTF-8 cannot say is refused with an error that can be printed."""
    with pytest.raises(LockError, match=r"the path '\\ud800' is no text"):
        git_lfs_concat({"\ud800": BLOB})
