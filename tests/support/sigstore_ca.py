"""A sigstore of the tests' own: a certificate authority, a log of certificates and a log of signatures.

It signs as GitHub workflows do and writes bundles (v0.3) and a trust root that the real verifier reads. The formats are
those of sigstore's protobuf specifications, of RFC 6962 (signed certificate timestamps, Merkle tree) and of the signed
notes of the Go checksum database (checkpoints).
"""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["GITHUB_ISSUER", "SIGNED_AT", "Sigstore", "Workflow", "canonical", "iso"]

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
SIGNED_AT = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)

_FULCIO_ARC = "1.3.6.1.4.1.57264.1"
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_LIFE_OF_CERTIFICATE = timedelta(minutes=10)
_ECDSA = ec.ECDSA(hashes.SHA256())
_SHA256_ECDSA = bytes([4, 3])


@dataclass(frozen=True)
class Workflow:
    """A GitHub workflow, as the identity provider describes it to the certificate authority.

    Attributes:
        signer: the URI of the workflow whose job signs, where that is a reusable workflow; empty: the workflow itself.
        email: the address of a person; when it is given, the certificate says nothing of a workflow.
    """

    repository: str = "acme/kernels"
    file: str = "release.yaml"
    ref: str = "refs/heads/main"
    issuer: str = GITHUB_ISSUER
    signer: str = ""
    email: str = ""

    @property
    def uri(self) -> str:
        """The workflow with its ref."""
        return f"https://github.com/{self.repository}/.github/workflows/{self.file}@{self.ref}"

    @property
    def name(self) -> x509.GeneralName:
        """What the certificate is issued to."""
        return x509.RFC822Name(self.email) if self.email else x509.UniformResourceIdentifier(self.signer or self.uri)

    @property
    def extensions(self) -> dict[str, str]:
        """Number of an extension of the certificate → its text."""
        if self.email:
            return {"8": self.issuer}
        repository = f"https://github.com/{self.repository}"
        return {"8": self.issuer, "9": self.signer or self.uri, "12": repository, "14": self.ref, "18": self.uri}


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Sigstore:
    """The private keys of a sigstore; two with the same keys trust each other's signatures."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    signature_log: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)

    def write_trust_root(self, path: Path) -> Path:
        """Write the public keys as a `trusted_root.json`."""
        path.write_text(json.dumps(self.trust_root()), "utf-8")
        return path

    def trust_root(self) -> dict[str, Any]:
        """The public keys, as a document."""
        authority = {
            "subject": {"organization": "test", "commonName": "test"},
            "uri": "https://authority.test",
            "certChain": {"certificates": [{"rawBytes": _b64(self.root().public_bytes(Encoding.DER))}]},
            "validFor": {"start": iso(SIGNED_AT - timedelta(days=1))},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log("https://signatures.test", self.signature_log)],
            "certificateAuthorities": [authority],
            "ctlogs": [_log("https://certificates.test", self.certificate_log)],
            "timestampAuthorities": [],
        }

    def sign(
        self, document: bytes, workflow: Workflow | None = None, *, logged_after: timedelta = timedelta(seconds=1)
    ) -> dict[str, Any]:
        """Sign with a new certificate of a workflow; the bundle.

        Args:
            document: what to sign.
            workflow: who signs.
            logged_after: the time from the issue of the certificate to the entry in the log.
        """
        key = _new_key()
        certificate = self.certify(key.public_key(), workflow or Workflow())
        signature = key.sign(document, _ECDSA)
        digest = hashlib.sha256(document).digest()
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self.enter(_entry(certificate, signature, digest), SIGNED_AT + logged_after)],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _b64(digest)},
                "signature": _b64(signature),
            },
        }

    def root(self) -> x509.Certificate:
        """The certificate of the authority."""
        public = self.authority.public_key()
        return (
            x509.CertificateBuilder(_NAME_OF_ROOT, _NAME_OF_ROOT, public, 1)
            .not_valid_before(SIGNED_AT - timedelta(days=1))
            .not_valid_after(SIGNED_AT + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def certify(
        self, key: ec.EllipticCurvePublicKey, workflow: Workflow, issued: datetime = SIGNED_AT
    ) -> x509.Certificate:
        """A certificate as the authority issues it: with the promise of the log of certificates to enter it."""
        authority = self.authority.public_key()
        builder = (
            x509.CertificateBuilder(_NAME_OF_ROOT, x509.Name([]), key, x509.random_serial_number())
            .not_valid_before(issued)
            .not_valid_after(issued + _LIFE_OF_CERTIFICATE)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
            .add_extension(x509.SubjectAlternativeName([workflow.name]), critical=True)
        )
        for number, text in workflow.extensions.items():
            oid = x509.ObjectIdentifier(f"{_FULCIO_ARC}.{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, _der(0x0C, text.encode())), critical=False)
        precertificate = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        promise = x509.UnrecognizedExtension(_SCT_LIST, _der(0x04, self._promise(precertificate, issued)))
        return builder.add_extension(promise, critical=False).sign(self.authority, hashes.SHA256())

    def _promise(self, precertificate: bytes, issued: datetime) -> bytes:
        """A list of one signed certificate timestamp (RFC 6962, sections 3.2 and 3.3)."""
        time = struct.pack("!Q", int(issued.timestamp()) * 1000)
        length = len(precertificate).to_bytes(3, "big")
        signed = b"\0\0" + time + b"\0\1" + _key_id(self.authority) + length + precertificate + b"\0\0"
        signature = _sized(self.certificate_log.sign(signed, _ECDSA))
        return _sized(_sized(b"\0" + _key_id(self.certificate_log) + time + b"\0\0" + _SHA256_ECDSA + signature))

    def enter(self, body: bytes, time: datetime) -> dict[str, Any]:
        """Enter a signature as the third of four entries in the log; what the log gives back."""
        hidden = [hashlib.sha256(b"\0" + bytes([number])).digest() for number in range(3)]
        leaf = hashlib.sha256(b"\0" + body).digest()
        left = hashlib.sha256(b"\1" + hidden[0] + hidden[1]).digest()
        right = hashlib.sha256(b"\1" + leaf + hidden[2]).digest()
        root = hashlib.sha256(b"\1" + left + right).digest()
        note = f"signatures.test - 1\n4\n{_b64(root)}\n"
        stamp = _b64(_key_id(self.signature_log)[:4] + self.signature_log.sign(note.encode(), _ECDSA))
        promised = {
            "body": _b64(body),
            "integratedTime": int(time.timestamp()),
            "logID": _key_id(self.signature_log).hex(),
            "logIndex": 2,
        }
        return {
            "logIndex": "2",
            "logId": {"keyId": _b64(_key_id(self.signature_log))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(promised["integratedTime"]),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(self.signature_log.sign(canonical(promised), _ECDSA)),
            },
            "inclusionProof": {
                "logIndex": "2",
                "rootHash": _b64(root),
                "treeSize": "4",
                "hashes": [_b64(hidden[2]), _b64(left)],
                "checkpoint": {"envelope": f"{note}\n\N{EM DASH} signatures.test {stamp}\n"},
            },
            "canonicalizedBody": _b64(body),
        }


_NAME_OF_ROOT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _entry(certificate: x509.Certificate, signature: bytes, digest: bytes) -> bytes:
    public_key = {"content": _b64(certificate.public_bytes(Encoding.PEM))}
    spec = {
        "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
        "signature": {"content": _b64(signature), "publicKey": public_key},
    }
    return canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})


def _log(url: str, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _b64(_public(key)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": iso(SIGNED_AT - timedelta(days=1))},
        },
        "logId": {"keyId": _b64(_key_id(key))},
    }


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _der(tag: int, contents: bytes) -> bytes:
    """One DER value of up to 255 bytes."""
    length = bytes([len(contents)]) if len(contents) < 0x80 else bytes([0x81, len(contents)])
    return bytes([tag]) + length + contents


def _sized(contents: bytes) -> bytes:
    return struct.pack("!H", len(contents)) + contents


def canonical(document: dict[str, Any]) -> bytes:
    """A document as the log hashes it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _b64(contents: bytes) -> str:
    return base64.b64encode(contents).decode()


def iso(time: datetime) -> str:
    """A time as the documents of sigstore have it."""
    return time.isoformat().replace("+00:00", "Z")
