"""The layout of a build: which files must be there, and which must not.

Required are `__init__.py` and, for older loaders, a folder with the name of the package that holds an `__init__.py`
and nothing else. (`metadata.json` is required too: `kernel_builder.checks.metadata` looks at it.) A compiled build has
its native library at the top; a Python-only one has none.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from kernel_builder.checks.entries import Entry, entries, is_library
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant, Variant

__all__ = ["check_layout"]

#: What Windows cannot have in the name of a file, or reads as another name (its documentation on naming files).
_UNUSABLE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]|[. ]$')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
#: What compilers, CMake and packaging leave behind; much of it holds paths of the machine that it was made on.
_LEFT_FILES = re.compile(
    r".+\.(o|obj|a|lib|exp|pdb|ilk|gcda|gcno|whl|orig|rej)|CMakeCache\.txt|cmake_install\.cmake|build\.ninja|"
    r"\.ninja_(log|deps)|compile_commands\.json"
)
_LEFT_FOLDERS = re.compile(r"CMakeFiles|_cmake_build|.+\.(egg-info|dist-info|dSYM)")


def check_layout(tree: Path, module: str | None = None, variant: Variant | None = None) -> list[Finding]:
    """Look for what a build must have, and for what has no place in one.

    Args:
        tree: its folder.
        module: the name of the kernel's package; without it, the folder for older loaders is not looked for.
        variant: what it is a build of; without it, a native library is neither asked for nor refused.

    Raises:
        OSError: when a folder cannot be read.
    """
    found = entries(tree)
    return [
        *_missing(found, module),
        *_links(tree, found),
        *_strays(found),
        *_names(found),
        *_libraries(found, variant),
    ]


def _finding(code: str, message: str, file: str, remedy: str, severity: str = "error") -> Finding:
    return Finding(check="layout", code=code, message=message, file=file, remedy=remedy, severity=severity)


def _missing(found: list[Entry], module: str | None) -> Iterator[Finding]:
    kinds = {entry.name: entry.kind for entry in found}
    if kinds.get("__init__.py") not in ("file", "link"):
        yield _finding("missing-file", "is missing", "__init__.py", "A build is a Python package: give it one.")
    if module is None:
        return
    init = f"{module}/__init__.py"
    if kinds.get(init) not in ("file", "link"):
        remedy = "Build the kernel again with kernel-builder, which writes it, for older loaders."
        yield _finding("missing-file", "is missing", init, remedy)
    inside = [entry for entry in found if entry.name.startswith(f"{module}/") and not entry.is_bytecode]
    if extra := [entry.name for entry in inside if entry.name != init]:
        message = f"the folder is for older loaders and holds {', '.join(extra)} beside its __init__.py"
        yield _finding("compat-folder", message, module, "Rename the package's own sub-package.")


def _links(tree: Path, found: list[Entry]) -> Iterator[Finding]:
    blobs = _blobs(tree)
    for entry in found:
        if entry.kind == "link" and not (blobs and os.path.realpath(tree / entry.name).startswith(blobs)):
            yield _finding("link", "is a link", entry.name, "Replace the link by what it leads to.")


def _blobs(tree: Path) -> str | None:
    """Where the files of a build are that lies in the cache of the Hub's client, whose snapshots are made of links."""
    for folder in tree.resolve().parents:
        if folder.name == "snapshots" and (folder.parent / "blobs").is_dir():
            return f"{folder.parent / 'blobs'}{os.sep}"
    return None


def _strays(found: list[Entry]) -> Iterator[Finding]:
    """What nobody needs, or no build may have; of a folder with such a name, the folder alone is named."""
    for entry in found:
        last = entry.parts[-1]
        is_folder = entry.kind == "folder"
        if entry.kind == "other":
            yield _finding("special-file", "is neither a file nor a folder", entry.name, "Remove it.")
        elif last == "__pycache__":
            message = "is bytecode, which no digest covers and the loader does not use"
            yield _finding("bytecode", message, entry.name, "Remove it before the build is published.", "warning")
        elif entry.is_bytecode and "__pycache__" not in entry.parts:
            message = "is bytecode in the place of a source: Python can run it, and no digest covers it"
            yield _finding("bytecode", message, entry.name, "Remove it, and ship the source.")
        elif (_LEFT_FOLDERS if is_folder else _LEFT_FILES).fullmatch(last):
            remedy = "Remove it; files that the kernel needs at run time are listed by `pyext` in build.toml."
            yield _finding("leftover", "is left over from building or packaging", entry.name, remedy)
        elif last.startswith("."):
            yield _finding("hidden-file", "is hidden", entry.name, "Remove it: a kernel needs none.", "warning")


def _names(found: list[Entry]) -> Iterator[Finding]:
    """Names that some system cannot have, and names that some system takes for one."""
    seen: dict[str, str] = {}
    for entry in found:
        last = entry.parts[-1]
        if _UNUSABLE.search(last) or _RESERVED.fullmatch(last):
            yield _finding("file-name", "has a name that Windows cannot have", entry.name, "Rename it.")
        folded = unicodedata.normalize("NFC", entry.name).casefold()
        other = seen.setdefault(folded, entry.name)
        if other != entry.name:
            message = f"is the same file as {other} on systems that do not tell upper from lower case"
            yield _finding("case-clash", message, entry.name, "Rename one of the two.")


def _libraries(found: list[Entry], variant: Variant | None) -> Iterator[Finding]:
    libraries = [entry.name for entry in found if entry.kind in ("file", "link") and is_library(entry.name)]
    if isinstance(variant, NoarchVariant):
        for name in libraries:
            message = f"is a native library, and {variant.variant_str} is the name of a Python-only build"
            yield _finding("native-library", message, name, "Build it as a [torch] or [tvm-ffi] kernel.")
    elif variant is not None and not any("/" not in name for name in libraries):
        message = f"has no native library at its top, and {variant.variant_str} is the name of a compiled build"
        yield _finding("no-library", f"the build {message}", "", "Build it as a [torch-noarch] kernel, or build again.")
