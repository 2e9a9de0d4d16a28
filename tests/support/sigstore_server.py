"""A sigstore that the real client signs with: its authority, its log, and who vouches for the signer, over HTTP.

It speaks what sigstore's client asks for: Fulcio's `/api/v2/signingCert`, the first version of Rekor's API, the tokens
that GitHub gives to the jobs of a workflow, and the login of OpenID Connect with a browser. Certificates and bundles
are those of `support.sigstore_ca`.
"""

import base64
import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from support.sigstore_ca import GITHUB_ISSUER, SIGNED_AT, Sigstore, Workflow, canonical, iso

__all__ = ["SigstoreServer", "serve_sigstore"]

_SECRET = "c" * 32
_REQUEST_TOKEN = "request-" + "token" * 4


@dataclass
class SigstoreServer:
    """A sigstore at an address of this machine.

    Attributes:
        url: its address.
        sigstore: its keys.
        workflow: whom it certifies, whoever asks with `token`.
        token: the OpenID Connect token that it takes.
        requests: each request, as method and path, without its query.
        failures: method and path → the status that is answered with.
        wrong_log: whether what the log answers is of another log.
    """

    url: str
    sigstore: Sigstore = field(default_factory=Sigstore)
    workflow: Workflow = field(default_factory=Workflow)
    token: str = ""
    requests: list[str] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    wrong_log: bool = False

    def __post_init__(self) -> None:
        """Make the token: it is valid for ten minutes from now."""
        now = int(_now().timestamp())
        claims = {"iss": GITHUB_ISSUER, "sub": "repo:acme/kernels", "aud": "sigstore", "iat": now, "exp": now + 600}
        self.token = jwt.encode(claims, _SECRET, algorithm="HS256")

    @property
    def github(self) -> dict[str, str]:
        """The environment of a job of a workflow of GitHub that may ask for tokens."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": _REQUEST_TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/github-token?api-version=2",
        }

    def write_trust_config(self, path: Path) -> Path:
        """Write where this sigstore is, and its public keys, as a `ClientTrustConfig`."""
        service = {"url": self.url, "majorApiVersion": 1, "validFor": {"start": iso(SIGNED_AT)}, "operator": "test"}
        document = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.sigstore.trust_root(),
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "oidcUrls": [service],
                "rekorTlogUrls": [service],
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": [],
                "tsaConfig": {"selector": "ANY"},
            },
        }
        path.write_text(json.dumps(document), "utf-8")
        return path

    def certify(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request for a certificate, as Fulcio does."""
        csr = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
        key = csr.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        chain = [self.sigstore.certify(key, self.workflow, _now()), self.sigstore.root()]
        pems = [certificate.public_bytes(Encoding.PEM).decode() for certificate in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pems}}}

    def log(self, request: dict[str, Any]) -> dict[str, Any]:
        """Enter a signature in the log, and answer as Rekor does."""
        entry = (Sigstore() if self.wrong_log else self.sigstore).enter(canonical(_without_nulls(request)), _now())
        proof = entry["inclusionProof"]
        answer = {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logID": _hex(entry["logId"]["keyId"]),
            "logIndex": int(entry["logIndex"]),
            "verification": {
                "inclusionProof": {
                    "logIndex": int(proof["logIndex"]),
                    "rootHash": _hex(proof["rootHash"]),
                    "treeSize": int(proof["treeSize"]),
                    "hashes": list(map(_hex, proof["hashes"])),
                    "checkpoint": proof["checkpoint"]["envelope"],
                },
                "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            },
        }
        return {"0" * 64: answer}

    def browse(self, url: str) -> bool:
        """Be the browser of a person who logs in: follow where the page leads."""
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - an address of this machine
            answer.read()
        return True


@contextmanager
def serve_sigstore() -> Iterator[SigstoreServer]:
    """A sigstore with new keys, for as long as it is used."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.state = SigstoreServer(f"http://127.0.0.1:{http.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield http.state  # type: ignore[attr-defined]
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        """Answer where the login is, and the requests of a browser and of a job of a workflow."""
        path, query = self._start()
        if path == "/github-token" and self.headers["Authorization"] == f"bearer {_REQUEST_TOKEN}":
            self._answer(200, {"value": self._state.token})
        elif path == "/.well-known/openid-configuration":
            places = {f"{name}_endpoint": f"{self._state.url}/{name}" for name in ("authorization", "token")}
            self._answer(200, places)
        elif path == "/authorization":
            answer = urllib.parse.urlencode({"code": "code", "state": query["state"][0]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri'][0]}?{answer}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(404, {"message": "not found"})

    def do_POST(self) -> None:
        """Answer the requests of the client, unless it is to fail."""
        path, _ = self._start()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if status := self._state.failures.get(f"POST {path}"):
            self._answer(status, {"code": status, "message": f"no, for {self.headers['Authorization']}"})
        elif path == "/token":
            self._answer(200, {"access_token": self._state.token})
        elif path == "/api/v2/signingCert" and self.headers["Authorization"] != f"Bearer {self._state.token}":
            self._answer(401, {"code": 16, "message": "the identity token is not valid"})
        elif path == "/api/v2/signingCert":
            self._answer(201, self._state.certify(json.loads(body)))
        elif path == "/api/v1/log/entries":
            self._answer(201, self._state.log(json.loads(body)))
        else:
            self._answer(404, {"message": "not found"})

    @property
    def _state(self) -> SigstoreServer:
        state: SigstoreServer = self.server.state  # type: ignore[attr-defined]
        return state

    def _start(self) -> tuple[str, dict[str, list[str]]]:
        parts = urllib.parse.urlsplit(self.path)
        self._state.requests.append(f"{self.command} {parts.path}")
        return parts.path, urllib.parse.parse_qs(parts.query)

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _now() -> datetime:
    """The time, which certificates have in seconds."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return value
