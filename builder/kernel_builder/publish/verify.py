"""Verifying builds: that the files are those of the digest, and who signed it. Nothing of a build runs.

The loader's own functions decide, so that what is good here is good where a kernel is loaded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_builder.checks.digest import check_digest
from kernel_builder.checks.findings import Finding
from kernel_builder.errors import ToolchainError
from kernels.errors import (
    InvalidSignatureError,
    KernelNotFoundError,
    KernelsError,
    MetadataError,
    MissingDependencyError,
    NoDigestError,
    SignedFilesError,
    UnknownPublisherError,
    UnsignedKernelError,
)
from kernels.metadata import Metadata, read_metadata
from kernels.signature import VerifiedSignature

__all__ = ["Verified", "verify_build"]

_CODES: dict[type[KernelsError], str] = {
    InvalidSignatureError: "signature",
    KernelNotFoundError: "metadata",
    MetadataError: "metadata",
    NoDigestError: "no-digest",
    UnknownPublisherError: "publisher",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What is known of a build.

    Attributes:
        tree: its folder.
        metadata: what it says of itself; `None` when that cannot be used.
        has_good_digest: whether its files are those of its digest.
        signature: who signed it, when the signature holds for every file of it.
        findings: what speaks against it.
    """

    tree: Path
    metadata: Metadata | None
    has_good_digest: bool
    signature: VerifiedSignature | None
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against it."""
        return all(finding.severity != "error" for finding in self.findings)


def verify_build(tree: Path, verify: Callable[[Path], VerifiedSignature], *, allow_unsigned: bool = False) -> Verified:
    """Compare the files of a build with its digest, and look at who signed it.

    Args:
        tree: the folder of the build.
        verify: `kernels.signature.verify_signature` with its policy and its keys.
        allow_unsigned: whether a build without a signature is good.

    Raises:
        ToolchainError: when the build is signed and sigstore is not installed.
        kernels.errors.TrustRootError: when there are no keys to verify with.
    """
    try:
        metadata = read_metadata(tree)
    except (KernelNotFoundError, MetadataError) as error:
        found = [_finding("metadata", str(error), "Build the kernel again.")]
        return Verified(tree=tree, metadata=None, has_good_digest=False, signature=None, findings=tuple(found))
    # That an old build has no digest is but a warning elsewhere.
    differences = [replace(finding, severity="error") for finding in check_digest(tree, metadata)]
    signature, problem = _signature(tree, verify, allow_unsigned=allow_unsigned)
    found = [*differences, *([problem] if problem and not (differences and problem.code == "signed-files") else [])]
    return Verified(
        tree=tree, metadata=metadata, has_good_digest=not differences, signature=signature, findings=tuple(found)
    )


def _signature(
    tree: Path, verify: Callable[[Path], VerifiedSignature], *, allow_unsigned: bool
) -> tuple[VerifiedSignature | None, Finding | None]:
    try:
        return verify(tree), None
    except UnsignedKernelError:
        found = _finding("unsigned", "is not signed", "Sign it with `kernel-builder sign`, or pass --allow-unsigned.")
        return None, replace(found, severity="note", remedy=None) if allow_unsigned else found
    except MissingDependencyError:
        message = f"to verify the signature of {tree}, sigstore is needed"
        raise ToolchainError(message, hint="Install it with: pip install 'kernel-builder[sign]'") from None
    except SignedFilesError as error:
        return None, _finding("signed-files", str(error), "Do not use the build.")
    except tuple(_CODES) as error:
        return None, _finding(_CODES[type(error)], str(error), None)


def _finding(code: str, message: str, remedy: str | None) -> Finding:
    return Finding(check="signature", code=code, message=message, remedy=remedy)
