"""What a build says of itself, held against what it is."""

from pathlib import Path

from kernels.digest import digest_mismatches
from kernels.errors import KernelsError
from kernels.metadata import read_metadata

__all__ = ["check_contents"]


def check_contents(tree: Path) -> list[str]:
    """Read the metadata, compare the digest with the files, and look for the native module that the id names."""
    try:
        metadata = read_metadata(tree)
    except KernelsError as error:
        return [str(error)]
    try:
        problems = [] if metadata.digest is None else digest_mismatches(tree, metadata.digest)
    except OSError as error:
        return [f"the files cannot be compared with the digest: {error}"]
    libraries = sorted(path.name for suffix in (".so", ".pyd", ".dylib") for path in tree.rglob(f"*{suffix}"))
    expected = (f"{metadata.id}.abi3.so", f"{metadata.id}.pyd")
    if libraries and not set(libraries) & set(expected):
        problems.append(f"the native module is called {', '.join(libraries)}, the metadata's id asks for {expected[0]}")
    return problems
