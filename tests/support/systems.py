"""Systems that kernels are loaded on, and pairs of builds and a system made up by a generator."""

import dataclasses
import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from kernels.backend import Compute, MajorMinor
from kernels.resolve import VariantAccepted, resolve
from kernels.system import System
from kernels.variant import NoarchVariant, Platform, StableAbiVariant, TorchVariant, TvmFfiVariant, Variant

__all__ = ["BARE", "CANN", "CPU", "CUDA", "FREE", "MAC", "ROCM", "WINDOWS", "XPU", "decisions", "digest", "pairs"]

CPU = System(
    platform=Platform("x86_64", "linux"),
    compute=Compute("cpu"),
    torch=MajorMinor(2, 12),
    cxx_abi="cxx11",
    tvm_ffi=MajorMinor(0, 1),
    python=MajorMinor(3, 13),
)
CUDA = dataclasses.replace(CPU, compute=Compute("cuda", MajorMinor(12, 8)))
ROCM = dataclasses.replace(CPU, compute=Compute("rocm", MajorMinor(7, 1)))
XPU = dataclasses.replace(CPU, compute=Compute("xpu", MajorMinor(2025, 3)))
CANN = dataclasses.replace(CPU, compute=Compute("cann", MajorMinor(8, 3)))
FREE = dataclasses.replace(CPU, free_threaded=True, python=MajorMinor(3, 14))
BARE = dataclasses.replace(CPU, torch=None, cxx_abi=None, tvm_ffi=None)
WINDOWS = dataclasses.replace(CUDA, platform=Platform("x86_64", "windows"), cxx_abi=None)
MAC = System(
    platform=Platform("aarch64", "darwin"),
    compute=Compute("metal"),
    torch=MajorMinor(2, 12),
    python=MajorMinor(3, 13),
    macos=MajorMinor(26, 0),
)

_T = TypeVar("_T")

# Small pools, so that builds often fit a system, and often nearly.
_COMPUTES = [
    *map(Compute, ["cpu", "metal", "neuron", "tpu"]),
    *(Compute("cuda", MajorMinor(major, minor)) for major in (12, 13) for minor in (0, 2, 8, 10)),
    *(Compute("rocm", MajorMinor(7, minor)) for minor in (1, 2, 10)),
    *(Compute("xpu", MajorMinor(year, minor)) for year in (2025, 2026) for minor in (0, 3)),
    *(Compute("cann", MajorMinor(8, minor)) for minor in (1, 3)),
]
_TORCHES = [MajorMinor(2, minor) for minor in (1, 9, 10, 12)]
_TVM_FFIS = [MajorMinor(0, minor) for minor in (1, 2, 10)]
_CPUS = ["x86_64", "aarch64"]
_OSES = ["linux", "darwin", "windows"]
_ABIS = [None, "cxx11", "cxx98"]
_NOARCH = ["cpu", "cuda", "rocm", "metal", "xpu", "npu", "cann", "tpu", "neuron", "universal"]


def pairs(count: int, seed: int) -> Iterator[tuple[list[Variant], System, str | None]]:
    """Make up builds, systems, and backends to ask for; the same ones for the same arguments."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(count):
        system = _system(rng)
        variants = [_variant(rng, system) for _ in range(rng.randrange(13))]
        yield variants, system, rng.choice([None, None, "cpu", system.compute.backend])


def decisions(variants: list[Variant], system: System, backend: str | None) -> list[tuple[str, str]]:
    """The name of each build in the order of the decisions, with the reason for its rejection or `""`."""
    return [
        (one.variant.variant_str, "" if isinstance(one, VariantAccepted) else one.reason)
        for one in resolve(iter(variants), system, backend)
    ]


def digest(count: int, seed: int, shuffle: int = 0) -> str:
    """The hash of all decisions on made-up pairs.

    Args:
        count: how many pairs.
        seed: for the pairs.
        shuffle: a seed to shuffle the builds of each pair, some of which are then named twice; 0 leaves them.
    """
    rng = random.Random(shuffle)  # noqa: S311 - nothing secret
    total = hashlib.sha256()
    for variants, system, backend in pairs(count, seed):
        listed = variants
        if shuffle:
            listed = variants + variants[: rng.randrange(3)]
            rng.shuffle(listed)
        total.update(repr(decisions(listed, system, backend)).encode())
    return total.hexdigest()


def _system(rng: random.Random) -> System:
    os = rng.choice(_OSES)
    torch = rng.choice([*_TORCHES, None])
    return System(
        platform=Platform(rng.choice(_CPUS), os),
        compute=rng.choice(_COMPUTES),
        torch=torch,
        cxx_abi=rng.choice(["cxx11", "cxx11", "cxx98"]) if torch and os == "linux" else None,
        tvm_ffi=rng.choice([*_TVM_FFIS, None]),
        python=MajorMinor(3, rng.choice([10, 13, 14, 15])),
        free_threaded=rng.random() < 0.1,
        macos=MajorMinor(rng.choice([15, 26, 27]), 1) if os == "darwin" else None,
    )


def _variant(rng: random.Random, system: System) -> Variant:
    """A build that has each of the system's own facts more often than not."""
    compute = _near(rng, [one for one in _COMPUTES if one.backend == system.compute.backend], _COMPUTES)
    platform = Platform(_near(rng, [system.platform.cpu], _CPUS), _near(rng, [system.platform.os], _OSES))
    kind = rng.randrange(4)
    if kind == 0:
        return NoarchVariant(_near(rng, [system.compute.backend, "universal"], _NOARCH))
    if kind == 1:
        return TvmFfiVariant(_near(rng, [system.tvm_ffi or _TVM_FFIS[0]], _TVM_FFIS), compute, platform)
    torch = _near(rng, [system.torch or _TORCHES[0]], _TORCHES)
    if kind == 2:
        return StableAbiVariant(torch, compute, platform)
    return TorchVariant(torch, compute, platform, _near(rng, [None, system.cxx_abi], _ABIS))


def _near(rng: random.Random, own: Sequence[_T], others: Sequence[_T]) -> _T:
    return rng.choice(own if rng.random() < 0.8 else others)
