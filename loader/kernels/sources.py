"""Importing what people can read: sources and native modules, never bytecode.

Python would run the bytecode that lies beside a source whatever the source says, and nobody has verified it. It is
neither used nor written here, so that a folder stays as it was published.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from pathlib import Path
from types import CodeType

__all__ = ["SourceLoader", "find_submodule"]


class SourceLoader(SourceFileLoader):
    """Executes what is in a source file, and nothing that claims to be made from it."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


#: In this order, as Python has it: a native module before the source of the same name.
_SUFFIXES = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceLoader, SOURCE_SUFFIXES))


class _SourceFinder(FileFinder):
    """Finds what can be read in a folder."""


def find_submodule(name: str, path: Sequence[str] | None, root: Path) -> ModuleSpec | None:
    """Find a submodule in the folders of its package; `None` when there is none.

    Args:
        name: its full name.
        path: the `__path__` of the package.
        root: the folder that must be read in this way; others in the path are somebody else's.
    """
    for folder in path or ():
        known = sys.path_importer_cache.get(folder)
        if Path(folder).is_relative_to(root) and not isinstance(known, _SourceFinder):
            # For Python's own finder too, which is asked next: it would take bytecode where there is no source.
            sys.path_importer_cache[folder] = _SourceFinder(folder, *_SUFFIXES)
    return PathFinder.find_spec(name, path)
