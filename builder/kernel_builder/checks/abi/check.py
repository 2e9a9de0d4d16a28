"""One library held against its limits, whatever its format."""

from contextlib import ExitStack
from pathlib import Path

from kernel_builder.binary import BinaryError
from kernel_builder.binary.elf import open_elf
from kernel_builder.binary.kind import binary_kind
from kernel_builder.checks.abi.elf_checks import check_elf
from kernel_builder.checks.abi.finding import found
from kernel_builder.checks.abi.model import AbiLimits, AbiReport

__all__ = ["check_abi"]


def check_abi(path: Path, limits: AbiLimits, *, name: str | None = None) -> AbiReport:
    """Hold a library against its limits. Whatever is wrong with it is a finding, also that it cannot be read.

    Args:
        path: the file.
        limits: what it may ask for.
        name: what findings call it, with slashes; `path` when not given.
    """
    file = name or path.as_posix()
    with ExitStack() as stack:
        try:
            elf = stack.enter_context(open_elf(path))
        except BinaryError as error:
            return _check_other(path, limits, file, str(error).removeprefix(f"{path}: "))
        except OSError as error:
            return _unreadable(path, file, error.strerror or str(error))
        return check_elf(elf, path, limits, file)


def _check_other(path: Path, limits: AbiLimits, file: str, reason: str) -> AbiReport:
    """What is no ELF file, or a damaged one."""
    kind = binary_kind(path)
    if kind == "macho":
        from kernel_builder.checks.abi.macho_checks import check_macho

        return check_macho(path, limits, file)
    if kind == "pe":
        finding = found("not-checked", "it is a Windows library, which was not looked into", file=file)
        return AbiReport(path=path, kind=kind, machine="", checked=(), findings=(finding,))
    return _unreadable(path, file, reason if kind == "elf" else "it is no library of a known format")


def _unreadable(path: Path, file: str, reason: str) -> AbiReport:
    finding = found("unreadable", f"it cannot be read: {reason}", file=file)
    return AbiReport(path=path, kind=None, machine="", checked=(), findings=(finding,))
