"""The components of the editions 1 and 6, which say `language` where the model says `backend`."""

from typing import Any

from kernel_builder.config import names
from kernel_builder.config.editions.keys import COMPONENT, meant, take
from kernel_builder.config.model import KernelComponent
from kernel_builder.config.plain import table
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, closest, shown
from kernel_builder.config.structure import field_specs
from kernels.backend import COMPILED_BACKENDS

__all__ = ["LANGUAGES", "from_language_1", "from_language_6", "language_6"]

_HIPIFY = "cuda-hipify"
_LANGUAGES_1 = ("cuda", _HIPIFY, "metal")
_RUST = "rust-cpu"

#: The languages of edition 6.
LANGUAGES = (*(f"cpp-{backend}" for backend in COMPILED_BACKENDS), _RUST)

_Moves = dict[KeyPath, KeyPath]


def _backend(component: KeyPath) -> KeyPath:
    return (*component, "backend")


def language_6(backend: str) -> str:
    """How edition 6 spells the backend of a component in C++."""
    return f"cpp-{backend}"


def from_language_1(data: dict[str, Any], report: Report) -> _Moves:
    """Give the components of edition 1 a backend, and divide those that are for CUDA and ROCm."""
    moves: _Moves = {}
    kernels = table(data, "kernel")
    lifted: dict[str, Any] = {}
    for name, component in kernels.items():
        path: KeyPath = ("kernel", name)
        lifted[name] = component
        if not isinstance(component, dict):
            continue
        language = _take_1(component, path, moves, report)
        if language != _HIPIFY:
            lifted[name] = _with_backend(component, language)
            continue
        lifted[name] = _half(component, "cuda", path, path, moves)
        other = ("kernel", f"{name}_rocm")
        if other[1] in kernels:
            message = f"has the name of the ROCm half of [kernel.{name}], which is for {_HIPIFY}: choose another name"
            report.error(other, message, at_key=True)
            continue
        lifted[other[1]] = _half(component, "rocm", path, other, moves)
        message = f"read as [kernel.{name}] for cuda and [kernel.{other[1]}] for rocm"
        report.note(moves[_backend(path)], message, at_key=True)
    if lifted:
        data["kernel"] = lifted
    return moves


def _take_1(component: dict[str, Any], path: KeyPath, moves: _Moves, report: Report) -> str | None:
    """Take the language out of a component of edition 1; `None` after an error, which stands for every later one."""
    if "backend" in component:
        message = "is of edition 2, and the file is of edition 1, in which a component says `language`"
        report.error(_backend(path), message, at_key=True)
        component.pop("backend")
    at, language = take(component, "language", path, COMPONENT, report)
    moves[_backend(path)] = at or path
    if not at:
        report.note(path, "has no language: read as cuda", at_key=True)
        return "cuda"
    return _checked(language, _LANGUAGES_1, at, path, report)


def _checked(language: Any, known: tuple[str, ...], at: KeyPath, path: KeyPath, report: Report) -> str | None:
    if language in known:
        return str(language)
    if isinstance(language, str):
        message = f"{shown(language)} is not a language: use {', '.join(known)}"
        report.error(at, message, suggestion=closest(language, known))
    else:
        report.error(at, "expected a string")
    report.mute(_backend(path))
    return None


def _with_backend(component: dict[str, Any], backend: str | None) -> dict[str, Any]:
    return component if backend is None else {"backend": backend, **component}


def _half(component: dict[str, Any], backend: str, old: KeyPath, new: KeyPath, moves: _Moves) -> dict[str, Any]:
    """What one backend has of a component for CUDA and ROCm: all but the keys and dependencies of the other."""
    other = "rocm" if backend == "cuda" else "cuda"
    owners = {spec.key: spec.facts.get("backends", (backend,)) for spec in field_specs(KernelComponent)}
    half = {key: value for key, value in component.items() if owners.get(key) != (other,)}
    if old != new:
        moves[new] = old
        moves[_backend(new)] = moves[_backend(old)]
    provided = names.component_depends()
    depends = half.get("depends")
    if isinstance(depends, list):
        kept = [index for index, depend in enumerate(depends) if not _is_of(other, depend, provided)]
        half["depends"] = [depends[index] for index in kept]
        moves |= {(*new, "depends", at): (*old, "depends", index) for at, index in enumerate(kept) if at != index}
    return _with_backend(half, backend)


def _is_of(backend: str, depend: Any, provided: Any) -> bool:
    return isinstance(depend, str) and tuple(provided.get(depend, ())) == (backend,)


def from_language_6(data: dict[str, Any], report: Report) -> _Moves:
    """Give the components of edition 6 the backend that their language names."""
    moves: _Moves = {}
    for name, component in table(data, "kernel").items():
        if not isinstance(component, dict):
            continue
        path: KeyPath = ("kernel", name)
        _refuse_backend(component, path, report)
        at, language = take(component, "language", path, COMPONENT, report)
        moves[_backend(path)] = at or (*path, "language")
        checked = _checked(language, LANGUAGES, at, path, report) if at else None
        if checked is None:
            continue
        component["backend"] = checked.partition("-")[2]
        _check_manifest(component, checked, at, report)
    return moves


def _refuse_backend(component: dict[str, Any], path: KeyPath, report: Report) -> None:
    if "backend" in component:
        backend = component.pop("backend")
        suggestion = language_6(backend) if backend in COMPILED_BACKENDS else None
        report.error(_backend(path), "is `language` in edition 6", suggestion=suggestion, at_key=True)
        if "language" not in meant(component, COMPONENT):
            report.mute(_backend(path))


def _check_manifest(component: dict[str, Any], language: str, at: KeyPath, report: Report) -> None:
    path = at[:-1]
    manifest = meant(component, COMPONENT).get("cargo-manifest")
    if language != _RUST:
        if manifest == "cargo-manifest" and language == language_6("cpu"):
            report.error((*path, manifest), f"is for components in {_RUST}", at_key=True)
        return
    if manifest is None:
        report.error((*path, "cargo-manifest"), "missing key")
    report.warning(at, "this version does not build components in Rust")
    if "src" not in component:
        component["src"] = []
        report.mute((*path, "src"))
