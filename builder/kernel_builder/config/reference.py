"""What the reference page of `build.toml` shows: its tables and keys, made from the model, and the devices."""

from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from kernel_builder.config.bound import Bound
from kernel_builder.config.capabilities import default_capabilities, oldest_cudas, rocm_archs
from kernel_builder.config.model import FRAMEWORKS, BackendOptions, General, Hub, KernelComponent, KernelDepend
from kernel_builder.config.schema import EDITION_DOC, SCHEMA_EDITIONS, spelled
from kernel_builder.config.structure import FieldSpec, field_specs

__all__ = ["Key", "Reference", "Table", "reference"]

_TYPES: dict[Any, str] = {
    str: "string",
    int: "integer",
    Bound: "version",
    Bound | dict[str, Bound]: "version",
    tuple[str, ...]: "array of strings",
    tuple[KernelDepend, ...]: "array of tables",
    BackendOptions: "table",
    Hub: "table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table.

    Attributes:
        name: how it is spelled, and its second spelling where there is one.
        type: what its value is.
        values: the words that it takes, when it takes some only.
        default: `required`, with the editions where not in all, or the value that holds when it is left out.
        editions: which editions have it; empty for all.
        doc: what it is.
    """

    name: str
    type: str
    values: tuple[str, ...]
    default: str
    editions: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the file.

    Attributes:
        name: its header, such as `[general.hub]`.
        doc: what it is about.
        keys: what it holds.
    """

    name: str
    doc: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the reference page says of the format.

    Attributes:
        editions: the editions that the tables tell of.
        tables: every table of a file, in the order in which files have them.
        cuda_capabilities: for which versions of CUDA, and what a component is compiled for with them.
        rocm_archs: the ROCm architectures that a component is compiled for.
    """

    editions: tuple[int, ...]
    tables: tuple[Table, ...]
    cuda_capabilities: tuple[tuple[str, tuple[str, ...]], ...]
    rocm_archs: tuple[str, ...]


def reference() -> Reference:
    """The facts of the reference page."""
    edition = Key(
        name="`edition`",
        type="integer",
        values=tuple(map(str, SCHEMA_EDITIONS[1:])),
        default=f"required since {SCHEMA_EDITIONS[1]}",
        editions=f"since {SCHEMA_EDITIONS[1]}",
        doc=EDITION_DOC,
    )
    general = _table(General, "[general]")
    tables = [replace(general, keys=(edition, *general.keys))]
    tables += [
        _table(spec.type, f"[general.{spec.key}]", doc=spec.facts["doc"], only=spec.facts.get("keys"))
        for spec in field_specs(General)
        if spec.type in (Hub, BackendOptions)
    ]
    tables.append(_table(KernelDepend, "[[general.kernel-depends]]"))
    tables += [_table(cls, f"[{key}]") for key, cls in FRAMEWORKS.items()]
    tables.append(_table(KernelComponent, "[kernel.NAME]"))
    return Reference(
        editions=SCHEMA_EDITIONS,
        tables=tuple(tables),
        cuda_capabilities=tuple(
            (f"{cuda[0]}.{cuda[1]} and later" if cuda[0] else "older", tuple(map(str, default_capabilities(cuda))))
            for cuda in oldest_cudas()
        ),
        rocm_archs=rocm_archs().supported,
    )


def _table(cls: Any, name: str, *, doc: str = "", only: tuple[str, ...] | None = None) -> Table:
    specs = [spec for spec in field_specs(cls) if only is None or spec.key in only]
    said = doc or cls.__doc__.partition("\n")[0].partition(": ")[2]
    return Table(
        name=name, doc=said[0].upper() + said[1:], keys=tuple(key for spec in specs for key in _keys(cls, spec))
    )


def _keys(cls: Any, spec: FieldSpec) -> tuple[Key, ...]:
    """A key, and the one that says the same in newer editions."""
    first = _key(cls, spec, edition=spec.facts.get("until", SCHEMA_EDITIONS[-1]))
    return (first, _key(cls, spec, edition=SCHEMA_EDITIONS[-1])) if "instead" in spec.facts else (first,)


def _key(cls: Any, spec: FieldSpec, *, edition: int) -> Key:
    name, words = spelled(spec, edition)
    since, until = spec.facts.get("since"), spec.facts.get("until")
    if until is not None and edition > until:
        since, until = until + 1, None
    return Key(
        name=" or ".join(f"`{spelling}`" for spelling in (name, *spec.spellings[1:])),
        type=_type(spec),
        values=tuple(word for word, _ in words),
        default=_default(cls, spec),
        editions=f"since {since}" if since else f"until {until}" if until else "",
        doc=spec.facts["doc"],
    )


def _type(spec: FieldSpec) -> str:
    if "since_table" in spec.facts:
        return f"{_TYPES[spec.type]}; since edition {spec.facts['since_table']} also a table: backend → version"
    if "since_list" in spec.facts:
        return f"{_TYPES[str]}; since edition {spec.facts['since_list']} also an {_TYPES[spec.type]}"
    return _TYPES[spec.type]


def _default(cls: Any, spec: FieldSpec) -> str:
    if spec.is_required:
        return "required"
    for fact, word in (("required_since", "since"), ("required_before", "before")):
        if fact in spec.facts:
            return f"required {word} {spec.facts[fact]}"
    default = next(field.default for field in fields(cls) if field.name == spec.name)
    if default is MISSING or not default:
        return ""
    return f"`{list(default)}`".replace("'", '"') if isinstance(default, tuple) else f"`{default}`"
