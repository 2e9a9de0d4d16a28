"""Whether a library is the native module of its build: by its name, and by what it exports."""

from collections.abc import Iterator

from kernel_builder.checks.abi.subject import Subject
from kernel_builder.checks.findings import Finding
from kernels.variant import NoarchVariant, TvmFfiVariant

__all__ = ["check_module"]

_SUFFIX = ".abi3.so"


def check_module(subject: Subject, tvm_ffi_suffixes: tuple[str, ...]) -> Iterator[Finding]:
    """Look at the name of the file, and for the function that Python calls.

    Args:
        subject: the library.
        tvm_ffi_suffixes: what the name of one for tvm-ffi may end with on its system.

    Raises:
        BinaryError: when its symbols cannot be read.
    """
    variant, ops_id = subject.limits.variant, subject.limits.ops_id
    is_tvm_ffi = isinstance(variant, TvmFfiVariant)
    suffixes = tvm_ffi_suffixes if is_tvm_ffi else (_SUFFIX,)
    if variant is not None and not isinstance(variant, NoarchVariant) and not subject.name.endswith(suffixes):
        allowed = " or ".join(suffixes)
        yield subject.find("module-suffix", f"its name does not end with {allowed}", allowed=allowed)
    stem = subject.name.partition(".")[0]
    if ops_id is not None and stem != ops_id:
        yield subject.find("module-name", f"it is called {stem}, and the id of the build is {ops_id}", allowed=ops_id)
    if not is_tvm_ffi and subject.name.endswith(_SUFFIX) and not subject.defines(f"PyInit_{stem}"):
        yield subject.find("module-init", f"it does not export PyInit_{stem}", symbol=f"PyInit_{stem}")
