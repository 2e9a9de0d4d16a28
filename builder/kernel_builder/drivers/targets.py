"""Which of a kernel's variants the toolchain of this machine can build."""

from dataclasses import replace

from kernel_builder.config.model import KernelConfig, TorchExtension
from kernel_builder.errors import TargetError
from kernel_builder.matrix import BuildTarget, Row
from kernel_builder.matrix.select import target_for
from kernel_builder.project.render import RENDERED_BACKENDS
from kernel_builder.toolchain.torch import TorchFacts
from kernels.backend import Compute
from kernels.errors import VariantNameError
from kernels.variant import Platform, TorchVariant, parse_variant

__all__ = ["local_targets"]


def local_targets(
    config: KernelConfig, facts: TorchFacts, platform: Platform, wanted: str | None = None
) -> tuple[BuildTarget, ...]:
    """The variants that can be built with the Torch of this environment, or the one of them that is wanted.

    The Torch need not be in the build matrix: a kernel can be built for any that its bounds allow.

    Raises:
        TargetError: when there is none, or the wanted one is not among them; says why.
    """
    if not isinstance(config.framework, TorchExtension):
        raise _none_at_all(config, facts)
    targets = [
        _with_abi(target, facts)
        for backend in RENDERED_BACKENDS
        if (target := target_for(config, Row(facts.release, Compute(backend), platform))) is not None
    ]
    if wanted is not None:
        chosen = tuple(target for target in targets if target.name == wanted)
        if not chosen:
            raise _not_this_one(wanted, targets, facts)
        return chosen
    if not targets:
        raise _none_at_all(config, facts)
    return tuple(targets)


def _with_abi(target: BuildTarget, facts: TorchFacts) -> BuildTarget:
    variant = target.variant
    if isinstance(variant, TorchVariant) and variant.cxx_abi and not facts.cxx11_abi:
        return replace(target, variant=replace(variant, cxx_abi="cxx98"))
    return target


def _not_this_one(wanted: str, targets: list[BuildTarget], facts: TorchFacts) -> TargetError:
    here = ", ".join(target.name for target in targets) or "nothing"
    try:
        parse_variant(wanted)
    except VariantNameError as error:
        return TargetError(str(error))
    message = f"{wanted} cannot be built here: with Torch {facts.version} this machine builds {here}"
    return TargetError(message, hint="Choose one of these, install the Torch of that variant, or build with Nix.")


def _none_at_all(config: KernelConfig, facts: TorchFacts) -> TargetError:
    backends = ", ".join(config.general.backends)
    if not isinstance(config.framework, TorchExtension):
        message = f"the local driver of this version builds [torch] kernels only, not [{config.framework_key}] ones"
        return TargetError(message, hint="Build the kernel with Nix.")
    usable = [backend for backend in RENDERED_BACKENDS if backend in config.general.backends]
    if not usable:
        message = (
            f"the local driver of this version builds for {', '.join(RENDERED_BACKENDS)}; the kernel has {backends}"
        )
        return TargetError(message, hint="Build the kernel with Nix.")
    if not any(config.components(backend) for backend in usable):
        message = f"build.toml has no [kernel.NAME] component for {', '.join(usable)}"
        return TargetError(message, hint="Add one, or take the backend out of general.backends.")
    abi = config.framework.stable_abi_for(usable[0])
    if abi is not None and abi.parts[:2] > facts.release:
        message = f"the kernel is built on the stable ABI of {abi}; {facts.version} is installed"
        return TargetError(message, hint="Install a Torch that has it, or change torch.stable-abi.")
    low, high = config.framework.minver, config.framework.maxver
    bounds = " and ".join(f"{word} {bound}" for word, bound in (("at least", low), ("at most", high)) if bound)
    message = f"the kernel asks for Torch of {bounds or 'another release'}; {facts.version} is installed"
    return TargetError(message, hint="Install a Torch within the bounds, or change torch.minver and torch.maxver.")
