"""All that is looked at in an ELF library."""

from collections.abc import Iterator
from pathlib import Path

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import ElfFile
from kernel_builder.checks.abi.exports import check_exports
from kernel_builder.checks.abi.headers import check_headers
from kernel_builder.checks.abi.libraries import check_libraries
from kernel_builder.checks.abi.model import AbiLimits, AbiReport
from kernel_builder.checks.abi.module import check_module
from kernel_builder.checks.abi.namespaces import check_namespaces
from kernel_builder.checks.abi.python_names import check_python_names
from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.abi.torch_names import check_torch_names
from kernel_builder.checks.abi.undefined import check_undefined
from kernel_builder.checks.abi.versions import check_versions
from kernel_builder.checks.findings import Finding
from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.manylinux.policy import load_policy

__all__ = ["check_elf"]

_TVM_FFI_SUFFIX = ".so"


def check_elf(elf: ElfFile, path: Path, limits: AbiLimits, file: str) -> AbiReport:
    """Hold an ELF library against its limits.

    Args:
        elf: the file, open.
        path: where it is.
        limits: what it may ask for.
        file: what findings call it.
    """
    subject = ElfSubject(elf, limits, file)
    findings: list[Finding] = []
    checked: tuple[str, ...] = ()
    try:
        findings.extend(_check(subject))
        system = () if limits.manylinux is None else (f"system libraries: {limits.manylinux}",)
        checked = (*system, *limits.interfaces(), "headers", "libraries", "symbols")
    except BinaryError as error:
        reason = str(error).removeprefix(f"{elf.name}: ")
        findings.append(subject.find("unreadable", f"it cannot be read: {reason}"))
    return AbiReport(
        path=path,
        kind="elf",
        machine=elf.machine,
        checked=checked,
        findings=tuple(findings),
        unchecked=tuple(subject.notes),
    )


def _check(subject: ElfSubject) -> Iterator[Finding]:
    yield from check_headers(subject)
    if subject.elf.kind != "shared" or subject.elf.dynamic is None:
        return
    policy = None
    if subject.limits.manylinux is not None:
        try:
            policy = load_policy(subject.limits.manylinux, subject.elf.machine)
        except ToolchainError as error:
            yield subject.find("manylinux-machine", str(error))
    yield from check_libraries(subject, policy)
    if policy is not None:
        yield from check_versions(subject, policy)
    if subject.limits.python is not None:
        yield from check_python_names(subject, subject.limits.python)
    if (torch := subject.limits.torch) is not None:
        yield from check_torch_names(subject, torch)
    yield from check_undefined(subject, policy)
    yield from check_exports(subject)
    yield from check_module(subject, (_TVM_FFI_SUFFIX,))
    if subject.limits.ops_id is not None:
        yield from check_namespaces(subject, subject.limits.ops_id)
