"""Which of a kernel's variants can be built with what this machine has installed."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from kernel_builder.cache import cache_dir
from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension, TvmFfiExtension
from kernel_builder.errors import TargetError, ToolchainError
from kernel_builder.matrix import BuildTarget, Row, load_matrix, select
from kernel_builder.matrix.select import target_for
from kernel_builder.toolchain.accelerator import find_accelerator
from kernel_builder.toolchain.torch import TorchFacts
from kernel_builder.toolchain.tvm_ffi import TvmFfiFacts
from kernels.backend import Compute, MajorMinor
from kernels.errors import VariantNameError
from kernels.variant import (
    NoarchVariant,
    Platform,
    StableAbiVariant,
    TorchVariant,
    TvmFfiVariant,
    parse_variant,
    parse_variant_or_none,
)

__all__ = ["Facts", "could_have", "local_targets"]

#: What builds are made against: the kernel's framework, or nothing for a Python-only kernel.
Facts: TypeAlias = TorchFacts | TvmFfiFacts | None

#: The Torch of a world in which there need not be any.
_NO_TORCH = MajorMinor(0, 0)


def local_targets(
    config: KernelConfig, facts: Facts, platform: Platform, wanted: str | None = None
) -> tuple[BuildTarget, ...]:
    """The variants that can be built here, or the one of them that is wanted.

    A compiled kernel is built for the release of its framework that is installed, which need not be in the build
    matrix: with Torch for the accelerator that Torch is for, and for the CPU; with tvm-ffi for each backend that there
    is a compiler for, and for the version of it that a wanted variant names. A Python-only kernel is built for each of
    its backends that the matrix has on this system; on a system that the matrix does not know, for all of them.

    Args:
        config: the kernel.
        facts: the framework that is installed: Torch for `[torch]`, tvm-ffi for `[tvm-ffi]`; `[torch-noarch]` takes
            any or none.
        platform: the system.
        wanted: the name of a variant.

    Raises:
        TargetError: when there is none, or the wanted one is not among them; says why.
        ToolchainError: when what the wanted one lacks is a compiler.
    """
    targets = _targets(config, facts, platform, wanted)
    if wanted is not None:
        chosen = tuple(target for target in targets if target.name == wanted)
        if not chosen:
            raise _not_this_one(wanted, targets, facts)
        return chosen
    if not targets:
        raise _none_at_all(config, facts, platform)
    return targets


def could_have(config: KernelConfig, name: str) -> bool:
    """Whether a kernel has a variant in some world, whatever this machine has installed."""
    variant = parse_variant_or_none(name)
    if variant is None or isinstance(variant, NoarchVariant):
        return False
    release, tvm_ffi = _NO_TORCH, None
    if isinstance(variant, TvmFfiVariant):
        tvm_ffi = variant.version
    else:
        release = variant.abi if isinstance(variant, StableAbiVariant) else variant.torch
    target = target_for(config, Row(release, variant.compute, variant.platform, tvm_ffi))
    # Of the two C++ ABIs, a Torch has the one that it was built with.
    return target is not None and target.name == name.replace("-cxx98-", "-cxx11-")


def _targets(
    config: KernelConfig, facts: Facts, platform: Platform, wanted: str | None = None
) -> tuple[BuildTarget, ...]:
    if isinstance(config.framework, NoarchExtension):
        return _noarch_targets(config, platform)
    if isinstance(config.framework, TorchExtension) and isinstance(facts, TorchFacts):
        computes = dict.fromkeys([facts.compute, Compute("cpu")])
        rows = [Row(facts.release, compute, platform) for compute in computes]
        return tuple(_with_abi(target, facts) for row in rows if (target := target_for(config, row)) is not None)
    if isinstance(config.framework, TvmFfiExtension) and isinstance(facts, TvmFfiFacts):
        computes = dict.fromkeys([*_compilers_for(config), *_compiler_of(config, facts, platform, wanted)])
        rows = [Row(_NO_TORCH, compute, platform, facts.release) for compute in computes]
        return tuple(target for row in rows if (target := target_for(config, row)) is not None)
    return ()


def _compilers_for(config: KernelConfig) -> Iterator[Compute]:
    """What the compilers of this machine can compile a kernel's components for."""
    for backend in config.general.backends:
        if not config.components(backend):
            continue
        if backend == "cpu":
            yield Compute(backend)
            continue
        with contextlib.suppress(ToolchainError):
            yield Compute(backend, find_accelerator(backend, None, cache=cache_dir("toolchains")).version)


