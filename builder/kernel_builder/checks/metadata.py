"""What a build says of itself, held against its files, the name of its folder, and what kernels may say.

The keys of `metadata.json` are those that `kernels.metadata` reads.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_builder.checks.entries import entries, is_library
from kernel_builder.checks.findings import Finding
from kernels.metadata import Metadata
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant

__all__ = ["check_metadata"]

_FILE = "metadata.json"
_REBUILD = "Build the kernel again: kernel-builder writes it."
_KEYS = {
    "": (
        "name", "id", "version", "license", "upstream", "source", "python-depends", "python-depends-backends",
        "kernel-depends", "backend", "digest", "provenance", "kernels-minver",
    ),
    "backend": ("type", "archs"),
    "digest": ("algorithm", "files"),
}  # fmt: skip
#: What the names of libraries end with, in the order in which a message names them.
_OF_PYTHON = (".abi3.so", ".pyd")
_OF_TVM_FFI = (".so", ".dylib", ".dll")
_UNKNOWN_LICENSE = "unknown"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Build:
    tree: Path
    metadata: Metadata
    document: dict[str, Any]
    module: str | None
    variant: Variant | None


def check_metadata(
    tree: Path, metadata: Metadata, *, module: str | None = None, variant: Variant | None = None
) -> list[Finding]:
    """Hold what a build says of itself against what it is.

    Args:
        tree: its folder.
        metadata: what was read from it.
        module: the name that the kernel's package must have, where that is known from elsewhere.
        variant: what it is a build of.
    """
    document = json.loads((tree / _FILE).read_bytes())
    build = _Build(tree, metadata, document, module, variant)
    return [
        *_identity(build),
        *_backend(build),
        *_archs(build),
        *_depends(build),
        *_unknown_keys(build),
        *_library(build),
        *_namespace(build),
        *_skipped(build),
    ]


def _finding(code: str, message: str, remedy: str, *, severity: str = "error", file: str = _FILE) -> Finding:
    return Finding(check="metadata", code=code, message=message, file=file, remedy=remedy, severity=severity)


def _identity(build: _Build) -> Iterator[Finding]:
    metadata = build.metadata
    if build.module is not None and build.module != metadata.python_name:
        message = f"the name {metadata.name!r} is not that of the package {build.module!r}"
        yield _finding("name", message, _REBUILD)
    if metadata.id in sys.stdlib_module_names or metadata.id == "torch":
        message = f"the id {metadata.id!r} is the name of a module that the loader will not hide"
        yield _finding("id", message, "Give the build an id of its own: kernel-builder makes one.")
    elif metadata.id == metadata.python_name:
        message = f"the id {metadata.id!r} has no unique part, so that two versions of the kernel exclude each other"
        yield _finding("id", message, "Append something unique: kernel-builder takes the commit.", severity="warning")
    if not metadata.license.strip() or metadata.license == _UNKNOWN_LICENSE:
        message = f"the license is {metadata.license!r}"
        remedy = "Set `license` in build.toml to an identifier that the Hub knows, and build again."
        yield _finding("license", message, remedy, severity="warning")


def _backend(build: _Build) -> Iterator[Finding]:
    from kernels.resolve import serves_backend

    variant, said = build.variant, build.metadata.backend.type
    if variant is not None and not serves_backend(variant, said):
        named = variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend
        message = f"`backend.type` is {said}, and {variant.variant_str} is the name of a build for {named}"
        yield _finding("backend", message, "Give the folder the name of the variant that it holds, or build again.")


def _archs(build: _Build) -> Iterator[Finding]:
    """A compiled build names what it was compiled for; a Python-only one names what it runs on, if it knows."""
    from kernel_builder.config.capabilities import CAPABILITY, ROCM_ARCH

    backend, archs = build.metadata.backend.type, build.metadata.backend.archs
    form = {"cuda": CAPABILITY, "rocm": rf"{ROCM_ARCH}(:.+)?|gfx[0-9]+(-[0-9]+)*-generic"}.get(backend)
    is_compiled = build.variant is not None and not isinstance(build.variant, NoarchVariant)
    if form is None:
        if archs:
            message = f"`backend.archs` names {', '.join(archs)}, and {backend} has no architectures"
            yield _finding("archs", message, "Take the key out.", severity="warning")
        return
    if not archs and is_compiled:
        yield _finding("archs", f"`backend.archs` is missing, which a build for {backend} must have", _REBUILD)
    if odd := [arch for arch in archs if not re.fullmatch(form, arch)]:
        message = f"`backend.archs` names {', '.join(odd)}, which are no architectures of {backend}"
        yield _finding("archs", message, _REBUILD, severity="warning")


def _depends(build: _Build) -> Iterator[Finding]:
    from kernels.dependencies import allowed_dependencies

    groups = build.document.get("python-depends-backends") or {}
    named = {build.metadata.backend.type: build.metadata.python_depends, **groups}
    for backend, names in named.items():
        # The loader looks at the group of its own backend only.
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            yield _finding("python-depends", f"`python-depends-backends.{backend}` is no list of names", _REBUILD)
            continue
        allowed = allowed_dependencies(backend)
        for name in dict.fromkeys(name for name in names if name not in allowed):
            message = f"`python-depends` has {name!r}; kernels for {backend} may use {', '.join(sorted(allowed))}"
            yield _finding("python-depends", message, "Do without it: nobody who loads the kernel will have it.")
    for dependency in build.metadata.kernel_depends:
        if not _REPOSITORY.fullmatch(dependency.repo_id):
            message = f"`kernel-depends` has {dependency.repo_id!r}, which is not of the form OWNER/NAME"
            yield _finding("kernel-depends", message, "Name a repository of the Hub.")


def _unknown_keys(build: _Build) -> Iterator[Finding]:
    for table, known in _KEYS.items():
        values = build.document.get(table) if table else build.document
        for key in values if isinstance(values, dict) else ():
            if key not in known:
                where = f"{table}.{key}" if table else key
                message = f"`{where}` is no key of metadata.json, and is read by nobody"
                yield _finding("unknown-key", message, "Take it out, or mend its spelling.", severity="warning")


def _library(build: _Build) -> Iterator[Finding]:
    """The native library has the name of the id, or Python and tvm-ffi do not find it."""
    if isinstance(build.variant, NoarchVariant):
        return  # it has none, which the layout is about
    suffixes = _OF_TVM_FFI if isinstance(build.variant, TvmFfiVariant) else _OF_PYTHON
    expected = [f"{build.metadata.id}{suffix}" for suffix in suffixes]
    found = [entry.name for entry in entries(build.tree) if entry.kind in ("file", "link") and is_library(entry.name)]
    if not found:
        return
    if not set(found) & set(expected):
        message = f"the native library is called {', '.join(found)}, and the metadata's id asks for {expected[0]}"
        yield _finding("library-name", message, _REBUILD, file=found[0])
        return
    for name in [name for name in found if name not in expected]:
        message = "is a second native library, whose name does not tell two versions of the kernel apart"
        remedy = "Link it into the kernel's own library."
        yield _finding("second-library", message, remedy, file=name, severity="warning")


def _namespace(build: _Build) -> Iterator[Finding]:
    from kernel_builder.checks.ops_module import named_namespaces

    path, kernel_id = build.tree / "_ops.py", build.metadata.id
    try:
        taken, named = named_namespaces(path)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # there need not be one; what is no Python is told by the check of the sources
    if others := sorted(taken - {kernel_id}):
        message = f"takes torch.ops.{', torch.ops.'.join(others)}, and the metadata's id is {kernel_id}"
        yield _finding("ops-namespace", message, _REBUILD, file="_ops.py")
    elif kernel_id not in named:
        message = f"does not name the metadata's id, {kernel_id}"
        yield _finding("ops-namespace", message, _REBUILD, file="_ops.py")


def _skipped(build: _Build) -> Iterator[Finding]:
    skipped = (build.metadata.provenance or {}).get("skipped-checks")
    if isinstance(skipped, list) and skipped:
        plural = "s" if len(skipped) > 1 else ""
        message = f"was built without the check{plural} {', '.join(map(str, skipped))}"
        yield _finding("skipped-checks", message, "Build it again without --no-checks.", severity="note")
