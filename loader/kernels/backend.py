"""Compute backends and their versions, as they stand in the names of build variants."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from kernels.errors import VariantNameError

__all__ = ["BACKENDS", "COMPILED_BACKENDS", "Compute", "MajorMinor"]

#: Every backend that a kernel can be written for, in the order of the metadata format.
BACKENDS = ("cann", "cpu", "cuda", "metal", "neuron", "rocm", "tpu", "xpu")

#: The backends whose kernels have components to compile; the others are Python only.
COMPILED_BACKENDS = ("cpu", "cuda", "metal", "rocm", "xpu")

#: Backends whose version is part of the variant: the tag in front of the digits, and how many digits the major has.
_VERSIONED = {"cann": ("cann", 1), "cuda": ("cu", 2), "rocm": ("rocm", 1), "xpu": ("xpu", 4)}
_BY_TAG = {tag: (backend, digits) for backend, (tag, digits) in _VERSIONED.items()}
_COMPUTE = re.compile(r"(cann|cu|rocm|xpu)([1-9][0-9]+)")
#: No component of a version has more digits: Python refuses to read numbers of thousands of digits.
_MAX_DIGITS = 9
_VERSION = re.compile(rf"([0-9]{{1,{_MAX_DIGITS}}})\.([0-9]{{1,{_MAX_DIGITS}}})(?![0-9])")
_DIGITS = re.compile(rf"[0-9]{{2,{_MAX_DIGITS}}}")


class MajorMinor(NamedTuple):
    """A version of two components, ordered by number: 2.9 < 2.10."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> "MajorMinor":
        """Read `"12.6"`, or the first two components of a longer version such as `"2.13.0+cpu"`.

        Raises:
            VariantNameError: when the text does not start with two numbers.
        """
        match = _VERSION.match(text)
        if match is None:
            message = f"not a version of the form MAJOR.MINOR: {text!r}"
            raise VariantNameError(message)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def from_digits(cls, digits: str, major_digits: int = 1) -> "MajorMinor":
        """Read the digits of a variant name: `"212"` is 2.12; with two digits for the major, `"126"` is 12.6.

        A minor version has no leading zero, so that every version has one spelling.

        Raises:
            VariantNameError: when the digits do not make two numbers.
        """
        major, minor = digits[:major_digits], digits[major_digits:]
        if _DIGITS.fullmatch(digits) is None or not (major and minor) or (len(minor) > 1 and minor[0] == "0"):
            message = f"the digits {digits!r} are not a major and a minor version"
            raise VariantNameError(message)
        return cls(int(major), int(minor))

    @property
    def digits(self) -> str:
        """The form of variant names: 2.12 is `"212"`."""
        return f"{self.major}{self.minor}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Compute:
    """What a build computes on: a backend and, where the name of the variant carries one, its version.

    Attributes:
        backend: one of `BACKENDS`.
        version: the version of CUDA, ROCm, oneAPI or CANN; `None` for the backends that have none.
    """

    backend: str
    version: MajorMinor | None = None

    @classmethod
    def parse(cls, text: str) -> "Compute":
        """Read the compute part of a variant name: `"cu126"`, `"rocm72"`, `"xpu20253"`, `"cpu"`.

        The number of digits of the major version is fixed per backend (CUDA two, oneAPI four, ROCm and CANN one), so
        that `rocm710` is 7.10 and `cu1210` is 12.10. Two digits alone are one and one, as in `cu92`.

        Raises:
            VariantNameError: when the text names no backend.
        """
        if text in BACKENDS and text not in _VERSIONED:
            return cls(text)
        match = _COMPUTE.fullmatch(text)
        if match is None:
            message = f"unknown compute backend {text!r}"
            raise VariantNameError(message)
        backend, major_digits = _BY_TAG[match[1]]
        return cls(backend, MajorMinor.from_digits(match[2], min(major_digits, len(match[2]) - 1)))

    @property
    def tag(self) -> str:
        """The compute part of a variant name: `"cu126"`, `"cpu"`."""
        if self.version is None:
            return self.backend
        return _VERSIONED[self.backend][0] + self.version.digits

    def __str__(self) -> str:
        return self.backend if self.version is None else f"{self.backend} {self.version}"
