"""What Python and Torch have: `python39.json` and `torch.json`; `scripts/update_python_facts.py` refreshes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["PythonFacts", "TorchFacts", "Version", "python_facts", "torch_facts"]

#: A version of Python, such as `(3, 9)`.
Version: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFacts:
    """What the standard library has had since the oldest Python that kernels are for.

    Attributes:
        versions: each Python from the oldest to the newest that the tables know.
        modules: every module of the standard library of any of these versions.
        added: modules, `module.name` and names of builtins → the version that they came with, newer than the oldest.
        removed: modules and `module.name` → the version that no longer has them.
        keywords: function → keyword → the version that it came with, newer than the oldest.
    """

    versions: tuple[Version, ...]
    modules: frozenset[str]
    added: Mapping[str, Version]
    removed: Mapping[str, Version]
    keywords: Mapping[str, Mapping[str, Version]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchFacts:
    """What the checks need to know of Torch.

    Attributes:
        modules: backend, or `any` → modules that count as Torch.
        required: modules of the packages that Torch needs, which come with it as long as it does.
        registrations: functions that register operators → where they take the name: position, and keyword if there
            is one.
        namespaces: the namespaces of `torch.ops` that are Torch's own.
        modules_without_state: subclasses of `torch.nn.Module` that have no constructor and no other method than
            `forward`.
        aliases: other names of the same things.
    """

    modules: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    registrations: Mapping[str, tuple[int, str]]
    namespaces: frozenset[str]
    modules_without_state: frozenset[str]
    aliases: Mapping[str, str]


@cache
def python_facts() -> PythonFacts:
    """The tables about Python."""
    data = _load("python39.json")
    (major, oldest), (_, newest) = (_version(data[key]) for key in ("oldest", "newest"))
    return PythonFacts(
        versions=tuple((major, minor) for minor in range(oldest, newest + 1)),
        modules=frozenset(data["modules"]),
        added=_versions(data["added"]),
        removed=_versions(data["removed"]),
        keywords={function: _versions(keywords) for function, keywords in data["keywords"].items()},
    )


@cache
def torch_facts() -> TorchFacts:
    """The tables about Torch."""
    data = _load("torch.json")
    return TorchFacts(
        modules={backend: tuple(modules) for backend, modules in data["modules"].items()},
        required=tuple(data["required"]),
        registrations={name: (entry["position"], entry["keyword"]) for name, entry in data["registrations"].items()},
        namespaces=frozenset(data["namespaces"]),
        modules_without_state=frozenset(data["modules-without-state"]),
        aliases=data["aliases"],
    )


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text("utf-8"))
    return document


def _versions(table: dict[str, str]) -> dict[str, Version]:
    return {name: _version(text) for name, text in table.items()}


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)
