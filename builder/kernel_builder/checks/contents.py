"""What a build says of itself, held against what it is."""

from pathlib import Path

from kernels.digest import digest_mismatches
from kernels.errors import KernelsError
from kernels.metadata import read_metadata
from kernels.variant import TvmFfiVariant, Variant

__all__ = ["check_contents"]


#: What the names of libraries end with: those that Python imports, and those that tvm-ffi loads.
_OF_PYTHON = (".abi3.so", ".pyd")
_OF_TVM_FFI = (".so", ".dylib", ".dll")


def check_contents(tree: Path, variant: Variant | None = None) -> list[str]:
    """Read the metadata, compare the digest with the files, and look for the native library that the id names."""
    try:
        metadata = read_metadata(tree)
    except KernelsError as error:
        return [str(error)]
    try:
        problems = [] if metadata.digest is None else digest_mismatches(tree, metadata.digest)
    except OSError as error:
        return [f"the files cannot be compared with the digest: {error}"]
    found = sorted(path.name for suffix in (".so", ".pyd", ".dylib", ".dll") for path in tree.rglob(f"*{suffix}"))
    suffixes = _OF_TVM_FFI if isinstance(variant, TvmFfiVariant) else _OF_PYTHON
    expected = [f"{metadata.id}{suffix}" for suffix in suffixes]
    if found and not set(found) & set(expected):
        problems.append(f"the native module is called {', '.join(found)}, the metadata's id asks for {expected[0]}")
    return problems
