"""Checking the signature of a build."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from kernels.digest import digest_mismatches
from kernels.errors import (
    InvalidSignatureError,
    KernelNotFoundError,
    KernelsError,
    MetadataError,
    MissingDependencyError,
    NoDigestError,
    SignedFilesError,
    TrustRootError,
    UnknownPublisherError,
    UnsignedKernelError,
)
from kernels.metadata import MAX_BYTES, Metadata
from kernels.signature.policy import Publisher, PublisherPolicy
from kernels.signature.signer import VerifiedSignature, read_signer, signer_name

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.verify import Verifier

__all__ = ["verify_signature"]

#: How much of an error of sigstore goes into ours: some have a whole proof in them.
_ERROR_WIDTH = 300


def verify_signature(
    tree: str | os.PathLike[str],
    policy: PublisherPolicy | None = None,
    *,
    offline: bool = True,
    trust_root: str | os.PathLike[str] | None = None,
) -> VerifiedSignature:
    """Make sure that a build is, file by file, what a trusted publisher signed. Nothing of it runs.

    The bundle `metadata.json.sigstore` must prove that a certificate of sigstore, valid at the time and issued to one
    of the policy's publishers, signed the exact bytes of `metadata.json`; and the digest in those bytes must be that
    of the build's files.

    Args:
        tree: the folder of the build, such as `build/<variant>`.
        policy: whose signatures count; the workflows of kernels-community by default.
        offline: check with the keys of sigstore in the user's cache folder, which are at first those of the package
            `sigstore`, and open no connection. With `False`, they are renewed first, once in a process.
        trust_root: a `trusted_root.json` to take the keys from, for a sigstore of one's own; opens no connection.

    Returns:
        Who signed it, and when.

    Raises:
        UnsignedKernelError: when the build has no signature.
        InvalidSignatureError: when the signature cannot be read or does not hold: other bytes, a certificate that was
            not valid at the time or is of another authority, no proof that it was logged.
        UnknownPublisherError: when the signer is none of the policy's publishers.
        NoDigestError: when the signed metadata has no digest.
        SignedFilesError: when a file was changed, added or removed.
        MetadataError: when the signed metadata cannot be used.
        KernelNotFoundError: when the folder has no `metadata.json`.
        TrustRootError: when there are no keys to check with.
        MissingDependencyError: when sigstore is not installed; the extra `verify` installs it.
    """
    tree = Path(tree)
    document, bundle = _read(tree / "metadata.json"), _read(tree / "metadata.json.sigstore")
    if document is None:
        message = f"{tree} is not a build of a kernel: it has no metadata.json"
        raise KernelNotFoundError(message)
    if bundle is None:
        message = f"the kernel in {tree} is not signed: it has no metadata.json.sigstore; ask its publisher to sign it"
        raise UnsignedKernelError(message)
    gate = _Gate(tree, policy or PublisherPolicy.default())
    signature = _verify_bundle(document, bundle, gate, _verifier(trust_root, offline=offline))
    _verify_files(tree, document)
    return signature


@dataclass(frozen=True, slots=True)
class _Gate:
    """The publisher policy, in the form that sigstore asks for: `verify` gets a certificate that holds."""

    tree: Path
    policy: PublisherPolicy

    def verify(self, cert: "Certificate") -> None:
        self.signer(cert)

    def signer(self, certificate: "Certificate") -> VerifiedSignature:
        signature = read_signer(certificate)
        if signature is None or not self.policy.allows(signature):
            signer = signer_name(certificate) if signature is None else _publisher(signature)
            trusted = ", ".join(map(str, self.policy.publishers)) or "nobody"
            message = (
                f"the kernel in {self.tree} is signed by {signer}, and the policy trusts {trusted}; if you trust the "
                "signer, verify with a policy that names it"
            )
            raise UnknownPublisherError(message)
        return signature


def _publisher(signature: VerifiedSignature) -> Publisher:
    return Publisher(signature.issuer, signature.repository, signature.workflow, signature.ref)


def _read(path: Path) -> bytes | None:
    """The contents of a file; `None` when there is none."""
    try:
        with path.open("rb") as file:
            contents = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}; fetch the kernel anew"
        raise InvalidSignatureError(message) from None
    if len(contents) > MAX_BYTES:
        message = f"{path} is larger than {MAX_BYTES} bytes, which nobody signs; do not use this kernel"
        raise InvalidSignatureError(message)
    return contents


def _verifier(trust_root: str | os.PathLike[str] | None, *, offline: bool) -> "Verifier":
    try:
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier
    except ImportError as error:
        message = "to verify signatures, sigstore is needed: install it with: pip install 'kernels[verify]'"
        raise MissingDependencyError(message) from error
    try:
        if trust_root is None:
            return _production_verifier(offline=offline)
        return Verifier(trusted_root=TrustedRoot.from_file(os.fspath(trust_root)))
    except Exception as error:  # sigstore lets errors of files, JSON and the network through
        if trust_root is not None:
            problem, remedy = f"the trust root {trust_root} cannot be used", "give a trusted_root.json of a sigstore"
        elif offline:
            problem = "sigstore cannot keep its keys in the user's cache folder"
            remedy = "make that a folder that can be written, or give a trust root"
        else:
            problem, remedy = "the keys of sigstore could not be renewed", "try again, or verify offline"
        message = f"{problem}: {shorten(str(error.__cause__ or error), _ERROR_WIDTH)}; {remedy}"
        raise TrustRootError(message) from error


@cache
def _production_verifier(*, offline: bool) -> "Verifier":
    from sigstore.verify import Verifier

    return Verifier.production(offline=offline)


def _verify_bundle(document: bytes, raw: bytes, gate: _Gate, verifier: "Verifier") -> VerifiedSignature:
    from sigstore.models import Bundle

    try:
        bundle = Bundle.from_json(raw)
        verifier.verify_artifact(document, bundle, gate)
    except KernelsError:
        raise
    except Exception as error:  # the bundle may be anything, and sigstore's parsers raise many kinds of errors
        message = (
            f"the signature of the kernel in {gate.tree} does not hold: {shorten(str(error), _ERROR_WIDTH)}; do not "
            "use the kernel; fetch it anew, or renew the keys of sigstore with offline=False where they are older than "
            "the signature"
        )
        raise InvalidSignatureError(message) from error
    return gate.signer(bundle.signing_certificate)


def _verify_files(tree: Path, document: bytes) -> None:
    """Compare the files of a build with the digest in its signed metadata."""
    try:
        digest = Metadata.parse(document).digest
    except MetadataError as error:
        message = f"{tree / 'metadata.json'}: {error}"
        raise MetadataError(message) from None
    if digest is None:
        message = (
            f"the metadata of the kernel in {tree} is signed, but has no digest, and its files can be any; ask its "
            "publisher to build it with a newer kernel-builder"
        )
        raise NoDigestError(message)
    try:
        problems = digest_mismatches(tree, digest)
    except OSError as error:
        problems = [str(error)]
    if problems:
        message = (
            f"the files of the kernel in {tree} are not those that its publisher signed: {'; '.join(problems)}; do not "
            "use the kernel; fetch it anew"
        )
        raise SignedFilesError(message)
