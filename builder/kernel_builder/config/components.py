"""The rules of `[kernel.<id>]`: ids, backends, and the files that are listed."""

import re
import unicodedata
from typing import Any

from kernel_builder.config import names
from kernel_builder.config.model import KernelComponent
from kernel_builder.config.plain import backends, components, table, texts
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, shown
from kernel_builder.config.structure import field_specs
from kernel_builder.config.values import has_control_characters
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["check_components"]

#: Ids that every tool takes as they are; blanks and the like are accepted with a warning.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_components(data: dict[str, Any], report: Report) -> None:
    """Note every break of a rule in the components, and between the files that the whole project lists."""
    listed = backends(data)
    for name in table(data, "kernel"):
        _check_id(name, report)
    for name, component in components(data):
        if "torch-noarch" in data:
            message = "is not compiled: the kernels of [torch-noarch] are Python only"
            report.warning(("kernel", name), message, at_key=True)
        if component.get("backend") in COMPILED_BACKENDS:
            _check_backend(name, component, listed, report)
            _check_endings(name, component, report)
    _check_files(data, report)


def _check_id(name: str, report: Report) -> None:
    path = ("kernel", name)
    if not name.strip():
        report.error(path, "the name of a component is empty", at_key=True)
    elif has_control_characters(name) or any(char in "\"'`\\" for char in name):
        report.error(path, "the name of a component has quotes, backslashes or control characters", at_key=True)
    elif not _PLAIN_ID.fullmatch(name):
        report.warning(path, "letters, digits, `_`, `-` and `.` make the name of a component", at_key=True)


def _check_backend(name: str, component: dict[str, Any], listed: set[str], report: Report) -> None:
    backend = component["backend"]
    if listed and backend not in listed and listed <= {*BACKENDS}:
        report.error(("kernel", name, "backend"), f"{shown(backend)} is not in `general.backends`")
    for spec in field_specs(KernelComponent):
        owners = spec.facts.get("backends", (backend,))
        if spec.key in component and backend not in owners:
            message = f"is for the backend {', '.join(owners)}, and this component is for {backend}"
            report.error(("kernel", name, spec.key), message, at_key=True)
    provided = names.component_depends()
    for index, depend in texts(component.get("depends")):
        if backend not in provided.get(depend, (backend,)):
            message = f"{shown(depend)} is for {', '.join(provided[depend])}, and this component is for {backend}"
            report.warning(("kernel", name, "depends", index), message)


def _check_endings(name: str, component: dict[str, Any], report: Report) -> None:
    """Note sources that the backend's compiler would pass over, and a component that gives it nothing to do."""
    backend, endings = component["backend"], names.compiled_endings()
    taken = endings[backend]
    languages = {"c", *(ending for others in endings.values() for ending in others)}
    sources = list(texts(component.get("src")))
    found = [text.rpartition(".")[2] if "." in text else "" for _, text in sources]
    for (index, text), ending in zip(sources, found, strict=True):
        if ending.lower() in languages and ending not in taken:
            message = (
                f"{shown(text)} is not compiled for {backend}, which takes {', '.join(f'.{one}' for one in taken)}"
            )
            report.error(("kernel", name, "src", index), message)
    if isinstance(component.get("src"), list) and not languages & {*found}:
        report.warning(("kernel", name, "src"), "lists nothing that is compiled", at_key=True)


def _check_files(data: dict[str, Any], report: Report) -> None:
    """Note paths that are one file on some machines and two on others: they differ in case or form of letters only."""
    lists: list[KeyPath] = [("torch", "src"), ("tvm-ffi", "src")]
    lists += [("kernel", name, "src") for name, _ in components(data)]
    spellings: dict[str, str] = {}
    for path in lists:
        seen: set[str] = set()
        parents, key = [str(part) for part in path[:-1]], str(path[-1])
        for index, text in texts(table(data, *parents).get(key)):
            first = spellings.setdefault(unicodedata.normalize("NFC", text).casefold(), text)
            if first != text:
                report.error((*path, index), f"differs only in case from {shown(first)}, which is listed too")
            elif text in seen:
                report.warning((*path, index), f"{shown(text)} is listed twice")
            seen.add(text)
