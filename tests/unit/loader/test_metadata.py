"""`metadata.json`."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.metadata import COMMIT, FULL, MINIMAL

from kernels.digest import Digest
from kernels.errors import KernelNotFoundError, MetadataError
from kernels.metadata import MAX_BYTES, BackendInfo, KernelDependency, Metadata, read_metadata


def _mutated(document: dict[str, Any], path: list[str], value: object) -> str:
    changed = json.loads(json.dumps(document))
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return json.dumps(changed)


def test_required_keys_are_enough() -> None:
    """A document with the required keys is taken in, and the others have their defaults."""
    metadata = Metadata.parse(json.dumps(MINIMAL))

    assert (
        Metadata("_mykernel_cuda_7a4e5a7", "my-kernel", 1, "Apache-2.0", BackendInfo("cuda"), None, None, ())
        == metadata
    )
    assert metadata.python_name == "my_kernel"


def test_every_key_is_read() -> None:
    """A document with every key gives every attribute; unknown keys are passed over at every level."""
    expected = Metadata(
        id="_mykernel_cuda_7a4e5a7",
        name="my-kernel",
        version=1,
        license="Apache-2.0",
        backend=BackendInfo("cuda", ("8.0", "9.0+PTX")),
        upstream="https://example.org/upstream",
        source="git@example.org:o/r",
        python_depends=("einops", "nvidia-cutlass-dsl"),
        kernel_depends=(KernelDependency("o/one", version=2), KernelDependency("o/two", revision="main")),
        digest=Digest("sha256", {"a.py": "YQ==", "b.py": "Yg=="}),
        provenance=FULL["provenance"],
        kernels_minver="0.17.0",
    )

    assert expected == Metadata.parse(json.dumps(FULL).encode())


def test_the_example_of_the_reference_is_read() -> None:
    """The document that the reference shows is valid."""
    document = """{
      "name": "mykernel",
      "id": "_mykernel_cuda_7a4e5a7",
      "version": 1,
      "license": "Apache-2.0",
      "python-depends": ["einops"],
      "backend": {
        "type": "cuda",
        "archs": ["7.0", "7.2", "7.5", "8.0", "8.6", "8.7", "8.9", "9.0+PTX"]
      }
    }"""

    assert Metadata.parse(document).python_depends == ("einops",)


@pytest.mark.parametrize("key", ["upstream", "source", "python-depends", "digest", "provenance", "kernels-minver"])
def test_optional_keys_may_be_null(key: str) -> None:
    """A key that is null is a key that is not there."""
    assert Metadata.parse(json.dumps(MINIMAL)) == Metadata.parse(json.dumps({**MINIMAL, key: None}))


@pytest.mark.parametrize("key", sorted(MINIMAL))
def test_required_keys_are_required(key: str) -> None:
    """Each required key is reported when it is missing, and when it is null."""
    without = {name: value for name, value in MINIMAL.items() if name != key}

    with pytest.raises(MetadataError, match=f"^`{key}` is missing$"):
        Metadata.parse(json.dumps(without))
    with pytest.raises(MetadataError, match=f"^`{key}` is null, expected "):
        Metadata.parse(json.dumps({**without, key: None}))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("id", "not a name", '`id` is "not a name", expected a Python identifier in ASCII'),
        ("id", "../x", "`id` is"),
        ("id", "a.b", "`id` is"),
        ("id", "", "`id` is"),
        ("id", "class", "`id` is"),
        ("id", "_k\u00e9rnel", "`id` is"),
        ("id", "x\n", "`id` is"),
        ("id", 1, "`id` is 1"),
        ("name", "My-Kernel", "`name` is"),
        ("name", "x", "`name` is"),
        ("name", "-x", "`name` is"),
        ("name", "../x", "`name` is"),
        ("version", "1", "`version` is"),
        ("version", -1, "`version` is -1, expected a whole number of 0 or more"),
        ("version", True, "`version` is true"),
        ("version", 1.0, "`version` is 1.0"),
        ("license", ["MIT"], "`license` is"),
        ("backend", "cuda", '`backend` is "cuda", expected an object'),
        ("backend.type", "CUDA", '`backend.type` is "CUDA", expected one of cann, cpu, cuda'),
        ("backend.type", ["cuda"], "`backend.type` is"),
        ("backend.archs", "9.0", '`backend.archs` is "9.0", expected a list of strings'),
        ("upstream", 1, "`upstream` is 1, expected a string"),
        ("python-depends", [1], "`python-depends` is"),
        ("python-depends-backends", [], "`python-depends-backends` is"),
        ("python-depends-backends.cuda", "einops", "`python-depends-backends.cuda` is"),
        ("kernel-depends", [1], "`kernel-depends` is"),
        ("kernel-depends", [{"repo-id": "o/r"}], r"`kernel-depends[0]` is"),
        ("kernel-depends", [{"repo-id": "o/r", "version": 1, "revision": "x"}], r"`kernel-depends[0]` is"),
        ("kernel-depends", [{"repo-id": "o/r", "version": 1, "other": 1}], r"`kernel-depends[0]` is"),
        ("kernel-depends", [{"repo-id": "o/r", "version": "1"}], r"`kernel-depends[0]` is"),
        ("kernel-depends", [{"version": 1}], r"`kernel-depends[0]` is"),
        ("digest", "abc", "`digest` is"),
        ("digest", {}, "`digest.files` is missing; `digest.algorithm` is missing"),
        ("digest.algorithm", "md5", '`digest.algorithm` is "md5", expected one of sha256, sha512'),
        ("digest.files", {"a": 1}, "`digest.files` is"),
        ("provenance", [], "`provenance` is"),
        ("provenance.kernel", 1, "`provenance.kernel` is"),
        ("provenance.kernel", {"commit": "abc", "dirty": True}, "`provenance.kernel.commit` is"),
        ("provenance.kernel", {"sha": COMMIT}, "`provenance.kernel` needs `commit` and `dirty` together"),
        ("provenance.kernel-builder", {"dirty": True}, "`provenance.kernel-builder` needs"),
        ("kernels-minver", "0.17", "`kernels-minver` is"),
        ("kernels-minver", "9" * 10 + ".0.0", "`kernels-minver` is"),
        ("id", "x" * 201, "`id` is"),
        ("name", "x" * 97, "`name` is"),
        ("license", "\ud800", 'not usable: it holds "\\ud800", which is no Unicode'),
        ("future", {"\udcff": 1}, 'not usable: it holds "\\udcff", which is no Unicode'),
        ("provenance.kernel.dirty", float("nan"), "not usable: it holds the number NaN"),
        ("future", [float("-inf")], "not usable: it holds the number -Infinity"),
    ],
)
def test_wrong_forms_are_refused(path: str, value: object, complaint: str) -> None:
    """A value of another form is refused, with the path of its key."""
    with pytest.raises(MetadataError) as caught:
        Metadata.parse(_mutated(FULL, path.split("."), value))

    assert str(caught.value).startswith(complaint)


def test_all_problems_are_reported_at_once() -> None:
    """Everything that is wrong with a document is in one error."""
    document = {"id": "x y", "version": -1, "license": "MIT", "backend": {"type": "gpu", "archs": 1}}

    with pytest.raises(MetadataError) as caught:
        Metadata.parse(json.dumps(document))

    keys = [problem.split("`")[1] for problem in str(caught.value).split("; ")]
    assert ["backend.type", "backend.archs", "id", "name", "version"] == keys


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe\xff", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b"9" * 10_000, "not "),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_other_documents_are_refused(document: bytes, complaint: str) -> None:
    """What is no JSON object of a sane size is refused."""
    with pytest.raises(MetadataError, match=complaint):
        Metadata.parse(document)


@pytest.mark.parametrize("depth", [64, 900, 990, 2000, 20_000])
def test_deep_values_are_refused(depth: int) -> None:
    """A document that is nested more deeply than any that is meant well is refused, at any depth."""
    document = json.dumps({**MINIMAL, "future": 1}).replace('"future": 1', '"future": ' + "[" * depth + "]" * depth)

    with pytest.raises(MetadataError, match=r"more than 64 levels deep|not valid JSON"):
        Metadata.parse(document)


def test_the_longest_names_and_the_deepest_values() -> None:
    """What is just within the bounds is taken in."""
    document = json.dumps({**MINIMAL, "id": "x" * 200, "name": "x" * 96, "future": "deep"})

    metadata = Metadata.parse(document.replace('"deep"', "[" * 63 + "]" * 63))

    assert ("x" * 200, "x" * 96) == (metadata.id, metadata.name)


def test_the_file_of_a_build_is_read(tmp_path: Path) -> None:
    """The metadata of a build stands in its folder."""
    (tmp_path / "metadata.json").write_text(json.dumps(FULL), encoding="utf-8")

    assert Metadata.parse(json.dumps(FULL)) == read_metadata(tmp_path)


def test_a_folder_without_metadata_is_no_build(tmp_path: Path) -> None:
    """The error says which folder has no metadata."""
    with pytest.raises(KernelNotFoundError) as caught:
        read_metadata(tmp_path)

    assert f"{tmp_path} is not a build of a kernel: it has no metadata.json" == str(caught.value)


def test_problems_carry_the_path_of_the_file(tmp_path: Path) -> None:
    """The error of a file starts with its path."""
    (tmp_path / "metadata.json").write_text("[]", encoding="utf-8")

    with pytest.raises(MetadataError) as caught:
        read_metadata(tmp_path)

    assert f"{tmp_path / 'metadata.json'}: not a JSON object" == str(caught.value)
