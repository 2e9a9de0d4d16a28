"""What the headers of a library say: what it is, what it is for, and what loading it asks of the system."""

from collections.abc import Iterator

from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant

__all__ = ["check_headers"]

_DT_FLAGS_1, _DF_1_PIE = 0x6FFFFFFB, 0x08000000
_BITS = 64
_EI_OSABI, _OF_LINUX = 7, (0, 3)  # System V, and GNU


def check_headers(subject: ElfSubject) -> Iterator[Finding]:
    """Look at the headers and the dynamic section.

    Raises:
        BinaryError: when they cannot be read.
    """
    yield from _check_platform(subject)
    elf = subject.elf
    if elf.kind != "shared":
        yield subject.find("not-shared", f"it is no shared library: {elf.kind}")
        return
    if elf.dynamic is None:
        yield subject.find("no-dynamic-section", "it has no dynamic section")
        return
    if (elf.value(_DT_FLAGS_1) or 0) & _DF_1_PIE:
        yield subject.find("not-shared", "it is no shared library: executable")
    for tag, folders in (("RPATH", elf.rpath), ("RUNPATH", elf.runpath)):
        if folders:
            yield subject.find("rpath", f"it has the {tag} {':'.join(folders)}", needed=":".join(folders))
    if elf.executable_stack:
        yield subject.find("executable-stack", "it asks for an executable stack")
    if elf.text_relocations:
        yield subject.find("text-relocations", "it has text relocations")


def _check_platform(subject: ElfSubject) -> Iterator[Finding]:
    elf, variant = subject.elf, subject.limits.variant
    if elf.data[_EI_OSABI] not in _OF_LINUX:
        yield subject.find("wrong-system", f"it is no library of Linux (EI_OSABI is {elf.data[_EI_OSABI]})")
    if elf.bits != _BITS:
        yield subject.find("32-bit", f"it is for {elf.bits} bits ({elf.machine})")
    if variant is None:
        return
    if isinstance(variant, NoarchVariant):
        yield subject.find("unexpected-library", f"{variant} is a build of Python code only")
        return
    if variant.platform.os != "linux":
        yield subject.find("wrong-system", f"it is a library of Linux, and the variant is for {variant.platform.os}")
    elif variant.platform.cpu != elf.machine:
        message = f"it is for {elf.machine}, and the variant for {variant.platform.cpu}"
        yield subject.find("wrong-machine", message, needed=elf.machine, allowed=variant.platform.cpu)
