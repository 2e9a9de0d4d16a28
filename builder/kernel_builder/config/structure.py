"""Reads plain TOML data into the model, driven by the model's own types and metadata, and notes every problem."""

import dataclasses
import datetime as dt
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from kernel_builder.config.model import BackendOptions, Bound, Hub, KernelDepend
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, closest, shown
from kernel_builder.config.values import RULES

__all__ = ["LARGEST_INTEGER", "FieldSpec", "field_specs", "is_table", "read_table"]

#: The largest integer that a file may have.
LARGEST_INTEGER = 2**63 - 1

_T = TypeVar("_T")
_INVALID: Any = object()


@dataclasses.dataclass(frozen=True, slots=True)
class FieldSpec:
    """A key of a table, as the model describes it.

    Attributes:
        name: the field of the model.
        key: the key of the file.
        type: what the value is read into, `None` left out.
        is_required: whether the table must have it in every edition.
        facts: the field's metadata.
    """

    name: str
    key: str
    type: Any
    is_required: bool
    facts: Mapping[str, Any]

    @property
    def spellings(self) -> tuple[str, ...]:
        """The key, and its second spelling where there is one."""
        return (self.key, self.facts["alias"]) if "alias" in self.facts else (self.key,)

    def required_in(self, edition: int) -> bool:
        """Whether the table must have the key in an edition."""
        since, before = self.facts.get("required_since", edition + 1), self.facts.get("required_before", 0)
        return self.is_required or edition >= since or edition < before


def field_specs(cls: type[Any]) -> tuple[FieldSpec, ...]:
    """The keys of the table that `cls` models; fields without a `doc` are not keys."""
    key: Any = cls  # mypy does not take a class for hashable
    return _field_specs(key)


@functools.cache
def _field_specs(cls: Any) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(cls)
    return tuple(
        FieldSpec(
            name=field.name,
            key=field.name.replace("_", "-"),
            type=_without_none(hints[field.name]),
            is_required=field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            facts=field.metadata,
        )
        for field in dataclasses.fields(cls)
        if "doc" in field.metadata
    )


def read_table(
    cls: type[_T],
    data: Any,
    path: KeyPath,
    report: Report,
    *,
    keys: tuple[str, ...] | None = None,
    **given: Any,
) -> _T | None:
    """Read the table at `path` into `cls`.

    Args:
        cls: a class of the model.
        data: what the file has there.
        path: where it is.
        report: takes every problem.
        keys: the keys that the table takes, when they are fewer than the class has.
        given: fields that are no keys of the table.

    Returns:
        The value, or `None` when any part of it has an error.
    """
    if not is_table(data, path, report):
        return None
    specs = [spec for spec in field_specs(cls) if keys is None or spec.key in keys]
    misspelled = _check_keys(specs, data, path, report)
    values = {}
    for spec in specs:
        if spec.key not in misspelled and (value := _read_field(spec, data, path, report)) is not None:
            values[spec.name] = value
    is_complete = not misspelled and all(value is not _INVALID for value in values.values())
    return cls(**given, **values) if is_complete else None


def is_table(data: Any, path: KeyPath, report: Report) -> bool:
    """Whether the value at `path` is a table; notes an error when it is not."""
    return _is(dict, data, path, report) is not _INVALID


def _check_keys(specs: list[FieldSpec], data: dict[str, Any], path: KeyPath, report: Report) -> set[str | None]:
    """Note unknown keys, and give the keys that were probably meant and are not there: those are not missing too."""
    known = tuple(spelling for spec in specs for spelling in spec.spellings)
    unknown = {key: closest(key, known) for key in data if key not in known}
    for key, suggestion in unknown.items():
        report.error((*path, key), "unknown key", suggestion=suggestion, at_key=True)
    return set(unknown.values()) - set(data)


def _read_field(spec: FieldSpec, data: dict[str, Any], path: KeyPath, report: Report) -> Any:
    """Give the value of one key, `_INVALID` when it has an error, or `None` when the table leaves it out."""
    spelled = [key for key in spec.spellings if key in data]
    if not spelled:
        if not spec.required_in(report.edition):
            return None
        report.error((*path, spec.key), "missing key")
        return _INVALID
    for second in spelled[1:]:
        report.error((*path, second), f"says the same as `{spelled[0]}`: keep one of them", at_key=True)
    at = (*path, spelled[0])
    if report.edition < spec.facts.get("since", 0):
        report.error(at, _needs_edition(spec.facts["since"]), at_key=True)
    return _READERS[spec.type](data[spelled[0]], at, spec, report)


