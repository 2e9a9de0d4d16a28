"""Checks a kernel against the build matrix: whether every backend has a variant, and every component a device.

The file itself is right by then. What is found here says something of the variants that the matrix has, so that a build
with the toolchain of one machine is not bound to it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from kernel_builder.config.capabilities import (
    Capability,
    default_capabilities,
    family_cuda,
    known_capabilities,
    loose_intersection,
    oldest_capability,
)
from kernel_builder.config.findings import Finding
from kernel_builder.config.model import BackendOptions, KernelComponent, KernelConfig, NoarchExtension, TorchExtension
from kernel_builder.config.positions import KeyPath, Positions
from kernel_builder.config.report import Report, shown
from kernel_builder.matrix.rows import Matrix, Row
from kernel_builder.matrix.select import target_for
from kernels.backend import MajorMinor

__all__ = ["check_variants"]

_Table = TypeVar("_Table", BackendOptions, TorchExtension)


def check_variants(config: KernelConfig, positions: Positions, matrix: Matrix) -> tuple[Finding, ...]:
    """Note each backend that is left without a variant, and each component that cannot be compiled for one.

    Args:
        config: what a `build.toml` says.
        positions: where that says it.
        matrix: the build matrix.
    """
    report = Report(positions)
    targets = [target for row in matrix.rows if (target := target_for(config, row)) is not None]
    built = {target.row.compute.backend for target in targets}
    for index, backend in enumerate(config.general.backends):
        rows = [row for row in matrix.rows if row.compute.backend == backend]
        is_expected = isinstance(config.framework, NoarchExtension) or config.components(backend)
        if rows and is_expected and backend not in built:
            _report_unbuilt(config, rows, ("general", "backends", index), report, is_fatal=not built)
    is_native = not isinstance(config.framework, NoarchExtension)
    if is_native and not any(map(config.components, config.general.backends)):
        message = (
            "no component is for any of these, so nothing is built: add one, or use [torch-noarch] for Python only"
        )
        report.error(("general", "backends"), message, at_key=True)
    computes = {target.row.compute for target in targets if target.row.compute.backend == "cuda"}
    cudas = sorted(compute.version for compute in computes if compute.version)
    if cudas and is_native:
        for component in config.components("cuda"):
            _check_component(component, cudas, report)
    return report.findings()


def _report_unbuilt(
    config: KernelConfig, rows: list[Row], backend_path: KeyPath, report: Report, *, is_fatal: bool
) -> None:
    """Note what leaves a backend without a variant: the keys without which it had one, or else all that bound it."""
    backend = rows[0].compute.backend
    note = report.error if is_fatal else report.warning
    if config.framework_key == "tvm-ffi" and not any(row.tvm_ffi for row in rows):
        message = f"the build matrix has no tvm-ffi for {backend}, so nothing is built for it: leave the backend out"
        note(backend_path, message)
        return
    relaxed = list(_without_each_bound(config, backend))
    bounds = [path for path, other in relaxed if any(target_for(other, row) for row in rows)]
    worlds = _described(rows)
    for path in bounds or [path for path, _ in relaxed]:
        message = f"leaves no variant for {backend}, for which the build matrix has {worlds}: mend it, or leave it out"
        note(path, message)


def _without_each_bound(config: KernelConfig, backend: str) -> Iterator[tuple[KeyPath, KernelConfig]]:
    """Each key that bounds the variants of a backend, and the config without it."""
    general, framework = config.general, config.framework
    options = general.for_backend(backend)
    for key in ("minver", "maxver"):
        if getattr(options, key):
            fields: dict[str, Any] = {backend: _without(options, key)}
            yield ("general", backend, key), replace(config, general=replace(general, **fields))
    if isinstance(framework, TorchExtension):
        for key in ("minver", "maxver"):
            if getattr(framework, key):
                yield ("torch", key), replace(config, framework=_without(framework, key))
        if framework.stable_abi_for(backend):
            path: KeyPath = ("torch", "stable-abi")
            path += (backend,) if isinstance(framework.stable_abi, dict) else ()
            yield path, replace(config, framework=_without(framework, "stable_abi"))


def _without(table: _Table, key: str) -> _Table:
    fields: dict[str, Any] = {key: None}
    return replace(table, **fields)


def _described(rows: list[Row]) -> str:
    """What the matrix has for a backend: its versions, and those of Torch."""
    computes = sorted({row.compute.version for row in rows if row.compute.version})
    torch = f"Torch {_listed(sorted({row.torch for row in rows}))}"
    return f"{torch} with {rows[0].compute.backend} {_listed(computes)}" if computes else torch


def _listed(versions: list[MajorMinor]) -> str:
    return ", ".join(map(str, versions))


def _check_component(component: KernelComponent, cudas: list[MajorMinor], report: Report) -> None:
    """Note what a CUDA component asks for and the versions that the kernel is built with do not have."""
    path: KeyPath = ("kernel", component.id)
    minver = component.cuda_minver
    used = [cuda for cuda in cudas if minver is None or minver.allows_from(cuda)]
    if not used:
        message = f"no CUDA that the kernel is built with ({_listed(cudas)}) is new enough: lower it, or leave it out"
        report.warning((*path, "cuda-minver"), message)
        return
    texts = component.cuda_capabilities or ()
    wanted = [capability for text in texts if (capability := Capability.parse(text)) is not None]
    if wanted:
        _check_capabilities(wanted, used, (*path, "cuda-capabilities"), report)


def _check_capabilities(wanted: list[Capability], cudas: list[MajorMinor], path: KeyPath, report: Report) -> None:
    compiled = {cuda: loose_intersection(wanted, default_capabilities(cuda)) for cuda in cudas}
    without = [cuda for cuda in cudas if not compiled[cuda]]
    if without:
        message = f"CUDA {_listed(without)} compiles for none of these, {_remedy(without, cudas)}"
        report.error(path, message, at_key=True)
    for index, capability in enumerate(wanted):
        at = (*path, index)
        if without != cudas and _is_idle(capability, cudas):
            asked = shown(str(capability))
            message = f"no CUDA that the kernel is built with ({_listed(cudas)}) compiles for {asked}: leave it out"
            report.warning(at, message)
        used = [cuda for cuda in cudas if capability in compiled[cuda]]
        if old := [cuda for cuda in used if capability.suffix == "f" and cuda < family_cuda()]:
            newer = ".".join(map(str, family_cuda()))
            message = (
                f"CUDA {_listed(old)} has no variants 'f', which came with {newer}, so that those builds fail: "
                "use 'a', or set `cuda-minver`"
            )
            report.error(at, message)
        if new := [cuda for cuda in used if capability.number < oldest_capability(cuda).number]:
            oldest = oldest_capability(new[-1])
            message = (
                f"{shown(str(capability))} is too old for CUDA {_listed(new)}, so that those builds fail: "
                f"add {oldest._replace(ptx=capability.ptx)}"
            )
            report.error(at, message)


def _is_idle(capability: Capability, cudas: list[MajorMinor]) -> bool:
    """Whether a capability that exists is compiled for by none of some CUDA versions, were it alone."""
    exists = capability._replace(suffix="", ptx=False) in known_capabilities()
    return exists and not any(loose_intersection([capability], default_capabilities(cuda)) for cuda in cudas)


def _remedy(without: list[MajorMinor], cudas: list[MajorMinor]) -> str:
    """What to do when nothing is compiled with some of the CUDA versions that a kernel is built with."""
    rest = [cuda for cuda in cudas if cuda not in without]
    if rest and without[-1] < rest[0]:
        return (
            f'so that those builds fail: set `cuda-minver = "{rest[0]}"` in this component to leave it out of them, '
            f"or `minver` in [general.cuda] to leave them out"
        )
    result = "so that those builds fail" if rest else "and the kernel is built with nothing else"
    return f"{result}: add one of {', '.join(map(str, _mending(without, cudas)))}"


def _mending(without: list[MajorMinor], cudas: list[MajorMinor]) -> list[Capability]:
    """The capabilities of which each alone is compiled for by some CUDA versions, and too old for none."""
    oldest = max(oldest_capability(cuda) for cuda in cudas)
    targets = {target._replace(ptx=False) for cuda in without for target in default_capabilities(cuda)}
    return sorted(
        target
        for target in targets
        if target >= oldest and all(loose_intersection([target], default_capabilities(cuda)) for cuda in without)
    )
