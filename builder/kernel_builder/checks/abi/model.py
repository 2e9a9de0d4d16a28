"""What a library is held against, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.checks.findings import Finding
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY
from kernels.variant import StableAbiVariant, Variant

__all__ = ["AbiLimits", "AbiReport", "version_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbiLimits:
    """What a library may ask for.

    Attributes:
        manylinux: the policy that a Linux library keeps to, such as `manylinux_2_28`; `None` for no limit.
        macos: the oldest macOS that a library has to load on.
        python: the oldest Python that it has to load under; `None` for no limit.
        torch_stable_abi: the oldest Torch whose stable ABI it may use; `None` for a library of one Torch, unless its
            variant says otherwise.
        variant: what it is a build of; `None` where that is not known, and nothing is said of what a variant decides.
        ops_id: the name of the native module and of its namespace in `torch.ops`.
        search: folders with libraries that it may need, such as `lib` of Torch.
        objects: the object files that it was linked from, to name the one that a symbol comes from.
    """

    manylinux: str | None = DEFAULT_POLICY
    macos: tuple[int, int] = (15, 0)
    python: tuple[int, int] | None = (3, 9)
    torch_stable_abi: tuple[int, int] | None = None
    variant: Variant | None = None
    ops_id: str | None = None
    search: tuple[Path, ...] = ()
    objects: tuple[Path, ...] = ()

    @property
    def torch(self) -> tuple[int, int] | None:
        """The oldest Torch whose stable ABI may be used: as given, or as the variant says."""
        if self.torch_stable_abi is None and isinstance(self.variant, StableAbiVariant):
            return self.variant.abi
        return self.torch_stable_abi

    def interfaces(self) -> Iterator[str]:
        """The limits that hold for every format, in words."""
        if self.python is not None:
            yield f"limited API: Python {version_text(self.python)}"
        if self.torch is not None:
            yield f"stable ABI: Torch {version_text(self.torch)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AbiReport:
    """What came of looking at a library.

    Attributes:
        path: the file.
        kind: `elf`, `macho` or `pe`; `None` when it is none of them.
        machine: the processors that it is for, such as `x86_64`, with commas between them; empty when not known.
        checked: what was looked at, in words.
        findings: what is to be said of it, errors and warnings.
        unchecked: what could not be looked at, in words.
    """

    path: Path
    kind: str | None
    machine: str
    checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that fail the check."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def version_text(version: tuple[int, ...]) -> str:
    """A version as it is written: `(3, 9)` is `3.9`."""
    return ".".join(map(str, version))
