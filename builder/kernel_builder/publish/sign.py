"""Signing builds: who made them is written beside their metadata.

A signature is of the exact bytes of `metadata.json`, whose digest extends it to every file of the build. It lies beside
it, in `metadata.json.sigstore`, as a bundle of sigstore (v0.3), which is what `kernels.signature` verifies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_builder.checks.digest import SIGNATURE, check_digest
from kernel_builder.checks.findings import Finding
from kernel_builder.checks.listing import listing
from kernel_builder.errors import CheckError
from kernel_builder.publish.signer import Signature, Signer
from kernel_builder.tree import install_text
from kernels.errors import MetadataError
from kernels.metadata import Metadata

__all__ = ["Signed", "sign_builds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A build that was signed.

    Attributes:
        tree: the folder of the build.
        signature: what its bundle holds.
    """

    tree: Path
    signature: Signature


def sign_builds(trees: Sequence[Path], signer: Callable[[], Signer]) -> list[Signed]:
    """Sign each build and write its bundle; nothing else of it changes. A bundle that is there is replaced.

    Args:
        trees: the folders of the builds.
        signer: gives what signs; it is asked only when every build is as its digest says.

    Raises:
        CheckError: when a build has no digest, or files that are not those of its digest; nothing is signed then.
        PublishError: when a signature cannot be had; bundles that were written before stay.
        ToolchainError: when sigstore is not installed.
    """
    documents = {tree: _read(tree) for tree in trees}
    found = [finding for tree, document in documents.items() for finding in _check(tree, document)]
    if found:
        lines = "\n".join(f"  {line}" for line in listing(found))
        message = f"nothing was signed, because a signature is of the digest:\n{lines}"
        raise CheckError(message, findings=found, hint="Mend what is named above, and sign again.")
    sign, signed = signer(), []
    for tree, document in documents.items():
        signature = sign(document)
        install_text(tree / SIGNATURE, f"{signature.bundle}\n")
        signed.append(Signed(tree=tree, signature=signature))
    return signed


def _read(tree: Path) -> bytes:
    path = tree / "metadata.json"
    return path.read_bytes() if path.is_file() else b""


def _check(tree: Path, document: bytes) -> list[Finding]:
    """What speaks against signing a build: its metadata, as it was read, and its files."""
    name = f"{tree.name}/metadata.json"
    try:
        found = check_digest(tree, Metadata.parse(document))
    except MetadataError as error:
        message = f"is not the metadata of a build: {error}" if document else "is missing"
        return [Finding(check="digest", code="metadata", message=message, file=name, remedy="Build the kernel again.")]
    # That an old build has no digest is but a warning elsewhere.
    return [replace(finding, severity="error", file=f"{tree.name}/{finding.file}".rstrip("/")) for finding in found]
