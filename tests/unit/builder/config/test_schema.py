"""The JSON schema of build.toml."""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli
from jsonschema import Draft7Validator
from support.projects import ROOT

from kernel_builder.config.document import read_document
from kernel_builder.config.editions.detect import IMPLICIT_EDITION
from kernel_builder.config.positions import Positions
from kernel_builder.config.schema import SCHEMA_EDITIONS, json_schema
from kernels.backend import COMPILED_BACKENDS

_VALIDATORS = {edition: Draft7Validator(json_schema(edition)) for edition in SCHEMA_EDITIONS}


def _document(edition: int) -> dict[str, Any]:
    """A file of an edition that uses every table of a `[torch]` kernel, and most of its keys."""
    general: dict[str, Any] = {
        "name": "my-relu",
        "version": 1,
        "license": "MIT",
        "backends": ["cuda", "rocm", "xpu", "cpu", "metal"],
        "upstream": "https://host/o/r.git",
        "python-depends": ["einops"],
        "hub": {"repo-id": "o/r", "branch": "v1"},
        "cuda": {"minver": "12.6", "maxver": "13", "python-depends": ["nvidia-cutlass-dsl"]},
    }
    stable_abi: Any = "2.10"
    if edition > IMPLICIT_EDITION:
        general |= {"edition": edition, "kernel-depends": [{"repo-id": "o/r", "version": 1}], "tpu": {}}
        stable_abi = {"cuda": "2.10", "cpu": "2.11"}
    own: dict[str, dict[str, Any]] = {
        "cuda": {"cuda-capabilities": ["9.0a", "8.0+PTX"], "cuda-flags": ["-O3"], "cuda-minver": "12.8"},
        "rocm": {"rocm-archs": ["gfx942"], "hip-flags": ["-O3"]},
        "xpu": {"sycl-flags": ["-O3"]},
    }
    kernels: dict[str, Any] = {}
    for backend in COMPILED_BACKENDS:
        ending = {"cuda": "cu", "rocm": "hip", "metal": "mm"}.get(backend, "cpp")
        common = {"depends": ["torch"], "src": [f"{backend}/a.{ending}"], "include": ["."], "cxx-flags": ["-O3"]}
        word = {"backend": backend} if edition < 6 else {"language": f"cpp-{backend}"}
        kernels[backend] = {**word, **common, **own.get(backend, {})}
    if edition == 6:
        general["upstream"] = ["https://host/o/r.git", "git@host:o/r.git"]
        kernels["rust"] = {"language": "rust-cpu", "depends": [], "cargo-manifest": "rust/Cargo.toml"}
    torch = {"src": ["torch-ext/a.cpp"], "pyext": ["py"], "minver": "2.9", "maxver": "2.12", "stable-abi": stable_abi}
    return {"general": general, "torch": torch, "kernel": kernels}


def _reads(document: Any) -> bool:
    return not read_document(document, Positions()).errors


def _validates(document: Any, edition: int) -> bool:
    return bool(_VALIDATORS[edition].is_valid(document))


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every table of a document, but for those whose keys are names."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from inner.values() if key == "kernel" else [inner]
            yield from () if key == "kernel" else _tables(inner)


def _unknown_key(table: dict[str, Any], key: str, rng: random.Random) -> None:
    table[f"{key}{rng.choice('xyz')}"] = table[key]


def _misspelled_key(table: dict[str, Any], key: str, rng: random.Random) -> None:
    at = rng.randrange(len(key))
    table[f"{key[:at]}{key[at + 1 :]}q"] = table.pop(key)


def _wrong_type(table: dict[str, Any], key: str, rng: random.Random) -> None:
    value = table[key]
    others = [1.5, True, 7 if not isinstance(value, int) else "7"]
    table[key] = rng.choice([*others, [1] if isinstance(value, list) else [[]]])


def _bad_word(table: dict[str, Any], key: str, rng: random.Random) -> None:
    value = table[key]
    bad = rng.choice(["Gpu!", "", "no such/../thing", "\\"])
    table[key] = [*value, bad] if isinstance(value, list) else bad


_MUTATIONS: tuple[Callable[[dict[str, Any], str, random.Random], None], ...] = (
    _unknown_key,
    _misspelled_key,
    _wrong_type,
    _bad_word,
)
#: Keys whose texts may be nearly anything, so that a schema cannot tell a bad one.
_FREE = ("license", "python-depends", "include", "src", "pyext", "cargo-manifest")


