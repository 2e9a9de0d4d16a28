"""`kernels.lock`, read and written."""

import json
import os
import stat
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import LockError, LockNotFoundError
from kernels.lock import KernelLock, VariantLock, read_lock, write_lock
from kernels.lock.format import MAX_BYTES

COMMIT = "ece277f908b9453112722d584fee4b5696f21c49"
HASHES = [f"sha256-{digit * 64}" for digit in "0a"]
VARIANTS = ["torch210-cu128-x86_64-windows", "torch29-metal-aarch64-darwin"]

#: The layout of the reference's example.
DOCUMENTED = f"""\
[
  {{
    "repo_id": "kernels-community/activation",
    "sha": "{COMMIT}",
    "variants": {{
      "{VARIANTS[0]}": {{
        "hash": "{HASHES[0]}",
        "hash_type": "git_lfs_concat"
      }},
      "{VARIANTS[1]}": {{
        "hash": "{HASHES[1]}",
        "hash_type": "git_lfs_concat"
      }}
    }}
  }}
]
"""
ACTIVATION = KernelLock(
    "kernels-community/activation",
    COMMIT,
    {name: VariantLock(value) for name, value in zip(VARIANTS, HASHES, strict=True)},
)
HASHED: dict[str, Any] = json.loads(DOCUMENTED)[0]
NEWER: dict[str, Any] = {"dependency": {"repo-id": "o/newer", "version": 2}, "lock": {"commit": COMMIT}}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for the lock of one test after the other."""
    return tmp_path_factory.mktemp("lock") / "kernels.lock"


def _read(path: Path, document: object) -> dict[str, KernelLock]:
    path.write_text(json.dumps(document), "utf-8")
    return read_lock(path)


def _complaints(path: Path, document: object) -> list[str]:
    with pytest.raises(LockError) as caught:
        _read(path, document)
    place, *problems, advice = str(caught.value).replace(f"{path}: ", f"{path}; ", 1).split("; ")
    assert [str(path), "write it anew with `kernels lock`"] == [place, advice]
    return problems


def test_the_documented_file_is_read(path: Path) -> None:
    """A file as the reference shows it gives the commit and the hashes of each kernel."""
    path.write_text(DOCUMENTED, "utf-8")

    assert {ACTIVATION.repo_id: ACTIVATION} == read_lock(path)
    assert {ACTIVATION.repo_id: ACTIVATION} == read_lock(str(path))


def test_the_documented_file_is_written(tmp_path: Path) -> None:
    """What is written has the layout that the reference shows, to the byte."""
    write_lock(tmp_path / "kernels.lock", {ACTIVATION.repo_id: ACTIVATION})

    assert DOCUMENTED.encode() == (tmp_path / "kernels.lock").read_bytes()


def test_the_order_of_the_locks_does_not_matter(tmp_path: Path) -> None:
    """The same locks give the same bytes: repositories and builds are sorted."""
    assert ACTIVATION.variants is not None
    backwards = KernelLock(ACTIVATION.repo_id, COMMIT, {name: ACTIVATION.variants[name] for name in reversed(VARIANTS)})
    other = KernelLock("a/b", COMMIT, {})
    write_lock(tmp_path / "one", {"a/b": other, ACTIVATION.repo_id: ACTIVATION})
    write_lock(tmp_path / "two", {ACTIVATION.repo_id: backwards, "a/b": other})

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert ["a/b", ACTIVATION.repo_id] == list(read_lock(tmp_path / "one"))


def test_the_newer_form_is_read(path: Path) -> None:
    """The form of newer loaders gives the commit and what was asked for; it has no hashes."""
    branch = {"dependency": {"repo-id": "o/branch", "revision": "main"}, "lock": {"commit": "A" * 64}}

    expected = {
        "o/newer": KernelLock("o/newer", COMMIT, None, version=2),
        "o/branch": KernelLock("o/branch", "a" * 64, None, revision="main"),
        ACTIVATION.repo_id: ACTIVATION,
    }
    assert expected == _read(path, [NEWER, branch, HASHED])


def test_a_lock_may_be_empty(path: Path) -> None:
    """A project without kernels has a lock without entries."""
    write_lock(path, {})

    assert b"[]\n" == path.read_bytes()
    assert {} == read_lock(path)


def test_names_that_are_no_variant_are_kept(path: Path) -> None:
    """Other loaders lock every folder whose name starts like that of a build."""
    entry = {**HASHED, "variants": {"torch-cpu-old": {"hash": HASHES[0], "hash_type": "git_lfs_concat"}}}

    assert {"torch-cpu-old": VariantLock(HASHES[0])} == _read(path, [entry])[ACTIVATION.repo_id].variants


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "it is {}, expected a list with an object for each kernel"),
        (None, "it is null, expected a list with an object for each kernel"),
        (["x"], '`[0]` is "x", expected an object'),
        ([{**HASHED, "files": []}], '`[0]` has the key "files", expected repo_id and sha and variants'),
        (
            [{**HASHED, "repo_id": "../../etc"}],
            '`[0].repo_id` is "../../etc", expected a repository such as owner/name',
        ),
        ([{**HASHED, "repo_id": "o/.."}], '`[0].repo_id` is "o/..", expected a repository such as owner/name'),
        ([{**HASHED, "repo_id": "o/r\n"}], '`[0].repo_id` is "o/r\\n", expected a repository such as owner/name'),
        ([{**HASHED, "repo_id": "name"}], '`[0].repo_id` is "name", expected a repository such as owner/name'),
        ([{**HASHED, "sha": COMMIT[:7]}], '`[0].sha` is "ece277f", expected a full commit'),
        ([{**HASHED, "sha": None}], "`[0].sha` is null, expected a full commit"),
        ([{**HASHED, "variants": []}], "`[0].variants` is [], expected an object"),
        (
            [{**HASHED, "variants": {"../x": {}}}],
            '`[0].variants` has the key "../x", expected the name of a build',
        ),
        (
            [{**HASHED, "variants": {"torch-cpu": HASHES[0]}}],
            f'`[0].variants.torch-cpu` is "{HASHES[0][:56]}..., expected an object',
        ),
        (
            [{**HASHED, "variants": {"torch-cpu": {"hash": HASHES[0], "hash_type": "md5"}}}],
            '`[0].variants.torch-cpu.hash_type` is "md5", expected git_lfs_concat',
        ),
        (
            [{**HASHED, "variants": {"torch-cpu": {"hash": "sha256-0", "hash_type": "git_lfs_concat"}}}],
            '`[0].variants.torch-cpu.hash` is "sha256-0", expected sha256- and 64 hexadecimal digits',
        ),
        (
            [{**HASHED, "variants": {"torch-cpu": {"hash": HASHES[0], "hash_type": "git_lfs_concat", "size": 1}}}],
            '`[0].variants.torch-cpu` has the key "size", expected hash and hash_type',
        ),
        ([HASHED, {**NEWER, "sha": COMMIT}], '`[1]` has the key "sha", expected dependency and lock'),
        (
            [{**NEWER, "dependency": {"repo-id": "o/r", "branch": "x", "version": 1}}],
            '`[0].dependency` has the key "branch", expected repo-id and version and revision',
        ),
        (
            [{**NEWER, "dependency": {"repo-id": "o/r"}}],
            "`[0].dependency` needs one of `version` and `revision`",
        ),
        (
            [{**NEWER, "dependency": {"repo-id": "o/r", "version": 1, "revision": "main"}}],
            "`[0].dependency` needs one of `version` and `revision`",
        ),
        (
            [{**NEWER, "dependency": {"repo-id": "o/r", "version": True}}],
            "`[0].dependency.version` is true, expected a whole number of 0 or more",
        ),
        ([{**NEWER, "lock": {"commit": COMMIT, "hash": 1}}], '`[0].lock` has the key "hash", expected commit'),
        ([{**NEWER, "lock": {}}], "`[0].lock.commit` is missing"),
        ([{"dependency": NEWER["dependency"]}], "`[0].lock` is missing"),
        ([HASHED, HASHED], "`[1]` is about kernels-community/activation, which is locked further up"),
        (
            [NEWER, {**NEWER, "dependency": {"repo-id": "o/newer", "version": 3}}],
            "`[1]` is about o/newer, which is locked further up",
        ),
    ],
)
def test_other_documents_are_refused(path: Path, document: object, complaint: str) -> None:
    """What is not of a known form is refused, with the index and the key."""
    assert [complaint] == _complaints(path, document)


@pytest.mark.parametrize("key", ["repo_id", "sha", "variants"])
def test_each_key_is_needed(path: Path, key: str) -> None:
    """An entry that lacks a key is refused."""
    assert [f"`[0].{key}` is missing"] == _complaints(
        path, [{name: value for name, value in HASHED.items() if name != key}]
    )


def test_keys_that_stand_twice_are_refused(path: Path) -> None:
    """JSON lets a key stand twice; it could mean one thing to us and another to the next reader."""
    path.write_text(DOCUMENTED.replace('"sha"', f'"sha": "{"0" * 40}", "sha"'), "utf-8")

    with pytest.raises(LockError, match='the key "sha" stands twice in one object'):
        read_lock(path)


def test_all_problems_are_reported_at_once(path: Path) -> None:
    """One error has every problem of every entry."""
    document = [{"repo_id": 1, "sha": 2, "variants": 3}, 4, {"dependency": {}, "lock": {"commit": 5}}]

    keys = [problem.split("`")[1] for problem in _complaints(path, document)]
    expected = ["[0].repo_id", "[0].sha", "[0].variants", "[1]", "[2].dependency.repo-id", "[2].dependency"]
    assert [*expected, "[2].lock.commit"] == keys


def test_a_file_with_countless_problems_has_a_readable_error(path: Path) -> None:
    """Another kind of file, however long, does not flood the terminal."""
    problems = _complaints(path, [1] * 1_000_000)

    assert [f"`[{index}]` is 1, expected an object" for index in range(100)] == problems[:-1]
    assert "and 999900 more" == problems[-1]


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"", "not valid JSON"),
        (b"[", "not valid JSON"),
        (b"\xff\xfe\xff", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b"9" * 10_000, "not valid JSON"),
        (b" " * (MAX_BYTES + 1), f"larger than {MAX_BYTES} bytes"),
    ],
)
def test_files_that_are_no_document_are_refused(path: Path, document: bytes, complaint: str) -> None:
    """What is no JSON of a sane size is refused with the path of the file."""
    path.write_bytes(document)

    with pytest.raises(LockError) as caught:
        read_lock(path)

    assert str(caught.value).startswith(f"{path}: {complaint}")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """A lock that is not there can be caught as a missing file, and as the value error that other loaders raise."""
    with pytest.raises(LockNotFoundError) as caught:
        read_lock(tmp_path / "kernels.lock")

    assert f"{tmp_path / 'kernels.lock'} does not exist; write it with `kernels lock`" == str(caught.value)
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", [".", "a\0b"])
def test_what_is_no_file_cannot_be_read(tmp_path: Path, name: str) -> None:
    """A path that cannot be opened is an error of ours."""
    with pytest.raises(LockError, match="cannot be read: "):
        read_lock(f"{tmp_path}/{name}")


def test_a_lock_without_hashes_is_not_written(tmp_path: Path) -> None:
    """A lock that was read from the newer form has nothing to write; the old file stays."""
    path = tmp_path / "kernels.lock"
    path.write_bytes(b"old")

    with pytest.raises(LockError, match=r"^the lock of o/r has no hashes of its builds; make it anew"):
        write_lock(path, {"o/r": KernelLock("o/r", COMMIT, None, version=1)})

    assert {"kernels.lock": b"old"} == {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_new_file_is_as_any_new_file_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    """Replacing the file does not change who may read it."""
    path = tmp_path / "kernels.lock"
    (tmp_path / "plain").write_bytes(b"")
    write_lock(path, {})
    assert (tmp_path / "plain").stat().st_mode == path.stat().st_mode

    path.chmod(0o640)
    write_lock(path, {})
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing to a link writes to the file that it leads to."""
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "kernels.lock").symlink_to("real")

    write_lock(tmp_path / "kernels.lock", {})

    assert (tmp_path / "kernels.lock").is_symlink()
    assert b"[]\n" == (tmp_path / "real").read_bytes()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where the file cannot be put in place, what was written beside it is removed."""
    (tmp_path / "kernels.lock").mkdir()

    with pytest.raises(OSError, match=r"kernels\.lock"):
        write_lock(tmp_path / "kernels.lock", {})

    assert ["kernels.lock"] == [entry.name for entry in tmp_path.iterdir()]


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(document: object, place: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The way to every value of a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place, *(inner for key, value in items for inner in _places(value, (*place, key)))]


def _mutated(place: tuple[Any, ...], change: str, key: str, value: object) -> str:
    document = {"document": deepcopy([HASHED, NEWER])}
    *way, last = ("document", *place)
    target: Any = document
    for step in way:
        target = target[step]
    if change == "replace":
        target[last] = value
    elif change == "remove" and place:
        del target[last]
    elif isinstance(target[last], dict):
        target[last][key] = value
    elif isinstance(target[last], list):
        target[last].append(value)
    return json.dumps(document["document"])


_near = st.builds(
    _mutated,
    st.sampled_from(_places([HASHED, NEWER])),
    st.sampled_from(["replace", "remove", "add"]),
    st.sampled_from(["repo_id", "version", "revision", "hash"]) | st.text(max_size=8),
    st.sampled_from([HASHED, NEWER, COMMIT, HASHES[0], "o/r", 1]) | _json,
)


def _check_any(path: Path, document: bytes) -> None:
    """Read a document; the only error is ours, can be printed, and names the file."""
    path.write_bytes(document)
    try:
        locks, refusal = read_lock(path), f"{path}: "
    except LockError as error:
        locks, refusal = {}, str(error)
    assert refusal.encode().startswith(f"{path}: ".encode())
    hashed = {repo_id: lock for repo_id, lock in locks.items() if lock.variants is not None}
    if hashed:
        write_lock(path, hashed)
        assert hashed == read_lock(path)


@settings(max_examples=4000, deadline=None, derandomize=True)
@given(st.binary(max_size=64))
def test_any_bytes_are_taken_in_or_refused(path: Path, document: bytes) -> None:
    """Whatever bytes the file has, the only error is ours."""
    _check_any(path, document)


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(_json)
def test_any_value_is_taken_in_or_refused(path: Path, document: object) -> None:
    """Whatever value the file has, the only error is ours."""
    _check_any(path, json.dumps(document).encode())


@settings(max_examples=4000, deadline=None, derandomize=True)
@given(_near)
def test_any_change_of_a_lock_is_taken_in_or_refused(path: Path, document: str) -> None:
    """Whatever is changed in a valid file, the only error is ours, and what is taken in can be written and read."""
    _check_any(path, document.encode())