def _compiler_of(config: KernelConfig, facts: TvmFfiFacts, platform: Platform, wanted: str | None) -> Iterator[Compute]:
    """What a wanted variant with tvm-ffi computes on, for which there may be a compiler beside the one that is first.

    Raises:
        ToolchainError: when there is none.
    """
    variant = parse_variant_or_none(wanted or "")
    if not isinstance(variant, TvmFfiVariant) or variant.compute.backend == "cpu":
        return
    if (variant.version, variant.platform) == (facts.release, platform) and could_have(config, variant.variant_str):
        find_accelerator(variant.compute.backend, variant.compute.version, cache=cache_dir("toolchains"))
        yield variant.compute


def _noarch_targets(config: KernelConfig, platform: Platform) -> tuple[BuildTarget, ...]:
    if load_matrix().on(platform):
        return select(config, load_matrix(), platform)
    return tuple(
        BuildTarget(NoarchVariant(backend), Row(_NO_TORCH, Compute(backend), platform))
        for backend in config.general.backends
    )


def _with_abi(target: BuildTarget, facts: TorchFacts) -> BuildTarget:
    variant = target.variant
    if isinstance(variant, TorchVariant) and variant.cxx_abi and not facts.cxx11_abi:
        return replace(target, variant=replace(variant, cxx_abi="cxx98"))
    return target


def _not_this_one(wanted: str, targets: tuple[BuildTarget, ...], facts: Facts) -> TargetError:
    here = ", ".join(target.name for target in targets) or "nothing"
    try:
        parse_variant(wanted)
    except VariantNameError as error:
        return TargetError(str(error))
    if facts is None:
        return TargetError(f"{wanted} cannot be built here: this machine builds {here}", hint="Choose one of these.")
    name = _name(facts)
    message = f"{wanted} cannot be built here: with {name} {facts.version} this machine builds {here}"
    return TargetError(message, hint=f"Choose one of these, install the {name} of that variant, or build with Nix.")


def _name(facts: TorchFacts | TvmFfiFacts) -> str:
    return "Torch" if isinstance(facts, TorchFacts) else "tvm-ffi"


def _none_at_all(config: KernelConfig, facts: Facts, platform: Platform) -> TargetError:
    backends = ", ".join(config.general.backends)
    if isinstance(config.framework, NoarchExtension):
        return TargetError(f"the kernel is for {backends}, which {platform} does not have")
    compiled = [backend for backend in config.general.backends if config.components(backend)]
    if not compiled:
        message = f"build.toml has no [kernel.NAME] component for {backends}"
        return TargetError(message, hint="Add one, or take the backend out of general.backends.")
    if isinstance(config.framework, TorchExtension) and isinstance(facts, TorchFacts):
        usable = [backend for backend in compiled if backend in ("cpu", facts.compute.backend)]
        if not usable:
            return _another_backend(compiled, facts)
        return _outside_the_bounds(config, config.framework, facts, usable[0])
    message = f"[{config.framework_key}] kernels are built against {config.framework_key}, which was not found"
    return TargetError(message, hint="Run `kernel-builder doctor` to see what is installed.")


def _another_backend(compiled: list[str], facts: TorchFacts) -> TargetError:
    message = (
        f"the kernel is for {', '.join(compiled)}; the Torch {facts.version} that is installed is for {facts.compute}"
    )
    return TargetError(
        message,
        hint=f"Install a Torch for {' or '.join(compiled)}, name the variant with --variant and its Torch with "
        "--fetch-torch or --python, or build with Nix.",
    )


def _outside_the_bounds(
    config: KernelConfig, framework: TorchExtension, facts: TorchFacts, backend: str
) -> TargetError:
    options, version = config.general.for_backend(backend), facts.compute.version
    if backend == facts.compute.backend and version is not None:
        below = options.minver is not None and not options.minver.allows_from(version)
        if below or (options.maxver is not None and not options.maxver.allows_to(version)):
            message = f"build.toml leaves out {facts.compute}, which the Torch {facts.version} that is installed is for"
            hint = f"Install another Torch, or change general.{backend}.minver and general.{backend}.maxver."
            return TargetError(message, hint=hint)
    abi = framework.stable_abi_for(backend)
    if abi is not None and abi.parts[:2] > facts.release:
        message = f"the kernel is built on the stable ABI of {abi}; {facts.version} is installed"
        return TargetError(message, hint="Install a Torch that has it, or change torch.stable-abi.")
    low, high = framework.minver, framework.maxver
    bounds = " and ".join(f"{word} {bound}" for word, bound in (("at least", low), ("at most", high)) if bound)
    message = f"the kernel asks for Torch of {bounds or 'another release'}; {facts.version} is installed"
    return TargetError(message, hint="Install a Torch within the bounds, or change torch.minver and torch.maxver.")
