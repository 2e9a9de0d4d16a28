"""What Python and Torch have: `python39.json` and `torch.json`; `scripts/update_python_facts.py` refreshes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["PythonFacts", "TorchFacts", "python_facts", "torch_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFacts:
    """What the standard library has had since the oldest Python that kernels are for.

    Attributes:
        versions: the oldest Python, and the newest that the tables know.
        modules: every module of the standard library of any of these versions.
        added: modules, `module.name` and names of builtins → the version that they came with, newer than the oldest.
        removed: modules and `module.name` → the version that no longer has them.
        keywords: function → keyword → the version that it came with, newer than the oldest.
    """

    versions: tuple[tuple[int, int], tuple[int, int]]
    modules: frozenset[str]
    added: Mapping[str, str]
    removed: Mapping[str, str]
    keywords: Mapping[str, Mapping[str, str]]


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
    return PythonFacts(
        versions=(_version(data["oldest"]), _version(data["newest"])),
        modules=frozenset(data["modules"]),
        added=data["added"],
        removed=data["removed"],
        keywords=data["keywords"],
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


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
