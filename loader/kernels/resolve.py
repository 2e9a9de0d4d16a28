"""Which builds of a kernel a system can run, which of them is best, and why it cannot run the others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from kernels.backend import Compute, MajorMinor
from kernels.minimums import minimum
from kernels.system import System, select_backend
from kernels.variant import (
    NoarchVariant,
    Platform,
    StableAbiVariant,
    TorchVariant,
    TvmFfiVariant,
    Variant,
    preference,
)

__all__ = [
    "Decision",
    "VariantAccepted",
    "VariantRejected",
    "explain_rejections",
    "resolve",
    "serves_backend",
]


@dataclass(frozen=True, slots=True)
class VariantAccepted:
    """A build that the system can run."""

    variant: Variant


@dataclass(frozen=True, slots=True)
class VariantRejected:
    """A build that the system cannot run.

    Attributes:
        variant: the build.
        reason: why, for a person to read.
    """

    variant: Variant
    reason: str


Decision: TypeAlias = VariantAccepted | VariantRejected


def resolve(variants: Iterable[Variant], system: System, backend: str | None = None) -> list[Decision]:
    """Decide on each build of a kernel.

    Args:
        variants: the builds, in any order; one that is named twice counts once.
        system: what to run on.
        backend: `"cpu"` or the system's own backend, which is the default.

    Returns:
        The accepted builds, best first, and then the rejected ones in the same order of preference. The order depends
        on the builds alone, not on the order in which they came.

    Raises:
        BackendError: when the system does not have the backend.
    """
    compute = select_backend(backend, system)
    accepted: list[Decision] = []
    rejected: list[Decision] = []
    for variant in sorted(set(variants), key=preference):
        reason = _rejection(variant, system, compute)
        if reason is None:
            accepted.append(VariantAccepted(variant))
        else:
            rejected.append(VariantRejected(variant, reason))
    return accepted + rejected


def serves_backend(variant: Variant, backend: str) -> bool:
    """Whether a build is for a backend; a universal one is for every backend."""
    if isinstance(variant, NoarchVariant):
        return variant.backend in ("universal", backend) or (variant.backend, backend) == ("npu", "cann")
    return variant.compute.backend == backend


def explain_rejections(what: str, decisions: Iterable[Decision], system: System, remedy: str) -> str:
    """Every build with the reason why it does not fit, and what to do about it.

    Args:
        what: the kernel, for a person to read.
        decisions: what `resolve` said of its builds, none of which was accepted.
        system: what to run on.
        remedy: what the reader can do, without a full stop.
    """
    decisions = list(decisions)
    reasons = [f"  {one.variant.variant_str}: {one.reason}" for one in decisions if isinstance(one, VariantRejected)]
    torch = "no Torch" if system.torch is None else f"Torch {system.torch}"
    on_cpu = resolve([one.variant for one in decisions], system, "cpu")
    if on_cpu and isinstance(on_cpu[0], VariantAccepted):
        remedy += ", or load a build for the CPU with backend='cpu'"
    return "\n".join(
        [
            f"No build of {what} fits this system ({torch}, {system.compute}, {system.platform}):",
            *(reasons or ["  it has no builds at all"]),
            f"{remedy}.",
        ]
    )


def _rejection(variant: Variant, system: System, compute: Compute) -> str | None:
    if isinstance(variant, NoarchVariant):
        if serves_backend(variant, compute.backend):
            return None
        return f"it is for the backend {variant.backend}, not for {compute.backend}"
    return (
        _python_rejection(system)
        or _platform_rejection(variant.platform, system.platform)
        or _framework_rejection(variant, system)
        or _compute_rejection(variant.compute, compute)
        or _macos_rejection(variant.compute, system)
    )


def _python_rejection(system: System) -> str | None:
    oldest = minimum("free_threaded_python")
    if system.free_threaded and system.python < oldest:
        return f"compiled kernels do not run on free-threaded Python before {oldest}"
    return None


def _platform_rejection(built: Platform, here: Platform) -> str | None:
    if built.cpu != here.cpu:
        return f"it is for the processor {built.cpu}, this system has {here.cpu}"
    if built.os != here.os:
        return f"it is for the operating system {built.os}, this system has {here.os}"
    return None


def _framework_rejection(variant: TorchVariant | StableAbiVariant | TvmFfiVariant, system: System) -> str | None:
    if isinstance(variant, TvmFfiVariant):
        wanted = f"{variant.version} (the package apache-tvm-ffi)"
        return None if variant.version == system.tvm_ffi else _needs("tvm-ffi", wanted, system.tvm_ffi)
    if isinstance(variant, StableAbiVariant):
        if system.torch is not None and variant.abi <= system.torch:
            return None
        return _needs("Torch", f"{variant.abi} or later", system.torch)
    if variant.torch != system.torch:
        return _needs("Torch", str(variant.torch), system.torch)
    if variant.cxx_abi not in (None, system.cxx_abi):
        return (
            f"it is for the C++ ABI {variant.cxx_abi}, the Torch of this system has {system.cxx_abi or 'no such tag'}"
        )
    return None


def _needs(what: str, wanted: str, found: MajorMinor | None) -> str:
    return f"it needs {what} {wanted}, this system has {'none' if found is None else found}"


def _compute_rejection(built: Compute, compute: Compute) -> str | None:
    if built == compute:
        return None
    if built.backend != compute.backend:
        return f"it is for the backend {built.backend}, not for {compute.backend}"
    if built.backend == "cuda" and built.version and compute.version:
        same_major = built.version.major == compute.version.major
        if same_major and built.version.minor <= compute.version.minor:
            return None
    return f"it is for {built}, this system has {compute}"


def _macos_rejection(built: Compute, system: System) -> str | None:
    oldest = minimum("metal_macos")
    if built.backend != "metal" or (system.macos is not None and system.macos >= oldest):
        return None
    return _needs("macOS", f"{oldest} or later", system.macos)