def _needs_edition(edition: int) -> str:
    return f"needs `edition = {edition}` in [general]"


def _without_none(hint: Any) -> Any:
    members = [member for member in get_args(hint) if member is not type(None)]
    is_optional = type(None) in get_args(hint)
    return functools.reduce(operator.or_, members) if is_optional else hint


def _is(kind: type, value: Any, path: KeyPath, report: Report, wanted: str = "") -> Any:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    report.error(path, f"expected {wanted or _KINDS[kind]}, got {_kind(value)}")
    return _INVALID


_KINDS: dict[type, str] = {
    dict: "a table",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    dt.date: "a date",
    dt.time: "a time",
}


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "something else")


def _read_string(value: Any, path: KeyPath, spec: FieldSpec, report: Report) -> Any:
    if _is(str, value, path, report) is _INVALID:
        return _INVALID
    problem = RULES[spec.facts["rule"]](value)
    if problem is None:
        return value
    report.error(path, problem.message, suggestion=problem.suggestion)
    return _INVALID


def _read_integer(value: Any, path: KeyPath, _: FieldSpec, report: Report) -> Any:
    if _is(int, value, path, report) is _INVALID:
        return _INVALID
    if 0 <= value <= LARGEST_INTEGER:
        return value
    report.error(path, "is negative: count from 0" if value < 0 else "is too large: at most 63 bits")
    return _INVALID


def _read_bound(value: Any, path: KeyPath, _: FieldSpec, report: Report) -> Any:
    if _is(str, value, path, report, "a version in quotes") is _INVALID:
        return _INVALID
    bound = Bound.parse(value)
    if bound is None:
        report.error(path, f"{shown(value)} is not a version: use one to three numbers divided by dots")
        return _INVALID
    return bound


def _read_bounds(value: Any, path: KeyPath, spec: FieldSpec, report: Report) -> Any:
    if not isinstance(value, dict):
        return _read_bound(value, path, spec, report)
    since = spec.facts["since_table"]
    if report.edition < since:
        report.error(path, f"a table of backends {_needs_edition(since)}; before it, the value is one version")
    bounds = {backend: _read_bound(bound, (*path, backend), spec, report) for backend, bound in value.items()}
    for backend in value:
        if problem := RULES["backend"](backend):
            report.error((*path, backend), problem.message, suggestion=problem.suggestion, at_key=True)
            bounds[backend] = _INVALID
    return _INVALID if _INVALID in bounds.values() else bounds


def _read_strings(value: Any, path: KeyPath, spec: FieldSpec, report: Report) -> Any:
    since = spec.facts.get("since_list", 0)
    if since and isinstance(value, str):
        text = _read_string(value, path, spec, report)
        return _INVALID if text is _INVALID else (text,)
    if since > report.edition and isinstance(value, list):
        report.error(path, f"an array {_needs_edition(since)}; before it, the value is one text")
    return _read_array(value, path, report, lambda item, at: _read_string(item, at, spec, report))


def _read_depends(value: Any, path: KeyPath, _: FieldSpec, report: Report) -> Any:
    def read(item: Any, at: KeyPath) -> Any:
        depend = read_table(KernelDepend, item, at, report)
        if isinstance(item, dict) and ("version" in item) == ("revision" in item):
            report.error(at, "needs exactly one of `version` and `revision`")
            return _INVALID
        return _INVALID if depend is None else depend

    return _read_array(value, path, report, read)


def _read_array(value: Any, path: KeyPath, report: Report, read: Callable[[Any, KeyPath], Any]) -> Any:
    if _is(list, value, path, report) is _INVALID:
        return _INVALID
    items = [read(item, (*path, index)) for index, item in enumerate(value)]
    return _INVALID if any(item is _INVALID for item in items) else tuple(items)


def _read_subtable(value: Any, path: KeyPath, spec: FieldSpec, report: Report) -> Any:
    table = read_table(spec.type, value, path, report, keys=spec.facts.get("keys"))
    return _INVALID if table is None else table


_READERS: dict[Any, Callable[[Any, KeyPath, FieldSpec, Report], Any]] = {
    str: _read_string,
    int: _read_integer,
    Bound: _read_bound,
    Bound | dict[str, Bound]: _read_bounds,
    tuple[str, ...]: _read_strings,
    tuple[KernelDepend, ...]: _read_depends,
    BackendOptions: _read_subtable,
    Hub: _read_subtable,
}