@pytest.mark.parametrize("edition", SCHEMA_EDITIONS)
def test_the_schema_is_one(edition: int) -> None:
    """It obeys the meta-schema of draft 7, and nothing in it leads to another document."""
    schema = json_schema(edition)
    Draft7Validator.check_schema(schema)
    assert "http://json-schema.org/draft-07/schema#" == schema.pop("$schema")
    assert "//" not in json.dumps(schema)


@pytest.mark.parametrize("edition", SCHEMA_EDITIONS)
def test_a_whole_file_validates(edition: int) -> None:
    """A file with nearly every key is right for the schema and the reader, and for no other edition's schema."""
    document = _document(edition)
    assert (True, True) == (_reads(document), _validates(document, edition))
    assert [] == [other for other in SCHEMA_EDITIONS if other != edition and _validates(document, other)]


@pytest.mark.parametrize("edition", SCHEMA_EDITIONS)
def test_schema_and_reader_agree_on_mutated_files(edition: int) -> None:
    """Of 500 files with one mistake each, the reader refuses all that the schema does, which tells most of them."""
    rng = random.Random(edition)  # noqa: S311 - the same files in every run
    lenient = []
    for _ in range(500):
        document = _document(edition)
        places = [(table, key) for table in _tables(document) for key in table if not isinstance(table[key], dict)]
        (table, key), mutate = rng.choice(places), rng.choice(_MUTATIONS)
        mutate(table, key, rng)
        reads, validates = _reads(document), _validates(document, edition)
        assert not (reads and not validates), (mutate.__name__, key, document)
        if validates and not reads and not (mutate is _bad_word and key in _FREE):
            lenient.append((mutate.__name__, key, table))
    assert [] == lenient


@pytest.mark.parametrize("edition", SCHEMA_EDITIONS)
def test_what_is_required_is_missed(edition: int) -> None:
    """Without a required key or table neither takes the file; without another key, both do."""
    for name in ("general", "torch"):
        document = _document(edition)
        del document[name]
        assert (name, False) == (name, _validates(document, edition))
    for index in range(len(list(_tables(_document(edition))))):
        for key in list(list(_tables(_document(edition)))[index]):
            document = _document(edition)
            del list(_tables(document))[index][key]
            if key != "edition":
                assert (key, _reads(document)) == (key, _validates(document, edition))


@pytest.mark.parametrize(
    ("table", "keys", "expected"),
    [
        ("torch-noarch", {"cuda_capabilities": ["9.0"], "rocm_archs": ["gfx942"]}, True),
        ("torch-noarch", {"cuda-capabilities": ["9.0"]}, True),
        ("torch-noarch", {"cuda-capabilities": ["9.0"], "cuda_capabilities": ["9.0"]}, False),
        ("torch-noarch", {"cuda-capabilities": ["90"]}, False),
        ("torch-noarch", {"src": []}, False),
        ("tvm-ffi", {"src": []}, True),
        ("tvm-ffi", {}, False),
    ],
)
def test_the_other_frameworks(table: str, keys: dict[str, Any], expected: bool) -> None:
    """Both spellings of a key are taken, one at a time."""
    general = {"name": "my-relu", "version": 1, "edition": 5, "license": "MIT", "backends": ["cuda"]}
    document = {"general": general, table: keys}
    assert (expected, expected) == (_reads(document), _validates(document, 5))


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/build.toml")), ids=lambda path: path.parent.name)
def test_the_examples_validate(path: Path) -> None:
    """The projects of this repository are right for the schema of their edition."""
    document = tomli.loads(path.read_text("utf-8"))
    assert [] == list(_VALIDATORS[document["general"].get("edition", IMPLICIT_EDITION)].iter_errors(document))


@pytest.mark.skipif("KERNELS_CORPUS" not in os.environ, reason="KERNELS_CORPUS names no folder of build.toml files")
def test_the_corpus_validates() -> None:
    """So are real kernels' files."""
    for path in sorted(Path(os.environ["KERNELS_CORPUS"]).glob("*.toml")):
        document = tomli.loads(path.read_text("utf-8"))
        validator = _VALIDATORS[document["general"].get("edition", IMPLICIT_EDITION)]
        assert (path.name, []) == (path.name, list(validator.iter_errors(document)))
