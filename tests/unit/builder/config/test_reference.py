"""The facts of the reference page."""

from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.reference import Key, reference
from kernel_builder.config.schema import SCHEMA_EDITIONS, json_schema


def _keys() -> dict[str, dict[str, Key]]:
    return {table.name: {key.name: key for key in table.keys} for table in reference().tables}


def test_every_table_is_there() -> None:
    """In the order of files, each with its keys."""
    options = [f"[general.{name}]" for name in ("hub", "cuda", "neuron", "tpu", "xpu")]
    frameworks = [f"[{name}]" for name in FRAMEWORKS]
    expected = ["[general]", *options, "[[general.kernel-depends]]", *frameworks, "[kernel.NAME]"]
    assert expected == list(_keys())


def test_the_tables_have_the_keys_of_the_schemas() -> None:
    """A key that any edition's schema has is in its table, and no other."""
    expected: dict[str, set[str]] = {}
    for edition in SCHEMA_EDITIONS:
        tables = json_schema(edition)["properties"]
        tables["kernel.NAME"] = tables.pop("kernel")["additionalProperties"]
        for name, table in tables.items():
            expected.setdefault(f"[{name}]", set()).update(table["properties"])
    found = {
        name: {spelling.strip("`") for key in keys for spelling in key.split(" or ")} for name, keys in _keys().items()
    }
    assert expected == {name: found[name] for name in expected}


def test_what_is_said_of_a_key() -> None:
    """Its type, words, default and editions, and its other name in newer editions."""
    general, kernel, noarch = (_keys()[name] for name in ("[general]", "[kernel.NAME]", "[torch-noarch]"))
    assert ("integer", ("5", "6"), "required since 5", "since 5") == (
        general["`edition`"].type,
        general["`edition`"].values,
        general["`edition`"].default,
        general["`edition`"].editions,
    )
    assert "string; since edition 6 also an array of strings" == general["`upstream`"].type
    assert ("required", "until 5") == (kernel["`backend`"].default, kernel["`backend`"].editions)
    assert ("since 6", "rust-cpu") == (kernel["`language`"].editions, kernel["`language`"].values[-1])
    assert '`["py", "pyi"]`' == noarch["`pyext`"].default
    assert "`cuda-capabilities` or `cuda_capabilities`" in noarch


def test_the_devices() -> None:
    """The newest CUDA comes first, and the last row is for all older ones."""
    rows = reference().cuda_capabilities
    assert ["13.0 and later", "12.8 and later", "older"] == [cuda for cuda, _ in rows]
    assert "9.0+PTX" == rows[-1][1][-1]
    assert "gfx942" in reference().rocm_archs
