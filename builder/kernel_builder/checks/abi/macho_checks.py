"""All that is looked at in a library for macOS."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from kernel_builder.binary import BinaryError
from kernel_builder.binary.macho import MachOFile, open_macho
from kernel_builder.checks.abi.libraries import allowed_groups, libraries, unexpected
from kernel_builder.checks.abi.model import AbiLimits, AbiReport, version_text
from kernel_builder.checks.abi.module import check_module
from kernel_builder.checks.abi.python_names import check_python_names
from kernel_builder.checks.abi.subject import Subject
from kernel_builder.checks.abi.torch_names import check_torch_names
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant

__all__ = ["check_macho"]

_LOADABLE = ("bundle", "dylib")
_BITS = 64
_TVM_FFI_SUFFIXES = (".dylib", ".so")
_PYTHON = re.compile(r"/libpython[0-9]|/Python\.framework/")


class _MachoSubject(Subject):
    """A library for macOS, or one slice of a fat one."""

    def __init__(self, macho: MachOFile, limits: AbiLimits, file: str) -> None:
        super().__init__(limits, file)
        self.macho = macho

    @cached_property
    def undefined(self) -> Mapping[str, bool]:
        """The undefined symbols."""
        return {symbol.name: symbol.weak for symbol in self.macho.symbols() if not symbol.defined}

    def defines(self, name: str) -> bool:
        """Whether it exports a symbol."""
        return any(symbol.defined and symbol.name == name for symbol in self.macho.symbols())


def check_macho(path: Path, limits: AbiLimits, file: str) -> AbiReport:
    """Hold a library for macOS against its limits, each slice of a fat one.

    Args:
        path: where it is.
        limits: what it may ask for.
        file: what findings call it.

    Raises:
        OSError: when it cannot be read.
    """
    whole = Subject(limits, file)
    findings: list[Finding] = []
    machines: list[str] = []
    checked: tuple[str, ...] = ()
    try:
        with open_macho(path) as slices:
            machines += [one.machine for one in slices]
            findings += _check_machines(whole, machines)
            for one in slices:
                findings += _check(_MachoSubject(one, limits, file))
        checked = (f"system: macOS {version_text(limits.macos)}", *limits.interfaces(), "headers", "libraries")
    except BinaryError as error:
        findings.append(whole.find("unreadable", f"it cannot be read: {str(error).removeprefix(f'{path}: ')}"))
    return AbiReport(
        path=path, kind="macho", machine=", ".join(machines), checked=checked, findings=tuple(dict.fromkeys(findings))
    )


def _check_machines(subject: Subject, machines: list[str]) -> Iterator[Finding]:
    variant = subject.limits.variant
    if variant is None:
        return
    if isinstance(variant, NoarchVariant):
        yield subject.find("unexpected-library", f"{variant} is a build of Python code only")
    elif variant.platform.os != "darwin":
        yield subject.find("wrong-system", f"it is a library of macOS, and the variant is for {variant.platform.os}")
    elif variant.platform.cpu not in machines:
        needed = ", ".join(machines)
        message = f"it is for {needed}, and the variant for {variant.platform.cpu}"
        yield subject.find("wrong-machine", message, needed=needed, allowed=variant.platform.cpu)


def _check(subject: _MachoSubject) -> Iterator[Finding]:
    macho = subject.macho
    if macho.kind not in _LOADABLE:
        yield subject.find("not-shared", f"it is no library that can be loaded: {macho.kind}")
        return
    if macho.bits != _BITS:
        yield subject.find("32-bit", f"it is for {macho.bits} bits ({macho.machine})")
    yield from _check_targets(subject)
    for library in dict.fromkeys(macho.needed):
        yield from _check_library(subject, library)
    if folders := [folder for folder in macho.rpath if not folder.startswith("@")]:
        yield subject.find("rpath", f"it has the RPATH {':'.join(folders)}", needed=":".join(folders))
    if subject.limits.python is not None:
        yield from check_python_names(subject, subject.limits.python)
    if (torch := subject.limits.torch) is not None:
        yield from check_torch_names(subject, torch)
    yield from check_module(subject, _TVM_FFI_SUFFIXES)


def _check_targets(subject: _MachoSubject) -> Iterator[Finding]:
    targets, allowed = subject.macho.targets, subject.limits.macos
    if not targets:
        yield subject.find("macos-version-missing", "it does not say which macOS it needs")
    for target in targets:
        if target.platform != "macos":
            yield subject.find("wrong-system", f"it is a library of {target.platform}")
        elif target.oldest > (*allowed, 0):
            needed = version_text(target.oldest[:2] if not target.oldest[2] else target.oldest)
            message = f"it needs macOS {needed}, and has to load on {version_text(allowed)}"
            yield subject.find("macos-version", message, needed=needed, allowed=version_text(allowed))


def _check_library(subject: _MachoSubject, library: str) -> Iterator[Finding]:
    """Torch has loaded its libraries before, under their names with `@rpath`."""
    name = library.removeprefix("@rpath/")
    if _PYTHON.search(f"/{library}"):
        yield subject.find("needed-python", f"{library} is needed", needed=library)
    elif library in libraries("macos"):
        return
    elif "/" in name:
        yield subject.find("needed-path", f"{library} is needed by its path", needed=library)
    elif any(name in libraries(group) for group in allowed_groups(subject.limits.variant)):
        return
    else:
        yield unexpected(subject, library)
