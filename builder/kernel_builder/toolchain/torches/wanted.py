"""What a variant asks of a Torch."""

import platform
from dataclasses import dataclass

from kernel_builder.toolchain.torch import TorchFacts
from kernels.backend import Compute, MajorMinor
from kernels.variant import Platform, StableAbiVariant, TorchVariant, parse_variant_or_none

__all__ = ["WantedTorch", "wanted_torch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTorch:
    """What a Torch has to be.

    Attributes:
        release: its release; with `or_later`, the oldest one.
        or_later: whether later releases will do, as they do for the stable ABI.
        compute: what it is built for; any Torch will do for the CPU.
        cxx11_abi: whether it has the new C++ ABI of GNU; `None` for either.
    """

    release: MajorMinor
    or_later: bool
    compute: Compute
    cxx11_abi: bool | None

    def fits(self, torch: TorchFacts) -> bool:
        """Whether a Torch is one."""
        if torch.release != self.release and not (self.or_later and torch.release > self.release):
            return False
        return self.compute in (Compute("cpu"), torch.compute) and self.cxx11_abi in (None, torch.cxx11_abi)

    def __str__(self) -> str:
        later = " or later" if self.or_later else ""
        return f"Torch {self.release}{later}{'' if self.compute.backend == 'cpu' else f' for {self.compute}'}"


def wanted_torch(variant: str | None) -> WantedTorch | None:
    """What the variant of a name asks for; `None` when it asks nothing that a Torch could change.

    That is so without a name, with one that is none, of a variant without Torch, and of another system than this one.
    """
    parsed = parse_variant_or_none(variant) if variant else None
    if not isinstance(parsed, TorchVariant | StableAbiVariant):
        return None
    if parsed.platform != Platform.of(platform.machine(), platform.system()):
        return None
    if isinstance(parsed, StableAbiVariant):
        return WantedTorch(release=parsed.abi, or_later=True, compute=parsed.compute, cxx11_abi=None)
    abi = None if parsed.cxx_abi is None else parsed.cxx_abi == "cxx11"
    return WantedTorch(release=parsed.torch, or_later=False, compute=parsed.compute, cxx11_abi=abi)
