"""The rules of `[kernel.<id>]`: ids, backends, and the files that are listed."""

import re
from typing import Any

from kernel_builder.config import names
from kernel_builder.config.languages import is_compiled, refused_source
from kernel_builder.config.model import KernelComponent
from kernel_builder.config.plain import backends, components, table, texts
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, shown
from kernel_builder.config.sources import is_pattern
from kernel_builder.config.structure import field_specs
from kernel_builder.config.values import has_control_characters
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["NOTHING_COMPILED", "check_components"]

#: What to say of a component whose files are all headers.
NOTHING_COMPILED = "lists nothing that is compiled: add a source, or leave the component out"

#: Ids that every tool takes as they are; blanks and the like are accepted with a warning.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_components(data: dict[str, Any], report: Report) -> None:
    """Note every break of a rule in the components, and between the files that the whole project lists."""
    listed = backends(data)
    for name in table(data, "kernel"):
        _check_id(name, report)
    for name, component in components(data):
        if "torch-noarch" in data:
            message = "is not compiled, since [torch-noarch] is Python only: use [torch], or leave the component out"
            report.warning(("kernel", name), message, at_key=True)
        if component.get("backend") in COMPILED_BACKENDS:
            _check_backend(name, component, listed, report)
            _check_endings(name, component, report)
    _check_cutlass(data, report)
    _check_files(data, report)
    _check_compiled_once(data, report)


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
        message = f"{shown(backend)} is not in `general.backends`: add it there, or leave the component out"
        report.error(("kernel", name, "backend"), message)
    for spec in field_specs(KernelComponent):
        owners = spec.facts.get("backends", (backend,))
        if spec.key in component and backend not in owners:
            message = f"is for the backend {', '.join(owners)}, and this component is for {backend}"
            report.error(("kernel", name, spec.key), message, at_key=True)
    provided = names.component_depends()
    for index, depend in texts(component.get("depends")):
        if backend not in provided.get(depend, (backend,)):
            owners = ", ".join(provided[depend])
            message = f"{shown(depend)} is for {owners}, and this component is for {backend}: leave it out"
            report.warning(("kernel", name, "depends", index), message)


def _check_endings(name: str, component: dict[str, Any], report: Report) -> None:
    """Note sources that the backend's compiler would pass over, and a component that gives it nothing to do.

    What a pattern matches is looked at when it is known, by `kernel_builder.config.checks`.
    """
    sources = list(texts(component.get("src")))
    for index, text in sources:
        if not is_pattern(text) and (problem := refused_source(component["backend"], text)):
            report.error(("kernel", name, "src", index), problem)
    is_listed = isinstance(component.get("src"), list) and "cargo-manifest" not in component
    if is_listed and not any(is_pattern(text) or is_compiled(text) for _, text in sources):
        report.warning(("kernel", name, "src"), NOTHING_COMPILED, at_key=True)


def _check_cutlass(data: dict[str, Any], report: Report) -> None:
    """Note a second version of a library whose headers every component sees."""
    first: dict[str, str] = {}
    for name, component in components(data):
        for index, depend in texts(component.get("depends")):
            library = names.one_version_of(depend)
            if library and first.setdefault(library, depend) != depend:
                message = (
                    f"{shown(first[library])} is needed too, and all components see the headers of one {library}: "
                    "use the same version in each"
                )
                report.error(("kernel", name, "depends", index), message)


def _check_files(data: dict[str, Any], report: Report) -> None:
    """Note paths that are one file on some machines and two on others: they differ in case or form of letters only."""
    lists: list[KeyPath] = [("torch", "src"), ("tvm-ffi", "src")]
    lists += [("kernel", name, "src") for name, _ in components(data)]
    spellings: dict[str, str] = {}
    for path in lists:
        seen: set[str] = set()
        parents, key = [str(part) for part in path[:-1]], str(path[-1])
        for index, text in texts(table(data, *parents).get(key)):
            name = _plain(text)
            first = spellings.setdefault(_folded(name), name)
            if first != name:
                report.error((*path, index), f"differs only in case from {shown(first)}, which is listed too")
            elif name in seen:
                report.warning((*path, index), f"{shown(text)} is listed twice")
            seen.add(name)


def _check_compiled_once(data: dict[str, Any], report: Report) -> None:
    """Note a source that builds of one backend compile twice, and with the same flags: its names are defined twice."""
    owners: dict[tuple[str, str, str], str] = {}
    for framework in ("torch", "tvm-ffi"):
        flags = _flags(table(data, framework))
        for _, text in texts(table(data, framework).get("src")):
            owners |= {(backend, flags, _plain(text)): f"[{framework}]" for backend in COMPILED_BACKENDS}
    for name, component in components(data):
        backend, flags, here = component.get("backend"), _flags(component), f"[kernel.{name}]"
        for index, text in texts(component.get("src")) if backend in COMPILED_BACKENDS else ():
            owner = owners.setdefault((str(backend), flags, _plain(text)), here)
            if owner != here and is_compiled(text) and not is_pattern(text):
                message = f"{shown(text)} is a source of {owner} too, so that its names are defined twice: list it once"
                report.warning(("kernel", name, "src", index), message)


def _flags(part: dict[str, Any]) -> str:
    """What a source is compiled with."""
    return repr([part.get(key) or [] for key in ("cxx-flags", "cuda-flags", "hip-flags", "sycl-flags")])


def _plain(path: str) -> str:
    """A path without what changes nothing in it."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _folded(text: str) -> str:
    """What two spellings have in common that some file systems take for one."""
    if text.isascii():
        return text.lower()
    from unicodedata import normalize

    return normalize("NFC", text).casefold()
