"""CUDA capabilities and ROCm architectures: which there are, and which of them a component is compiled for."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "CAPABILITY",
    "ROCM_ARCH",
    "Capability",
    "RocmArchs",
    "default_capabilities",
    "family_cuda",
    "known_capabilities",
    "loose_intersection",
    "oldest_capability",
    "oldest_cudas",
    "oldest_with_suffix",
    "rocm_archs",
    "rocm_llvm",
]

#: The form of a CUDA capability: `9.0`, `9.0a` (this architecture only), `10.0f` (its family), `8.0+PTX`.
CAPABILITY = r"([1-9][0-9]?)\.([0-9])([af]?)(\+PTX)?"
#: The form of a ROCm architecture: `gfx942`.
ROCM_ARCH = r"gfx[1-9][0-9]?[0-9a-f]{2}"

_CAPABILITY = re.compile(CAPABILITY)


class Capability(NamedTuple):
    """A CUDA capability, in the order of its number: 8.9 < 9.0 < 9.0a < 10.0.

    Attributes:
        number: major and minor, such as `(9, 0)`.
        suffix: `a`, `f` or nothing.
        ptx: whether code for later devices is kept too (`+PTX`).
    """

    number: tuple[int, int]
    suffix: str = ""
    ptx: bool = False

    @classmethod
    def parse(cls, text: str) -> "Capability | None":
        """Read `"9.0a"` or `"8.0+PTX"`; `None` when it is nothing of the kind."""
        match = _CAPABILITY.fullmatch(text)
        if match is None:
            return None
        return cls((int(match[1]), int(match[2])), match[3], match[4] is not None)

    def __str__(self) -> str:
        major, minor = self.number
        return f"{major}.{minor}{self.suffix}" + ("+PTX" if self.ptx else "")


class RocmArchs(NamedTuple):
    """The ROCm architectures, by what becomes of a component that lists them.

    Attributes:
        supported: components are compiled for these.
        retired: of no product; passed over.
        other: the compiler has a name for these, and components are not compiled for them.
    """

    supported: tuple[str, ...]
    retired: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def known(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.supported, *self.retired, *self.other)


def loose_intersection(requested: Sequence[Capability], targets: Sequence[Capability]) -> tuple[Capability, ...]:
    """What a component that asks for some capabilities is compiled for, where a compiler builds for `targets`.

    A capability with a suffix is taken where its number is a target, and then stands for that target. Each target that
    is left gets the highest requested capability without suffix that is not above it and has the same major version;
    one that is requested with PTX may be of an older major version. Whether PTX is kept is the request's own say.

    Args:
        requested: `cuda-capabilities` of the component.
        targets: the defaults of the compiler (`default_capabilities`); their PTX does not count.

    Returns:
        The capabilities, by number and without repetition; empty when the component cannot be compiled.
    """
    numbers = {target.number for target in targets}
    ptx = {(one.number, one.suffix) for one in requested if one.ptx}
    specific = {(one.number, one.suffix) for one in requested if one.suffix and one.number in numbers}
    plain = {one.number for one in requested if not one.suffix}
    found = set(specific)
    for target in numbers - {number for number, _ in specific}:
        fitting = [number for number in plain if number <= target and (number[0] == target[0] or (number, "") in ptx)]
        if fitting:
            found.add((max(fitting), ""))
    return tuple(Capability(*one, ptx=one in ptx) for one in sorted(found))


@cache
def default_capabilities(cuda: tuple[int, int]) -> tuple[Capability, ...]:
    """What components are compiled for with a CUDA version, when they name no capabilities."""
    return _parsed(_row(cuda)["capabilities"])


@cache
def oldest_capability(cuda: tuple[int, int]) -> Capability:
    """The oldest capability that the compiler of a CUDA version takes."""
    return _parsed([_row(cuda)["oldest"]])[0]


@cache
def oldest_cudas() -> tuple[tuple[int, int], ...]:
    """For each list of defaults, the oldest CUDA version that has it; the newest first."""
    return tuple(_version(row["from"]) for row in _data()["cuda"]["defaults"])


@cache
def known_capabilities() -> tuple[Capability, ...]:
    """Every capability, without suffixes."""
    return _parsed(_data()["cuda"]["known"])


@cache
def oldest_with_suffix() -> Mapping[str, Capability]:
    """The oldest capability that has the suffix `a` or `f`."""
    return {suffix: _parsed([text])[0] for suffix, text in _data()["cuda"]["suffixes"].items()}


@cache
def family_cuda() -> tuple[int, int]:
    """The oldest CUDA whose compiler takes the suffix `f`."""
    return _version(_data()["cuda"]["family-cuda"])


@cache
def rocm_archs() -> RocmArchs:
    """The ROCm architectures."""
    return RocmArchs(**{group: tuple(_data()["rocm"][group]) for group in RocmArchs._fields})


@cache
def rocm_llvm() -> Mapping[str, str]:
    """The LLVM that has an architecture, where it is newer than the oldest whose clang is taken for HIP."""
    return dict(_data()["rocm"]["llvm"])


def _row(cuda: tuple[int, int]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = _data()["cuda"]["defaults"]
    return next(row for row in rows if cuda >= _version(row["from"]))


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _parsed(texts: Sequence[str]) -> tuple[Capability, ...]:
    return tuple(capability for text in texts if (capability := Capability.parse(text)) is not None)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(__file__).with_name("capabilities.json").read_text("utf-8"))
    return data
