"""Who signed: what a certificate of sigstore says of the GitHub workflow that it was issued to.

The extensions are those of sigstore's certificate authority, Fulcio ("Sigstore OID information"): each holds one
UTF8String in DER.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["VerifiedSignature", "read_signer", "signer_name"]

_ISSUER = "1.3.6.1.4.1.57264.1.8"
_SOURCE_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
_BUILD_CONFIG = "1.3.6.1.4.1.57264.1.18"

_WORKFLOW = re.compile(r"https://github\.com/([^/@]+/[^/@]+)/\.github/workflows/([^/@]+)@(.+)")

_UTF8_STRING = 0x0C
_LONG_FORM = 0x80


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """The workflow that signed a kernel.

    Attributes:
        identity: the name that the certificate is issued to: the URI of the workflow whose job signed. It is another
            workflow than the one that was started where that one calls a reusable workflow.
        issuer: the URL of the identity provider that vouched for it.
        repository: the GitHub repository that the workflow ran for, as `owner/name`.
        workflow: the name of the file in `.github/workflows` that was started.
        ref: the full ref of that file, such as `refs/heads/main`.
        time: when the certificate was issued (UTC). It is valid for minutes, and the log of signatures shows that it
            was when it was used.
    """

    identity: str
    issuer: str
    repository: str
    workflow: str
    ref: str
    time: datetime


def read_signer(certificate: "Certificate") -> VerifiedSignature | None:
    """The workflow that a certificate was issued to; `None` when it is not a GitHub workflow of its own repository."""
    issuer = _text(certificate, _ISSUER)
    # Not the name of the certificate: anybody's workflow has that of a reusable workflow that it calls.
    workflow = _WORKFLOW.fullmatch(_text(certificate, _BUILD_CONFIG))
    if not issuer or workflow is None:
        return None
    repository, file, ref = workflow.groups()
    if _text(certificate, _SOURCE_REPOSITORY) != f"https://github.com/{repository}":
        return None
    return VerifiedSignature(signer_name(certificate), issuer, repository, file, ref, certificate.not_valid_before_utc)


def signer_name(certificate: "Certificate") -> str:
    """The name that a certificate was issued to: a URI or an e-mail address."""
    from cryptography.x509 import SubjectAlternativeName

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    return ", ".join(str(name.value) for name in names)


def _text(certificate: "Certificate", oid: str) -> str:
    """The text of an extension; empty when there is none."""
    found = [one.value.public_bytes() for one in certificate.extensions if one.oid.dotted_string == oid]
    return _decode(found[0]) if found else ""


def _decode(der: bytes) -> str:
    """The text of a DER UTF8String; empty when the bytes are anything else."""
    start = 2
    tag, length = der[:start].ljust(start, b"\0")
    if length & _LONG_FORM:
        start += length & ~_LONG_FORM
        length = int.from_bytes(der[2:start], "big")
    text = der[start:]
    return text.decode() if tag == _UTF8_STRING and len(text) == length else ""
