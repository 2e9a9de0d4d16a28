"""The rules of `cuda-capabilities` and `rocm-archs`, as far as they hold for every version of CUDA and ROCm.

What only some versions of CUDA compile for is checked against the build matrix, in `kernel_builder.matrix.check`.
"""

import re
from typing import Any

from kernel_builder.config.capabilities import (
    ROCM_ARCH,
    Capability,
    default_capabilities,
    known_capabilities,
    loose_intersection,
    oldest_cudas,
    oldest_with_suffix,
    rocm_archs,
)
from kernel_builder.config.plain import components, texts
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import Report, closest, shown

__all__ = ["check_architectures"]


def check_architectures(data: dict[str, Any], report: Report) -> None:
    """Note every device that a component lists and that does not exist, or that nothing is compiled for."""
    for name, component in components(data):
        if component.get("backend") == "cuda":
            _check_list(component, ("kernel", name, "cuda-capabilities"), report)
            _check_capabilities(component, ("kernel", name, "cuda-capabilities"), report)
        elif component.get("backend") == "rocm":
            _check_list(component, ("kernel", name, "rocm-archs"), report)
            _check_archs(component, ("kernel", name, "rocm-archs"), report)


def _check_list(component: dict[str, Any], path: KeyPath, report: Report) -> None:
    value = component.get(str(path[-1]))
    if value == []:
        report.warning(path, "is empty: leave the key out to compile for every device that the builder supports")
    seen: set[str] = set()
    for index, text in texts(value):
        if text in seen:
            report.warning((*path, index), f"{shown(text)} is listed twice")
        seen.add(text)


def _check_capabilities(component: dict[str, Any], path: KeyPath, report: Report) -> None:
    for index, text in texts(component.get("cuda-capabilities")):
        capability = Capability.parse(text)
        if capability is not None:
            _check_capability(capability, (*path, index), report)


def _check_capability(capability: Capability, path: KeyPath, report: Report) -> None:
    known = known_capabilities()
    oldest = oldest_with_suffix().get(capability.suffix)
    if capability._replace(suffix="", ptx=False) not in known:
        below = [one for one in known if one.number < capability.number and one.number[0] == capability.number[0]]
        suggestion = str(below[-1]) if below else None
        if _is_compiled_for(capability):
            message = f"there is no CUDA capability {capability}, and compilers would be asked for it: leave it out"
            report.error(path, message, suggestion=suggestion)
        else:
            message = f"there is no CUDA capability {capability}, so that it has no effect: leave it out"
            report.warning(path, message, suggestion=suggestion)
    elif oldest and capability.number < oldest.number:
        message = f"{shown(str(capability))}: capabilities before {oldest} have no variant {capability.suffix!r}"
        report.error(path, message, suggestion=str(capability._replace(suffix="")))


def _is_compiled_for(capability: Capability) -> bool:
    """Whether any version of CUDA would be asked to compile for a capability."""
    return any(loose_intersection([capability], default_capabilities(cuda)) for cuda in oldest_cudas())


def _check_archs(component: dict[str, Any], path: KeyPath, report: Report) -> None:
    archs, supported = rocm_archs(), ", ".join(rocm_archs().supported)
    listed = list(texts(component.get("rocm-archs")))
    for index, text in listed:
        if re.fullmatch(ROCM_ARCH, text) and text not in archs.known:
            message = f"there is no ROCm architecture {text}: use {supported}"
            report.error((*path, index), message, suggestion=closest(text, archs.known))
        elif text in archs.retired:
            message = f"{shown(text)} is of no product and is no longer compiled for: leave it out"
            report.warning((*path, index), message)
        elif text in archs.other:
            message = f"{shown(text)} is not compiled for, so that it has no effect: use {supported}"
            report.warning((*path, index), message)
    if listed and {text for _, text in listed} <= {*archs.retired, *archs.other}:
        message = f"names nothing that is compiled for, so that the component cannot be built: use {supported}"
        report.error(path, message, at_key=True)
