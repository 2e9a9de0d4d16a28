"""The ABI of every native library in a build."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_builder.checks.entries import entries, is_library
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant, StableAbiVariant, TvmFfiVariant, Variant

if TYPE_CHECKING:
    from kernel_builder.checks.abi import AbiLimits

__all__ = ["abi_limits", "check_native", "find_libraries", "torch_libraries"]

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

    The other arguments are those of `abi_limits`.
    """
    names = [] if isinstance(variant, NoarchVariant) else find_libraries(tree)
    if not names:
        return []
    from kernel_builder.checks.abi import check_abi

    limits = abi_limits(variant, ops_id, manylinux=manylinux, search=search, objects=objects)
    found = [finding for name in names for finding in check_abi(tree / name, limits, name=name).findings]
    return [finding for finding in found if finding.code not in _OF_THE_METADATA]


def abi_limits(
    variant: Variant | None,
    ops_id: str | None,
    *,
    manylinux: str | None,
    search: tuple[Path, ...] = (),
    objects: tuple[Path, ...] = (),
) -> "AbiLimits":
    """What the libraries of a build may ask for.

    Those for Torch are modules of Python and keep to the limited API; those for tvm-ffi know no Python. The name of a
    build on the stable ABI says which Torch has to have what it uses.

    Args:
        variant: what it is a build of.
        ops_id: its id.
        manylinux: the policy that it keeps to on Linux, or `None` for no limit.
        search: folders with libraries that it may need.
        objects: the object files that it was linked from.
    """
    from kernel_builder.checks.abi import AbiLimits

    stable_abi = (variant.abi.major, variant.abi.minor) if isinstance(variant, StableAbiVariant) else None
    limits = AbiLimits(
        manylinux=manylinux,
        torch_stable_abi=stable_abi,
        variant=variant,
        ops_id=ops_id,
        search=search,
        objects=objects,
    )
    return replace(limits, python=None) if isinstance(variant, TvmFfiVariant) else limits


def find_libraries(tree: Path) -> list[str]:
    """The native libraries of a build, by their names or by what is in them, as sorted POSIX paths within it."""
    files = [entry.name for entry in entries(tree) if entry.kind in ("file", "link") and (tree / entry.name).is_file()]
    return [name for name in files if is_library(name) or (not name.endswith(_TEXTS) and _is_native(tree / name))]


def torch_libraries(variant: Variant | None) -> tuple[Path, ...]:
    """The folder with the libraries of the installed Torch, for a build that this Torch can load; else nothing."""
    from kernel_builder.checks.load import why_not_here
    from kernels.system import find_torch

    if variant is None or isinstance(variant, (NoarchVariant, TvmFfiVariant)) or why_not_here(variant) is not None:
        return ()
    torch = find_torch()
    return () if torch is None else (torch.parent / "lib",)


def _is_native(path: Path) -> bool:
    from kernel_builder.binary.kind import binary_kind

    kind = binary_kind(path)
    if kind != "elf":
        return kind is not None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return int.from_bytes(head[18:], "big" if head[5] == 2 else "little") not in _OF_GPUS  # noqa: PLR2004 - ELFDATA2MSB
