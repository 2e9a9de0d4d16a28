"""Turns the data of an older edition into data of the model, one function a step.

Each step works on plain data: it takes the data of one edition, and returns that of the next with a map, new path → old
path, of all that it has moved or made. What it had to choose for the author, it notes.

==== =============================================================================================================
step what changes
==== =============================================================================================================
1    `torch.universal` is `general.universal`; a component's `language` is `backend`, and `cuda-hipify` two components
2    `general.universal`, or the components, give `general.backends`; a universal kernel is [torch-noarch];
     `general.cuda-minver` and `cuda-maxver` are `minver` and `maxver` of [general.cuda]
3    without `general.version` it is 1; without framework and components, the framework is [torch-noarch]
4, 5 nothing: the keys that 5 and 6 have more are marked so in the model
6    a component's `language` is `backend`, as the model has it
==== =============================================================================================================
"""

import copy
from typing import Any

from kernel_builder.config.editions.components import from_language_1, from_language_6
from kernel_builder.config.editions.keys import COMPONENT, GENERAL, TABLES, TORCH, meant, take
from kernel_builder.config.editions.moved import MovedPositions
from kernel_builder.config.model import FRAMEWORKS, TorchExtension
from kernel_builder.config.plain import table
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report
from kernel_builder.config.structure import read_table
from kernels.backend import COMPILED_BACKENDS

__all__ = ["UNIVERSAL_BACKENDS", "lift"]

#: The backends of a universal kernel of the editions 1 and 2.
UNIVERSAL_BACKENDS = ("cann", "cpu", "cuda", "metal", "neuron", "rocm", "xpu")

_FIRST_VERSION = 1

_Step = tuple[dict[str, Any], dict[KeyPath, KeyPath]]


def lift(data: dict[str, Any], report: Report) -> dict[str, Any]:
    """Turn the data of a file of `report.edition` into data of the model.

    The edition is the one that `detect_edition` has told, so that there is a table [general], if only a misspelled one.
    The given data stays as it is. From then on, the paths of `report` are those of the model; each finding still names
    the key as it stands in the file, at its place.
    """
    steps = {1: _from_1, 2: _from_2, 3: _from_3, 6: _from_6}
    for edition, step in steps.items():
        if report.edition == edition or report.edition < edition <= max(_OLD):
            data, moves = step(copy.deepcopy(data), report)
            report.positions = MovedPositions(report.positions, moves)
    return data


_OLD = (1, 2, 3)


def _from_1(data: dict[str, Any], report: Report) -> _Step:
    moves: dict[KeyPath, KeyPath] = {}
    tables = meant(data, TABLES)
    general, torch = tables["general"], tables.get("torch", "torch")
    at, universal = take(table(data, torch), "universal", (torch,), TORCH, report)
    if at:
        if "universal" in data[general]:
            report.error((general, "universal"), "is of edition 2, and `torch.universal` is there", at_key=True)
        data[general]["universal"] = universal
        moves[general, "universal"] = at
    return data, moves | from_language_1(data, report)


def _from_2(data: dict[str, Any], report: Report) -> _Step:
    tables = meant(data, TABLES)
    name = tables["general"]
    general = data[name]
    moves = _lift_cuda_bounds(general, (name,), report)
    at, universal = take(general, "universal", (name,), GENERAL, report)
    path: KeyPath = ("general", "backends")
    if at and not isinstance(universal, bool):
        report.error(at, "expected a boolean")
        report.mute(path)
        if not tables.keys() & FRAMEWORKS.keys():
            data["torch-noarch"] = {}  # only a universal kernel does without a framework
    elif universal:
        general["backends"] = list(UNIVERSAL_BACKENDS)
        moves[path] = at
        report.note(at, f"read as backends = {_listed(UNIVERSAL_BACKENDS)}", at_key=True)
        if not data.get(tables.get("kernel", "")):
            moves |= _lift_universal(data, at, report)
    else:
        moves[path] = at or ("general",)
        moves |= _lift_backends(data, general, report)
    return data, moves


def _from_3(data: dict[str, Any], report: Report) -> _Step:
    moves: dict[KeyPath, KeyPath] = {}
    tables = meant(data, TABLES)
    general = tables["general"]
    if "version" not in meant(data[general], GENERAL):
        data[general]["version"] = _FIRST_VERSION
        moves[general, "version"] = (general,)
        report.note((general,), f"has no version: read as version = {_FIRST_VERSION}", at_key=True)
    is_bare = not tables.keys() & FRAMEWORKS.keys() and not data.get(tables.get("kernel", ""))
    if report.edition == max(_OLD) and is_bare:
        data["torch-noarch"] = {}
        moves["torch-noarch",] = (general,)
        report.note((general,), "no framework and no components: read as [torch-noarch], Python only", at_key=True)
    return data, moves


def _from_6(data: dict[str, Any], report: Report) -> _Step:
    return data, from_language_6(data, report)


def _lift_cuda_bounds(general: dict[str, Any], path: KeyPath, report: Report) -> dict[KeyPath, KeyPath]:
    moves: dict[KeyPath, KeyPath] = {}
    for old, new in (("cuda-minver", "minver"), ("cuda-maxver", "maxver")):
        at, bound = take(general, old, path, GENERAL, report)
        if not at:
            continue
        if "cuda" in general and not moves:
            report.error(at, f"is of edition 2: move it to [general.cuda], as `{new}`", at_key=True)
            continue
        general.setdefault("cuda", {})[new] = bound
        moves.setdefault(("general", "cuda"), at)
        moves["general", "cuda", new] = at
    return moves


def _lift_backends(data: dict[str, Any], general: dict[str, Any], report: Report) -> dict[KeyPath, KeyPath]:
    """Give a kernel the backends that its components have."""
    kernel = meant(data, TABLES).get("kernel", "kernel")
    kernels = data.get(kernel, {})
    found: dict[str, KeyPath] = {}
    for name, component in table(kernels).items():
        key = meant(component, COMPONENT).get("backend", "")
        backend = table(component).get(key)
        if isinstance(backend, str) and backend in COMPILED_BACKENDS:
            found.setdefault(backend, (kernel, name, key))
        else:
            report.mute(("general", "backends"))  # the component has an error of its own
    general["backends"] = sorted(found)
    if found:
        report.note(("general",), f"read as backends = {_listed(sorted(found))}, from the components", at_key=True)
    elif kernels == {}:
        message = "names no backend: edition 2 takes them from the components, and there are none"
        report.error(("general",), message, at_key=True)
    if not found:
        report.mute(("general", "backends"))
    return {("general", "backends", index): found[backend] for index, backend in enumerate(sorted(found))}


def _lift_universal(data: dict[str, Any], universal: KeyPath, report: Report) -> dict[KeyPath, KeyPath]:
    """Make the framework of a Python-only kernel `[torch-noarch]`."""
    if "torch-noarch" in data:
        return {}
    at: KeyPath = ("torch",) if "torch" in data else universal
    torch = data.pop("torch", {})
    read_table(TorchExtension, torch, ("torch",), report)
    data["torch-noarch"] = {key: value for key, value in table(torch).items() if key == "pyext"}
    for key, value in table(torch).items():
        if key != "pyext" and value not in ([], {}):
            message = "has no effect, since a universal kernel is Python only: `kernel-builder update-build` drops it"
            report.warning(("torch", key), message, at_key=True)
    report.note(at, "read as [torch-noarch], since a universal kernel is Python only", at_key=True)
    return {("torch-noarch",): at}


def _listed(backends: tuple[str, ...] | list[str]) -> str:
    return f"[{', '.join(backends)}]"
