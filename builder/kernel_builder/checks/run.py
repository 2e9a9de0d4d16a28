"""All checks of one build, in their order."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_builder.checks.findings import CHECKS, Finding
from kernel_builder.checks.listing import listing
from kernel_builder.errors import CheckError

if TYPE_CHECKING:  # check-abi imports this package, and needs none of these
    from kernel_builder.checks.load import Ask
    from kernels.metadata import Metadata
    from kernels.variant import Variant

__all__ = ["check_build", "raise_errors"]


def check_build(
    tree: Path,
    *,
    manylinux: str | None,
    module: str | None = None,
    variant: "Variant | None" = None,
    python: Path | None = None,
    place: Path | None = None,
    search: tuple[Path, ...] = (),
    objects: tuple[Path, ...] = (),
    skip: frozenset[str] = frozenset(),
    ready: "Ask | None" = None,
) -> list[Finding]:
    """Run every check of a build but the one against the matrix.

    The build itself is only run when it has no error, and only where its variant can run.

    Args:
        tree: its folder.
        manylinux: the policy that its libraries keep to on Linux, or `None` for no limit.
        module: the name of the kernel's package; what the metadata says when not given.
        variant: what it is a build of; what its folder is named after when not given.
        python: the interpreter to load it under; `None`: it is not loaded.
        place: a folder with the Torch to load it under, where that is not the interpreter's own.
        search: folders with the libraries that its own may need, such as `lib` of its Torch.
        objects: the object files that its library was linked from, where they are at hand.
        skip: the checks to leave out, of `kernel_builder.checks.findings.CHECKS`.
        ready: the process to load it in, if `kernel_builder.checks.load.ready_to_load` has started one.

    Returns:
        What was found, in the order of the checks: errors, warnings, and notes of what could not be checked.
    """
    from kernels.variant import parse_variant_or_none

    variant = variant or parse_variant_or_none(tree.name)
    if unreadable := _unreadable(tree):
        return unreadable
    metadata, unusable = _read(tree)
    found = [*_check_files(tree, metadata, module, variant, skip), *unusable]
    if "abi" not in skip:
        from kernel_builder.checks.native import check_native

        found += check_native(
            tree, variant, metadata.id if metadata else None, manylinux=manylinux, search=search, objects=objects
        )
    found = [finding for finding in found if finding.check not in skip]
    if "load" not in skip and python is not None:
        found += _load(tree, metadata, variant, found, python=python, place=place, ready=ready)
    found = [finding for finding in found if finding.check not in skip]
    return sorted(found, key=lambda finding: CHECKS.index(finding.check))


def raise_errors(found: list[Finding]) -> None:
    """Refuse a build that has errors.

    Raises:
        CheckError: with every finding, when one of them is an error.
    """
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        lines = "\n".join(f"  {line}" for line in listing(errors))
        message = f"the build does not meet the requirements of kernels:\n{lines}"
        raise CheckError(message, findings=found)


def _unreadable(tree: Path) -> list[Finding]:
    """A finding when a folder cannot be listed, since nothing can be said of the build then, whatever is left out."""
    from kernel_builder.checks.entries import entries

    try:
        entries(tree)
    except OSError as error:
        message = f"the build cannot be read: {error.strerror or error}"
        remedy = "Give yourself the right to read it."
        return [Finding(check="layout", code="unreadable", message=message, file=str(error.filename), remedy=remedy)]
    return []


def _read(tree: Path) -> "tuple[Metadata | None, list[Finding]]":
    from kernels.errors import KernelsError
    from kernels.metadata import read_metadata

    try:
        return read_metadata(tree), []
    except KernelsError as error:
        is_missing = not (tree / "metadata.json").exists()
        words = "is missing" if is_missing else str(error).removeprefix(str(tree / "metadata.json")).lstrip(": ")
        finding = Finding(
            check="metadata",
            code="missing-file" if is_missing else "unusable",
            message=words,
            file="metadata.json",
            remedy="Build the kernel again: kernel-builder writes it.",
        )
        return None, [finding]


def _check_files(
    tree: Path, metadata: "Metadata | None", module: str | None, variant: "Variant | None", skip: frozenset[str]
) -> Iterable[Finding]:
    """What needs no more than the files: all checks but those of libraries, and the load."""
    package = module or (metadata.python_name if metadata else None)
    if "layout" not in skip:
        from kernel_builder.checks.layout import check_layout

        yield from check_layout(tree, package, variant)
    if "metadata" not in skip and metadata is not None:
        from kernel_builder.checks.metadata import check_metadata

        yield from check_metadata(tree, metadata, module=module, variant=variant)
    if "digest" not in skip and metadata is not None:
        from kernel_builder.checks.digest import check_digest

        yield from check_digest(tree, metadata)
    if not skip >= {"python", "layers", "ops"} and package is not None:
        from kernel_builder.checks.python import check_python

        yield from check_python(tree, metadata, package)


def _load(
    tree: Path,
    metadata: "Metadata | None",
    variant: "Variant | None",
    found: list[Finding],
    *,
    python: Path,
    place: Path | None,
    ready: "Ask | None",
) -> list[Finding]:
    from kernel_builder.checks.load import check_load, not_loaded, why_not_here

    if metadata is None or any(finding.severity == "error" for finding in found):
        return [not_loaded("it has errors")]
    # Of a Torch that is not ours, only the attempt tells.
    is_ours = place is None and python == Path(sys.executable)
    if is_ours and variant is not None and (why := why_not_here(variant)) is not None:
        return [not_loaded(why)]
    return check_load(tree, metadata, python, place=place, ready=ready)
