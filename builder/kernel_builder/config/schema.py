"""The JSON schema of `build.toml`, made from the model.

The schema is of draft 7, which the editors' extensions for TOML read. It says less than the reader: what one key asks
of another, and what the files of the project have to be, only `kernel-builder check-config` can tell. Whatever the
reader accepts, it accepts too.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from typing import Any

from kernel_builder.config.bound import VERSION, Bound
from kernel_builder.config.editions.components import LANGUAGES
from kernel_builder.config.model import (
    FRAMEWORKS,
    BackendOptions,
    General,
    Hub,
    KernelComponent,
    KernelDepend,
)
from kernel_builder.config.report import WRITTEN_EDITION
from kernel_builder.config.structure import LARGEST_INTEGER, FieldSpec, field_specs
from kernel_builder.config.values import PATTERNS, VALUES
from kernels.backend import BACKENDS

__all__ = ["EDITION_DOC", "SCHEMA_EDITIONS", "has_key", "json_schema", "spelled"]

#: The editions that there is a schema for; 4 is that of files without the key `edition`.
SCHEMA_EDITIONS = (4, 5, 6)

#: What the key `edition` is, which is no part of the model.
EDITION_DOC = "The edition of the format that the file is written in."

_DRAFT = "http://json-schema.org/draft-07/schema#"
_Schema = dict[str, Any]


def json_schema(edition: int = WRITTEN_EDITION) -> _Schema:
    """The JSON schema of one edition, which must be one of `SCHEMA_EDITIONS`."""
    frameworks = {key: _table(cls, edition) for key, cls in FRAMEWORKS.items()}
    return {
        "$schema": _DRAFT,
        "title": f"build.toml, edition {edition}",
        "description": "What kernel-builder builds, and how.",
        "type": "object",
        "properties": {
            "general": _general(edition),
            **frameworks,
            "kernel": {
                "description": "The components, by name.",
                "type": "object",
                "additionalProperties": _component(edition),
            },
        },
        "required": ["general"],
        "oneOf": [{"required": [key]} for key in frameworks],
        "additionalProperties": False,
    }


def _general(edition: int) -> _Schema:
    schema = _table(General, edition)
    if edition > SCHEMA_EDITIONS[0]:
        number = {"description": EDITION_DOC, "type": "integer", "const": edition}
        schema["properties"] = {"edition": number, **schema["properties"]}
        schema["required"] = ["edition", *schema["required"]]
    return schema


def _component(edition: int) -> _Schema:
    """A component, whose backend tells which keys it takes; in Rust it has a manifest in the place of sources."""
    schema = _table(KernelComponent, edition)
    specs = [spec for spec in field_specs(KernelComponent) if has_key(spec, edition)]
    backend = next(spec for spec in specs if spec.name == "backend")
    key, words = spelled(backend, edition)
    has_rust = "cargo-manifest" in schema["properties"]
    if has_rust:
        schema["required"].remove("src")
    conditions = []
    for word, owner in words:
        foreign = [spec.key for spec in specs if owner not in spec.facts.get("backends", (owner,))]
        then: _Schema = {"properties": dict.fromkeys(foreign, False)}
        if has_rust:
            is_rust = word.startswith("rust-")
            then["required"] = ["cargo-manifest" if is_rust else "src"]
            then["properties"] |= {} if is_rust else {"cargo-manifest": False}
        conditions.append({"if": {"properties": {key: {"const": word}}, "required": [key]}, "then": then})
    return {**schema, "allOf": conditions}


def _table(cls: Any, edition: int, keys: Sequence[str] | None = None) -> _Schema:
    """The schema of a table.

    Args:
        cls: what the table is read into.
        edition: the edition.
        keys: the keys that the table takes, when they are fewer than the class has.
    """
    properties: _Schema = {}
    required = []
    twice = []
    for spec in field_specs(cls):
        if not (keys is None or spec.key in keys) or not has_key(spec, edition):
            continue
        key, _ = spelled(spec, edition)
        schema = {"description": spec.facts["doc"], **_value(spec, edition), **_default(cls, spec)}
        properties.update(dict.fromkeys((key, *spec.spellings[1:]), schema))
        if spec.required_in(edition):
            required.append(key)
        if len(spec.spellings) > 1:
            twice.append({"not": {"required": list(spec.spellings)}})
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {**schema, "allOf": twice} if twice else schema


def has_key(spec: FieldSpec, edition: int) -> bool:
    """Whether an edition has a key, under whatever name."""
    return spec.facts.get("since", 0) <= edition and ("instead" in spec.facts or edition <= spec.facts.get("until", 99))


def spelled(spec: FieldSpec, edition: int) -> tuple[str, list[tuple[str, str]]]:
    """The name of a key in an edition, and the words that it takes there, each with the word of the model."""
    words = VALUES.get(spec.facts.get("rule", ""), tuple)()
    if edition <= spec.facts.get("until", edition):
        return spec.key, [(word, word) for word in words]
    return spec.facts["instead"], [(language, language.partition("-")[2]) for language in LANGUAGES]


def _value(spec: FieldSpec, edition: int) -> _Schema:
    """The schema of a value, by its type in the model."""
    return _VALUES[spec.type](spec, edition)


def _integer(spec: FieldSpec, edition: int) -> _Schema:  # noqa: ARG001 - as the others
    return {"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER}


def _subtable(spec: FieldSpec, edition: int) -> _Schema:
    return _table(spec.type, edition, spec.facts.get("keys"))


def _version(spec: FieldSpec, edition: int) -> _Schema:  # noqa: ARG001 - as the others
    return {"type": "string", "pattern": rf"^[ \t]*(?:{VERSION})[ \t]*$"}


def _versions(spec: FieldSpec, edition: int) -> _Schema:
    version = _version(spec, edition)
    table = {"type": "object", "properties": dict.fromkeys(BACKENDS, version), "additionalProperties": False}
    return {"anyOf": [version, table]} if edition >= spec.facts["since_table"] else version


def _texts(spec: FieldSpec, edition: int) -> _Schema:
    text = _text(spec, edition)
    array: _Schema = {"type": "array", "items": text}
    if spec.facts["rule"] == "backend":
        array |= {"minItems": 1, "uniqueItems": True}
    if "since_list" not in spec.facts:
        return array
    return {"anyOf": [text, array]} if edition >= spec.facts["since_list"] else text


def _depends(spec: FieldSpec, edition: int) -> _Schema:  # noqa: ARG001 - as the others
    entry = _table(KernelDepend, edition)
    return {"type": "array", "items": {**entry, "oneOf": [{"required": ["version"]}, {"required": ["revision"]}]}}


def _text(spec: FieldSpec, edition: int) -> _Schema:
    rule = spec.facts["rule"]
    if rule in VALUES:
        return {"type": "string", "enum": [word for word, _ in spelled(spec, edition)[1]]}
    return {"type": "string", "pattern": f"^(?:{PATTERNS[rule]})$"}


def _default(cls: Any, spec: FieldSpec) -> _Schema:
    """The default, where it is more than nothing."""
    default = next(field.default for field in fields(cls) if field.name == spec.name)
    if default is MISSING or not default:
        return {}
    return {"default": list(default) if isinstance(default, tuple) else default}


_VALUES: dict[Any, Callable[[FieldSpec, int], _Schema]] = {
    str: _text,
    int: _integer,
    Bound: _version,
    Bound | dict[str, Bound]: _versions,
    tuple[str, ...]: _texts,
    tuple[KernelDepend, ...]: _depends,
    BackendOptions: _subtable,
    Hub: _subtable,
}
