"""The names of build variants: one build of a kernel for one world.

========================  ===============================================  =======================================
form                      grammar                                          example
========================  ===============================================  =======================================
Torch                     ``torch{MM}[-cxx11|-cxx98]-{compute}-{cpu}-{os}``  ``torch212-cxx11-cu130-x86_64-linux``
Torch stable ABI          ``torch-stable-abi{MM}-{compute}-{cpu}-{os}``      ``torch-stable-abi211-cpu-aarch64-darwin``
tvm-ffi                   ``tvm-ffi{MM}-{compute}-{cpu}-{os}``               ``tvm-ffi01-cu130-x86_64-linux``
Python only               ``torch-{backend}``                                ``torch-cuda``, ``torch-universal``
========================  ===============================================  =======================================

``{MM}`` is the major and the minor version in digits: 2.12 is ``212``, tvm-ffi 0.1 is ``01``.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from kernels.backend import Compute, MajorMinor
from kernels.errors import VariantNameError

__all__ = [
    "NoarchVariant",
    "Platform",
    "StableAbiVariant",
    "TorchVariant",
    "TvmFfiVariant",
    "Variant",
    "parse_variant",
    "parse_variant_or_none",
    "preference",
]

_CPU_NAMES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}
_PART = re.compile(r"[a-z0-9_]+")
_TORCH = re.compile(r"torch([0-9]{2,})")
_STABLE_ABI = re.compile(r"torch-stable-abi([0-9]{2,})-(.+)")
_TVM_FFI = re.compile(r"tvm-ffi([0-9]{2,})-(.+)")
_NOARCH = re.compile(r"torch-([a-z][a-z0-9_]*)")
_SOURCES = "torch-ext"  # beside the builds in a kernel project, and of the form of a Python-only build
_ARCH_PARTS = 3


@dataclass(frozen=True, slots=True)
class Platform:
    """A processor architecture and an operating system, as Nix and the variant names spell them."""

    cpu: str
    os: str

    @classmethod
    def of(cls, machine: str, system: str) -> "Platform":
        """Normalise what `platform.machine()` and `platform.system()` say: AMD64 and arm64 get their Linux names."""
        return cls(_CPU_NAMES.get(machine.lower(), machine.lower()), system.lower())

    def __str__(self) -> str:
        return f"{self.cpu}-{self.os}"


@dataclass(frozen=True, slots=True)
class TorchVariant:
    """A build against one Torch release.

    Attributes:
        torch: the Torch version.
        compute: the backend and its version.
        platform: the processor and the operating system.
        cxx_abi: `"cxx11"` or `"cxx98"` (Linux), or `None` where the name carries no tag.
    """

    torch: MajorMinor
    compute: Compute
    platform: Platform
    cxx_abi: str | None = None

    @property
    def variant_str(self) -> str:
        """The name of the variant."""
        abi = f"-{self.cxx_abi}" if self.cxx_abi else ""
        return f"torch{self.torch.digits}{abi}-{self.compute.tag}-{self.platform}"

    def __str__(self) -> str:
        return self.variant_str


@dataclass(frozen=True, slots=True)
class StableAbiVariant:
    """A build against the stable ABI of Torch: it serves the release `abi` and every later one."""

    abi: MajorMinor
    compute: Compute
    platform: Platform

    @property
    def variant_str(self) -> str:
        """The name of the variant."""
        return f"torch-stable-abi{self.abi.digits}-{self.compute.tag}-{self.platform}"

    def __str__(self) -> str:
        return self.variant_str


@dataclass(frozen=True, slots=True)
class TvmFfiVariant:
    """A build against one release of tvm-ffi, without Torch."""

    version: MajorMinor
    compute: Compute
    platform: Platform

    @property
    def variant_str(self) -> str:
        """The name of the variant."""
        return f"tvm-ffi{self.version.digits}-{self.compute.tag}-{self.platform}"

    def __str__(self) -> str:
        return self.variant_str


@dataclass(frozen=True, slots=True)
class NoarchVariant:
    """A Python-only build for one backend, or for all of them when `backend` is `"universal"`."""

    backend: str

    @property
    def variant_str(self) -> str:
        """The name of the variant."""
        return f"torch-{self.backend}"

    def __str__(self) -> str:
        return self.variant_str


Variant: TypeAlias = TorchVariant | StableAbiVariant | TvmFfiVariant | NoarchVariant


def parse_variant(name: str) -> Variant:
    """Read the name of a build variant; `parse_variant(name).variant_str == name` for every valid name.

    Raises:
        VariantNameError: when the name follows none of the forms above.
    """
    if name == _SOURCES:
        message = f"{name!r} is not a build variant: it is the folder of a kernel's sources"
        raise VariantNameError(message)
    if match := _NOARCH.fullmatch(name):
        return NoarchVariant(match[1])
    try:
        if match := _STABLE_ABI.fullmatch(name):
            return StableAbiVariant(MajorMinor.from_digits(match[1]), *_parse_arch(match[2].split("-")))
        if match := _TVM_FFI.fullmatch(name):
            return TvmFfiVariant(MajorMinor.from_digits(match[1]), *_parse_arch(match[2].split("-")))
        head, *parts = name.split("-")
        if match := _TORCH.fullmatch(head):
            abi = parts.pop(0) if parts and parts[0] in ("cxx11", "cxx98") else None
            return TorchVariant(MajorMinor.from_digits(match[1]), *_parse_arch(parts), abi)
    except VariantNameError as error:
        message = f"{name!r} is not a build variant: {error}"
        raise VariantNameError(message) from None
    message = f"{name!r} is not a build variant: it starts with neither torch nor tvm-ffi and a version"
    raise VariantNameError(message)


def parse_variant_or_none(name: str) -> Variant | None:
    """Read a name that may be that of a build variant; `None` when it is another."""
    try:
        return parse_variant(name)
    except VariantNameError:
        return None


def _parse_arch(parts: list[str]) -> tuple[Compute, Platform]:
    if len(parts) != _ARCH_PARTS or not all(map(_PART.fullmatch, parts)):
        message = "it does not end in COMPUTE-CPU-OS"
        raise VariantNameError(message)
    compute, cpu, os = parts
    return Compute.parse(compute), Platform(cpu, os)


def preference(variant: Variant) -> tuple[int, int, int, int, int, int, str]:
    """Sort key of a variant among those that fit a system: the best comes first, and no two variants are equal.

    Newest stable ABI first, then Torch builds (without a C++ ABI tag before tagged ones), then tvm-ffi, then Python
    only, universal last; within a kind the higher compute version first.
    """
    name = variant.variant_str
    if isinstance(variant, NoarchVariant):
        return (4 if variant.backend == "universal" else 3, 0, 0, 0, 0, 0, name)
    major, minor = variant.compute.version or (0, 0)
    if isinstance(variant, StableAbiVariant):
        return (0, -variant.abi.major, -variant.abi.minor, 0, -major, -minor, name)
    if isinstance(variant, TorchVariant):
        return (1, -variant.torch.major, -variant.torch.minor, int(variant.cxx_abi is not None), -major, -minor, name)
    return (2, -variant.version.major, -variant.version.minor, 0, -major, -minor, name)
