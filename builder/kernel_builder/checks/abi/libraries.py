"""Whether a library needs only those that are there wherever a kernel is loaded."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from kernel_builder.checks.abi.subject import ElfSubject, Subject
from kernel_builder.checks.findings import Finding
from kernel_builder.toolchain.manylinux.policy import Policy
from kernels.backend import Compute
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant

__all__ = ["GROUPS_OF_TORCH", "allowed_groups", "check_libraries", "is_system_library", "libraries", "unexpected"]

_FRAMEWORKS = ("torch", "tvm-ffi")
_BACKENDS = ("cuda", "rocm", "xpu")
_ALL = (*_FRAMEWORKS, *_BACKENDS)
#: The groups that have libraries of Torch itself.
GROUPS_OF_TORCH = ("torch", *_BACKENDS)
#: DT_AUXILIARY, DT_FILTER, DT_AUDIT and DT_DEPAUDIT.
_OTHER_TAGS = (0x7FFFFFFD, 0x7FFFFFFF, 0x6FFFFEFC, 0x6FFFFEFB)
_MAJOR = re.compile(r"\.so\.([0-9]+)")


class _Libraries:
    """The libraries that come with something.

    Args:
        entries: whole names, names without a suffix, and starts of names, which end with `*`.
    """

    def __init__(self, entries: list[str]) -> None:
        self._names = frozenset(entries)
        self._starts = tuple(entry[:-1] for entry in entries if entry.endswith("*"))

    def __contains__(self, name: str) -> bool:
        return name in self._names or _stem(name) in self._names or name.startswith(self._starts)


@cache
def libraries(group: str) -> _Libraries:
    """The libraries of a group of `libraries.json`."""
    return _Libraries(_document()[group])


@cache
def _document() -> dict[str, list[str]]:
    document: dict[str, list[str]] = json.loads(Path(__file__).with_name("libraries.json").read_text("utf-8"))
    return document


def _stem(name: str) -> str:
    return name.partition(".so")[0].partition(".dylib")[0]


def is_system_library(name: str) -> bool:
    """Whether a library is the C library, the C++ library or one that comes with them."""
    return name in libraries("system")


def check_libraries(subject: ElfSubject, policy: Policy | None) -> Iterator[Finding]:
    """Look at each library that is needed, and at the name that the file gives itself.

    Raises:
        BinaryError: when the dynamic section cannot be read.
    """
    for library in dict.fromkeys(subject.elf.needed):
        yield from _check_library(subject, library, policy)
    for library in (name for tag in _OTHER_TAGS for name in subject.elf.strings_of(tag)):
        message = f"{library} is named to stand in for this library, or to watch its loading"
        yield subject.find("needed-library", message, needed=library)
    soname = subject.elf.soname
    if soname is not None and any(soname in libraries(group) for group in ("system", *_ALL)):
        yield subject.find("soname", f"it calls itself {soname}, which is the name of another library")


def allowed_groups(variant: Variant | None) -> tuple[str, ...]:
    """The groups of libraries that come with what a variant is for; all where the variant is not known."""
    if variant is None:
        return _ALL
    framework = "tvm-ffi" if isinstance(variant, TvmFfiVariant) else "torch"
    compute = _compute(variant)
    return (framework, compute.backend) if compute is not None and compute.backend in _BACKENDS else (framework,)


def _check_library(subject: ElfSubject, library: str, policy: Policy | None) -> Iterator[Finding]:
    variant = subject.limits.variant
    if "/" in library:
        yield subject.find("needed-path", f"{library} is needed by its path", needed=library)
    elif library.startswith("libpython"):
        yield subject.find("needed-python", f"{library} is needed", needed=library)
    elif is_system_library(library) or (policy is not None and library in policy.libraries):
        return
    elif any(library in libraries(group) for group in allowed_groups(variant)):
        yield from _check_major(subject, library)
    else:
        yield unexpected(subject, library)


def unexpected(subject: Subject, library: str) -> Finding:
    """The finding that a library is needed which comes with nothing that is there, or not with what is there."""
    if others := [group for group in _ALL if library.removeprefix("@rpath/") in libraries(group)]:
        message = (
            f"{library} is needed, which comes with {' and '.join(others)}; the variant is {subject.limits.variant}"
        )
        return subject.find("needed-backend", message, needed=library)
    message = f"{library} is needed, which comes neither with the system nor with Torch"
    return subject.find("needed-library", message, needed=library)


def _compute(variant: Variant | None) -> Compute | None:
    return None if variant is None or isinstance(variant, NoarchVariant) else variant.compute


def _check_major(subject: ElfSubject, library: str) -> Iterator[Finding]:
    """Libraries that change their name with the toolkit tell which toolkit it was built with."""
    compute = _compute(subject.limits.variant)
    major = _MAJOR.search(library)
    if compute is None or compute.version is None or major is None or library not in libraries("named_after_toolkit"):
        return
    if int(major[1][:9]) != compute.version.major:
        message = f"{library} is needed, but the variant is for {compute}"
        yield subject.find("needed-version", message, needed=library, allowed=str(compute.version.major))
