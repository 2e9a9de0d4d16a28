"""What signs: the only module of the builder that uses sigstore's client.

There are no keys to keep: sigstore certifies, for minutes, the identity that a workflow or a person proves to it with a
token of OpenID Connect, and enters each signature in a public log.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from kernel_builder.errors import PublishError, ToolchainError
from kernels.signature.signer import VerifiedSignature, read_signer, signer_name

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import ClientTrustConfig

__all__ = ["Service", "Signature", "Signer", "service_signer"]

#: How much of an error of sigstore goes into ours, in characters: some have a whole answer in them.
_ERROR_WIDTH = 300
_WHO = (
    "In a workflow of GitHub, give the job `permissions: id-token: write`; elsewhere pass a token with "
    "--identity-token-file, or log in with --interactive."
)
_CONFIG = "Look at the network and at --trust-config, and run the command again."
_AGAIN = "Run the command again: it signs every build anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of some bytes.

    Attributes:
        bundle: the bundle of sigstore, as JSON.
        identity: whom the certificate was issued to: the URI of a workflow, or an e-mail address.
        workflow: the GitHub workflow that it was issued to; `None` for anybody else, whom no policy of the loader can
            name.
    """

    bundle: str
    identity: str
    workflow: VerifiedSignature | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Which sigstore signs, and who asks it to.

    Attributes:
        trust_config: a file with the addresses and the keys of a sigstore of one's own (`ClientTrustConfig` of
            sigstore's protobuf specifications); `None`: the public one.
        staging: whether to use the public one's instance for trials.
        token: the OpenID Connect token that says who signs; `None`: that of the workflow that runs this. It is shown
            nowhere.
        interactive: whether a person is to log in, with a browser, instead.
    """

    trust_config: Path | None = None
    staging: bool = False
    token: str | None = None
    interactive: bool = False

    @property
    def name(self) -> str:
        """Which sigstore it is, in words."""
        if self.trust_config is not None:
            return str(self.trust_config)
        return "staging" if self.staging else "public"


#: Signs bytes.
Signer = Callable[[bytes], Signature]


class _Anybody:
    """The policy of who signs for oneself: that the signature holds is what is asked."""

    def verify(self, cert: "Certificate") -> None:
        """Any certificate will do."""


def service_signer(service: Service) -> Signer:
    """Get a certificate to sign with. What is signed with it is verified before it is given.

    Raises:
        ToolchainError: when sigstore is not installed; the extra `sign` installs it.
        PublishError: when nothing says who signs, the trust config cannot be used, or sigstore cannot be reached or
            refuses. So does the signer.
    """
    try:
        from sigstore.oidc import IdentityToken
        from sigstore.sign import Signer as Certified
        from sigstore.sign import SigningContext
        from sigstore.verify import Verifier
    except ImportError:
        message = "to sign builds, sigstore is needed"
        raise ToolchainError(message, hint="Install it with: pip install 'kernel-builder[sign]'") from None
    with _as_sentences(f"the addresses and keys of sigstore ({service.name}) cannot be used", _CONFIG):
        config = _trust_config(service)
        context, verifier = SigningContext.from_trust_config(config), Verifier(trusted_root=config.trusted_root)
    token = _token(service, config)
    with _as_sentences("sigstore does not certify who signs", _WHO, secret=token):
        certified = Certified(IdentityToken(token), context)

    def sign(document: bytes) -> Signature:
        with _as_sentences("sigstore did not sign", _AGAIN, secret=token):
            bundle = certified.sign_artifact(document)
            verifier.verify_artifact(document, bundle, _Anybody())
        certificate = bundle.signing_certificate
        return Signature(bundle=bundle.to_json(), identity=signer_name(certificate), workflow=read_signer(certificate))

    return sign


def _trust_config(service: Service) -> "ClientTrustConfig":
    from sigstore.models import ClientTrustConfig

    if service.trust_config is not None:
        return ClientTrustConfig.from_json(service.trust_config.read_text("utf-8"))
    return ClientTrustConfig.staging() if service.staging else ClientTrustConfig.production()


def _token(service: Service, config: "ClientTrustConfig") -> str:
    """The token that says who signs.

    Raises:
        PublishError: when there is none.
    """
    from sigstore.oidc import Issuer, detect_credential

    if service.token is not None:
        return service.token
    with _as_sentences("nothing says who signs", _WHO):
        if service.interactive:
            return str(Issuer(config.signing_config.get_oidc_url()).identity_token())
        token = detect_credential()
    if token is None:
        message = "nothing says who signs: this is no workflow that sigstore knows, and there is no token"
        raise PublishError(message, hint=_WHO)
    return token


@contextmanager
def _as_sentences(problem: str, hint: str, *, secret: str | None = None) -> Iterator[None]:
    """Turn whatever sigstore's client lets through, which is errors of many libraries, into one of ours."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        causes = [str(one).strip() for one in (error, error.__cause__) if one is not None and str(one).strip()]
        reason = "; ".join(dict.fromkeys(causes)) or type(error).__name__
        if secret is not None:
            reason = reason.replace(secret, "<token>")
        message = f"{problem}: {shorten(reason, _ERROR_WIDTH)}"
        raise PublishError(message, hint=hint) from None
