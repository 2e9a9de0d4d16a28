"""The pages on file formats name every key, and say the truth about those that are required."""

import dataclasses
import json
import re

import pytest
from support.projects import ROOT

from kernels.errors import MetadataError
from kernels.lock.format import KernelLock, VariantLock
from kernels.metadata import Metadata
from kernels.variant import parse_variant

REFERENCE = ROOT / "docs" / "reference"
#: What another builder writes, and is taken in as part of `python-depends`.
BY_BACKEND = "python-depends-backends"


def _rows(page: str, columns: int) -> list[list[str]]:
    """The rows of the tables of a page that have that many columns, without their heads."""
    lines = re.findall(r"^\| (`.*) \|$", (REFERENCE / page).read_text("utf-8"), re.MULTILINE)
    rows = [re.split(r" (?<!\\)\| ", line) for line in lines]
    return [row for row in rows if len(row) == columns]


def test_every_key_of_metadata_is_there() -> None:
    """The table has what the loader reads, and nothing else."""
    keys = {field.name.replace("_", "-") for field in dataclasses.fields(Metadata)} | {BY_BACKEND}
    assert sorted(f"`{key}`" for key in keys) == sorted(row[0] for row in _rows("metadata.md", 3))


@pytest.mark.parametrize("row", _rows("metadata.md", 3), ids=lambda row: str(row[0]))
def test_what_metadata_requires(row: list[str]) -> None:
    """Without a key that is required the example is refused for it; without any other it is taken."""
    found = re.search(r"```json\n(.*?)```", (REFERENCE / "metadata.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    document = json.loads(found[1])
    key = row[0].strip("`")
    if key != BY_BACKEND:
        del document[key]
    text = json.dumps(document)
    if row[1] == "yes":
        with pytest.raises(MetadataError, match=row[0]):
            Metadata.parse(text)
    else:
        Metadata.parse(text)


def test_every_key_of_a_lock_is_there() -> None:
    """The table has the keys of the form that is written."""
    keys = {field.name for of in (KernelLock, VariantLock) for field in dataclasses.fields(of)}
    only_newer = {"version", "revision"}
    assert {f"`{key}`" for key in keys - only_newer} == {row[0] for row in _rows("kernels-lock.md", 2)}


def test_every_form_of_a_name_is_there() -> None:
    """Each kind of variant has a row, whose examples are of that kind."""
    rows = re.findall(
        r"^\| [^|]+ \| `[^`]*` \| (`.*`) \|$", (REFERENCE / "variants.md").read_text("utf-8"), re.MULTILINE
    )
    kinds = [{type(parse_variant(name)).__name__ for name in re.findall(r"`([^`]+)`", row)} for row in rows]
    assert [{"TorchVariant"}, {"StableAbiVariant"}, {"TvmFfiVariant"}, {"NoarchVariant"}] == kinds
