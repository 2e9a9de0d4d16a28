"""Whether a library keeps to the stable ABI of Torch, as the oldest Torch has it."""

from collections.abc import Iterator

from kernel_builder.checks.abi.libraries import GROUPS_OF_TORCH, libraries
from kernel_builder.checks.abi.mangled import is_of_cxx_library, mentions_torch, mentions_unstable_torch
from kernel_builder.checks.abi.model import version_text
from kernel_builder.checks.abi.providers import find_definitions
from kernel_builder.checks.abi.subject import ElfSubject, Subject
from kernel_builder.checks.findings import Finding

__all__ = ["check_torch_names"]

#: How the names of Torch's C functions start.
_SHIMS = ("aoti_torch_", "torch_")
#: How those of its own code start.
_C_NAMES = ("THP", "THC", "THM")


def check_torch_names(subject: Subject, oldest: tuple[int, int]) -> Iterator[Finding]:
    """Hold the symbols of Torch that a library needs against the stable ABI.

    Raises:
        BinaryError: when its symbols cannot be read.
    """
    others = [name for name in subject.open_names if not name.startswith(_SHIMS)]
    defined = _defined_by_torch(subject, others)
    for name in subject.open_names:
        if name.startswith(_SHIMS):
            yield from _check_shim(subject, name, oldest)
        elif mentions_unstable_torch(name) or name.startswith(_C_NAMES) or name in defined:
            message = f"{name} is needed, which is not of Torch's stable ABI"
            fields = {"symbol": name, "allowed": version_text(oldest), "origin": subject.origins.of(name)}
            yield subject.find("torch-not-stable", message, **fields)


def _defined_by_torch(subject: Subject, names: list[str]) -> frozenset[str]:
    """Those of some names that Torch's libraries define, where they are at hand, and that are nobody else's."""
    if not isinstance(subject, ElfSubject) or not subject.limits.search:
        return frozenset()
    of_torch = [name for name in subject.elf.needed if any(name in libraries(group) for group in GROUPS_OF_TORCH)]
    asked = [name for name in names if not (mentions_torch(name) or is_of_cxx_library(name))]
    return frozenset(find_definitions(asked, of_torch, subject.limits.search).found)


def _check_shim(subject: Subject, name: str, oldest: tuple[int, int]) -> Iterator[Finding]:
    from kernel_builder.checks.abi.torch_abi import torch_shims

    shims = torch_shims()
    fields = {"symbol": name, "allowed": version_text(oldest), "origin": subject.origins.of(name)}
    if name not in shims:
        message = f"{name} is needed, which is not known to be of Torch's stable ABI"
        yield subject.find("torch-shim-unknown", message, **fields)
    elif (since := shims[name]) is not None and since > oldest:
        needed = version_text(since)
        message = f"{name} is needed, which the stable ABI has since Torch {needed}, and not in {fields['allowed']}"
        yield subject.find("torch-shim-too-new", message, needed=needed, **fields)
