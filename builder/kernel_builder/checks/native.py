"""The ABI of every native library in a build."""

from pathlib import Path

from kernel_builder.checks.entries import Entry, entries, is_library
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant

__all__ = ["check_native", "find_libraries", "framework_libraries"]

#: Code for GPUs, which lies in ELF files too; by `e_machine` (EM_CUDA and EM_AMDGPU of the ELF registry).
_OF_GPUS = (190, 224)
#: What `kernel_builder.checks.metadata` says already, of all libraries of a build together.
_OF_THE_METADATA = ("module-name", "module-suffix")
_TEXTS = (".py", ".pyi", ".json", ".md", ".txt", ".toml")
_HEAD = 20


def check_native(
    tree: Path,
    variant: Variant | None,
    ops_id: str | None,
    *,
    manylinux: str | None,
    search: tuple[Path, ...] = (),
    objects: tuple[Path, ...] = (),
) -> list[Finding]:
    """Check each library of a build; a Python-only one has none, or the layout says so.

    Args:
        tree: its folder.
        variant: what it is a build of.
        ops_id: its id.
        manylinux: the policy that its libraries keep to on Linux, or `None` for no limit.
        search: folders with libraries that they may need.
        objects: the object files that they were linked from.

    Returns:
        What was found, and a note for each thing that could not be looked at.

    Raises:
        OSError: when a folder cannot be read.
    """
    names = [] if isinstance(variant, NoarchVariant) else find_libraries(tree)
    if not names:
        return []
    from kernel_builder.checks.abi import AbiLimits, check_abi

    limits = AbiLimits(manylinux=manylinux, variant=variant, ops_id=ops_id, search=search, objects=objects)
    reports = {name: check_abi(tree / name, limits, name=name) for name in names}
    found = [finding for report in reports.values() for finding in report.findings]
    notes = [_unchecked(name, words) for name, report in reports.items() for words in report.unchecked]
    return [finding for finding in found if finding.code not in _OF_THE_METADATA] + notes


def find_libraries(tree: Path) -> list[str]:
    """The native libraries of a build, by their names or by what is in them, as sorted POSIX paths within it.

    What cannot be read, and a link with the name of a library that leads nowhere, are among them: the check tells.

    Raises:
        OSError: when a folder cannot be read.
    """
    return [entry.name for entry in entries(tree) if _may_be_native(tree, entry)]


def framework_libraries(variant: Variant | None) -> tuple[Path, ...]:
    """The folder with the libraries of the installed Torch or tvm-ffi, for a build that it can load; else nothing."""
    from kernel_builder.checks.load import why_not_here
    from kernel_builder.errors import ToolchainError
    from kernel_builder.toolchain.tvm_ffi import find_tvm_ffi
    from kernels.system import find_torch

    if variant is None or isinstance(variant, NoarchVariant) or why_not_here(variant) is not None:
        return ()
    if isinstance(variant, TvmFfiVariant):
        try:
            return (find_tvm_ffi().root / "lib",)
        except ToolchainError:
            return ()
    torch = find_torch()
    return () if torch is None else (torch.parent / "lib",)


def _may_be_native(tree: Path, entry: Entry) -> bool:
    path = tree / entry.name
    try:
        if entry.kind == "file" or (entry.kind == "link" and path.is_file()):
            return is_library(entry.name) or (not entry.name.endswith(_TEXTS) and _is_native(path))
        return entry.kind == "link" and is_library(entry.name) and not path.exists()
    except OSError:
        return True


def _is_native(path: Path) -> bool:
    from kernel_builder.binary.kind import binary_kind

    kind = binary_kind(path)
    if kind != "elf":
        return kind is not None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return int.from_bytes(head[18:], "big" if head[5] == 2 else "little") not in _OF_GPUS  # noqa: PLR2004 - ELFDATA2MSB


def _unchecked(name: str, words: str) -> Finding:
    message = f"was not looked at: {words}"
    return Finding(check="abi", code="not-looked-at", message=message, file=name, severity="note")
