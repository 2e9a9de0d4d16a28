"""The rules that tie the keys of `build.toml` together, and the places where a name may stand.

They look at the plain data, so that a mistake elsewhere in the file hides none of theirs; what has the wrong type is
passed over here, since the structure reader has noted it.
"""

from typing import Any

from kernel_builder.config import names
from kernel_builder.config.architectures import check_architectures
from kernel_builder.config.bound import Bound
from kernel_builder.config.components import check_components
from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.plain import backends, components, table, texts
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, closest, shown
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["check_rules"]


def check_rules(data: dict[str, Any], report: Report) -> None:
    """Note every break of a rule between keys."""
    _check_name(data, report)
    _check_backends(data, report)
    _check_backend_tables(data, report)
    _check_bounds(data, report)
    _check_python_depends(data, report)
    _check_pyext(data, report)
    _check_stable_abi(data, report)
    check_components(data, report)
    check_architectures(data, report)


def _check_backends(data: dict[str, Any], report: Report) -> None:
    general = table(data, "general")
    path: KeyPath = ("general", "backends")
    if general.get("backends") == []:
        report.error(path, f"names no backend: use {', '.join(BACKENDS)}")
    seen: set[str] = set()
    built = {component.get("backend") for _, component in components(data) if _is_text(component.get("backend"))}
    is_told = built <= {*COMPILED_BACKENDS} and all(map(_has_backend, table(data, "kernel").values()))
    native = next((key for key in ("torch", "tvm-ffi") if key in data and "torch-noarch" not in data), None)
    for index, backend in texts(general.get("backends")):
        if backend in seen:
            report.error((*path, index), f"{shown(backend)} is listed twice")
        elif native and is_told and backend in BACKENDS and backend not in built:
            report.warning((*path, index), _nothing_built(backend, native))
        seen.add(backend)


def _check_backend_tables(data: dict[str, Any], report: Report) -> None:
    listed = backends(data)
    for backend in BACKENDS:
        if table(data, "general", backend) and listed and backend not in listed:
            message = (
                "has no effect, since the backend is not in `general.backends`: add it there, or leave the table out"
            )
            report.warning(("general", backend), message, at_key=True)


def _nothing_built(backend: str, framework: str) -> str:
    """What to say of a backend without a component under a framework that compiles."""
    if backend in COMPILED_BACKENDS:
        remedy = f'add a [kernel.NAME] with `backend = "{backend}"`, or leave the backend out'
        return f"no component has the backend {backend}, so nothing is built for it: {remedy}"
    remedy = "make a kernel of its own with [torch-noarch], or leave the backend out"
    return f"kernels for {backend} are Python only, so nothing is built for it under [{framework}]: {remedy}"


def _check_name(data: dict[str, Any], report: Report) -> None:
    """Note a name whose module would hide another, where the kernel is installed for development."""
    name = table(data, "general").get("name")
    if isinstance(name, str):
        module = name.replace("-", "_")
        if module in names.taken_modules():
            message = f"the kernel's module hides the module {shown(module)} where it is installed: choose another name"
            report.warning(("general", "name"), message)


def _check_bounds(data: dict[str, Any], report: Report) -> None:
    for path in (("general", "cuda"), ("torch",)):
        bounds = table(data, *path)
        low, high = _bound(bounds.get("minver")), _bound(bounds.get("maxver"))
        if low and high and low.excludes_to(high):
            report.error((*path, "minver"), f"is above `maxver`, which is {high}, so that no version is left")


def _bound(value: Any) -> Bound | None:
    return Bound.parse(value) if _is_text(value) else None


def _check_python_depends(data: dict[str, Any], report: Report) -> None:
    curated = names.python_depends()
    general = table(data, "general")
    listed = backends(data)
    for index, name in texts(general.get("python-depends")):
        path: KeyPath = ("general", "python-depends", index)
        home = next((group for group, known in curated.items() if group != "general" and name in known), None)
        if name not in names.python_depends_in_general():
            _refuse_package(name, path, home, names.python_depends_in_general(), report)
        elif home and not listed <= {home}:
            report.warning(path, f"{shown(name)} is a package for {home} only: list it in [general.{home}]")
    for backend in BACKENDS:
        for index, name in texts(table(general, backend).get("python-depends")):
            known = curated.get(backend, ())
            if name not in known:
                home = "general" if name in curated["general"] else None
                _refuse_package(name, ("general", backend, "python-depends", index), home, known, report)


def _refuse_package(name: str, path: KeyPath, home: str | None, known: tuple[str, ...], report: Report) -> None:
    if home is None:
        allowed = f"use {', '.join(known)}" if known else "there are none here"
        message = f"{shown(name)} is not one of the packages that a kernel may need: {allowed}"
        report.error(path, message, suggestion=closest(name, known))
    else:
        place = "[general]" if home == "general" else f"[general.{home}]"
        report.error(path, f"{shown(name)} belongs in the `python-depends` of {place}")


def _check_pyext(data: dict[str, Any], report: Report) -> None:
    for framework in FRAMEWORKS:
        pyext = table(data, framework).get("pyext")
        if isinstance(pyext, list) and all(map(_is_text, pyext)) and "py" not in pyext:
            report.warning((framework, "pyext"), "has no 'py', so that the kernel's own modules are left out")


def _check_stable_abi(data: dict[str, Any], report: Report) -> None:
    path: KeyPath = ("torch", "stable-abi")
    stable_abi = table(data, "torch").get("stable-abi")
    _check_stable_version(stable_abi, path, report)
    listed = backends(data)
    for backend, version in table(stable_abi).items():
        if backend not in BACKENDS:
            continue
        _check_stable_version(version, (*path, backend), report)
        if listed and backend not in listed:
            message = (
                "has no effect, since the backend is not in `general.backends`: add it there, or leave the key out"
            )
            report.warning((*path, backend), message, at_key=True)


def _check_stable_version(value: Any, path: KeyPath, report: Report) -> None:
    version = _bound(value)
    if version and len(version.parts) == 1:
        message = f"names no minor version: write the oldest Torch {version} that the kernel runs on, such as '2.10'"
        report.error(path, message)


def _has_backend(component: Any) -> bool:
    return _is_text(table(component).get("backend"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
