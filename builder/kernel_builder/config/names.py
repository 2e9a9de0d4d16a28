"""The names that `build.toml` may use for dependencies: data, read once."""

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kernels.dependencies import curated_dependencies

__all__ = [
    "compiled_endings",
    "component_depends",
    "one_version_of",
    "python_depends",
    "python_depends_in_general",
    "renamed_depends",
    "taken_modules",
]


@cache
def compiled_endings() -> Mapping[str, tuple[str, ...]]:
    """The endings of the files that each backend's compiler takes."""
    return {backend: tuple(endings) for backend, endings in _names()["compiled"].items()}


@cache
def component_depends() -> Mapping[str, tuple[str, ...]]:
    """What a component may depend on, and the backends that have it."""
    return {name: tuple(backends) for name, backends in _names()["depends"].items()}


def one_version_of(depend: str) -> str | None:
    """The library of which a kernel can have one version only, when a dependency is a version of such a one."""
    return next((library for library, versions in _names()["one-version"].items() if depend in versions), None)


@cache
def renamed_depends() -> Mapping[str, str]:
    """Old names of what a component may depend on, and the name of today."""
    return dict(_names()["renamed-depends"])


@cache
def python_depends() -> Mapping[str, tuple[str, ...]]:
    """The curated Python packages of each group: `general`, or a backend. The table is the loader's."""
    return {group: tuple(packages) for group, packages in curated_dependencies().items()}


@cache
def python_depends_in_general() -> tuple[str, ...]:
    """Every package that `general.python-depends` may name."""
    return (*python_depends()["general"], *_names()["general-python-depends"])


@cache
def taken_modules() -> frozenset[str]:
    """Names that a kernel's module must not hide: those of the standard library and of what kernels are used with."""
    return sys.stdlib_module_names | {*_names()["taken-modules"]}


@cache
def _names() -> dict[str, Any]:
    names: dict[str, Any] = json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))
    return names
