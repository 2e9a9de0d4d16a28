"""Signatures of kernels, made by a sigstore of the tests' own and checked by the real verifier."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build
from support.sigstore_ca import GITHUB_ISSUER, SIGNED_AT, Sigstore, Workflow

from kernels.errors import (
    IntegrityError,
    InvalidSignatureError,
    KernelNotFoundError,
    MetadataError,
    MissingDependencyError,
    NoDigestError,
    SignatureError,
    SignedFilesError,
    TrustRootError,
    UnknownPublisherError,
    UnsignedKernelError,
)
from kernels.signature import Publisher, PublisherPolicy, VerifiedSignature, verify_signature

SIGSTORE = Sigstore()
RELEASE = Publisher(GITHUB_ISSUER, "acme/kernels", "release.yaml", "refs/heads/main")
POLICY = PublisherPolicy((RELEASE,))
EXPECTED = VerifiedSignature(
    identity="https://github.com/acme/kernels/.github/workflows/release.yaml@refs/heads/main",
    issuer="https://token.actions.githubusercontent.com",
    repository="acme/kernels",
    workflow="release.yaml",
    ref="refs/heads/main",
    time=SIGNED_AT,
)

#: Runs in a process of its own: verifies what it is given and says what that opened and executed.
AUDITED = """
import json, sys
import urllib3  # opens a socket of its own when it is imported, to see whether this system has IPv6; never connects it

sockets, executed = [], []

def audit(event, arguments):
    if event.startswith("socket."):
        sockets.append(event)
    elif event == "exec":
        executed.append(getattr(arguments[0], "co_filename", ""))
    elif event in ("import", "ctypes.dlopen"):
        executed.extend(str(argument) for argument in arguments[:2])

sys.addaudithook(audit)
from kernels.signature import PublisherPolicy, verify_signature

tree, policy, trust_root = sys.argv[1:]
outcomes = []
for root in (trust_root, None):
    try:
        outcomes.append(verify_signature(tree, PublisherPolicy.read(policy), trust_root=root).identity)
    except Exception as error:
        outcomes.append(type(error).__name__)
print(json.dumps([outcomes, sockets, [path for path in executed if path.startswith(tree)]]))
"""


@pytest.fixture
def trust_root(tmp_path: Path) -> Path:
    """The public keys of the tests' sigstore."""
    return SIGSTORE.write_trust_root(tmp_path / "trusted_root.json")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A signed build."""
    files = {"demo.abi3.so": "native code", "__init__.py": "raise SystemExit('the kernel was executed')\n"}
    tree = make_build(tmp_path / "build" / "torch-cpu", files)
    sign(tree)
    return tree


def sign(tree: Path, workflow: Workflow | None = None, sigstore: Sigstore = SIGSTORE, **how: Any) -> None:
    """Sign the metadata of a build as it is now."""
    bundle = sigstore.sign((tree / "metadata.json").read_bytes(), workflow, **how)
    (tree / "metadata.json.sigstore").write_text(json.dumps(bundle), "utf-8")


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON document."""
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), "utf-8")


def run(script: str, *arguments: object, **environment: str) -> str:
    """Run a script in a process of its own, which knows nothing of this one's home folder; what it prints."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_a_good_signature_is_accepted(tree: Path, trust_root: Path) -> None:
    """The result says who signed, and when."""
    assert EXPECTED == verify_signature(tree, POLICY, trust_root=trust_root)
    assert EXPECTED == verify_signature(str(tree), POLICY, trust_root=str(trust_root), offline=False)


@pytest.mark.parametrize(
    ("workflow", "publisher"),
    [
        (Workflow(file="nightly.yml"), replace(RELEASE, workflow=None)),
        (Workflow(ref="refs/tags/v1"), replace(RELEASE, ref=None)),
        (Workflow(signer="https://github.com/elsewhere/ci/.github/workflows/sign.yml@refs/tags/v4"), RELEASE),
    ],
    ids=["any workflow", "any ref", "reusable workflow called by the trusted one"],
)
def test_what_a_policy_leaves_open_is_open(
    tree: Path, trust_root: Path, workflow: Workflow, publisher: Publisher
) -> None:
    """A publisher without a workflow or a ref may sign with any; a trusted workflow may call others."""
    sign(tree, workflow)

    signature = verify_signature(tree, PublisherPolicy((publisher,)), trust_root=trust_root)

    assert (workflow.file, workflow.ref) == (signature.workflow, signature.ref)
    assert (workflow.signer or workflow.uri) == signature.identity


OTHER_SIGNERS: dict[str, tuple[Workflow, str]] = {
    "issuer": (Workflow(issuer="https://issuer.test"), "(https://issuer.test)"),
    "repository": (Workflow(repository="mallory/kernels"), "mallory/kernels/"),
    "similar repository": (Workflow(repository="acme/kernels-fork"), "acme/kernels-fork/"),
    "workflow": (Workflow(file="test.yaml"), "/test.yaml@"),
    "ref": (Workflow(ref="refs/heads/dev"), "release.yaml@refs/heads/dev "),
    "similar ref": (Workflow(ref="refs/heads/main2"), "release.yaml@refs/heads/main2 "),
    "trusted workflow, called by another": (Workflow("mallory/kernels", signer=Workflow().uri), "mallory/kernels/"),
    "path": (Workflow(file="../../x.yaml"), "acme/kernels/.github/workflows/../../x.yaml"),
    "person": (Workflow(email="eve@acme.test", issuer="https://accounts.test"), "eve@acme.test"),
}


@pytest.mark.parametrize("case", OTHER_SIGNERS)
def test_other_signers_are_refused(tree: Path, trust_root: Path, case: str) -> None:
    """A good signature of anybody whom the policy does not name is refused; the message has all the names."""
    workflow, named = OTHER_SIGNERS[case]
    sign(tree, workflow)

    with pytest.raises(UnknownPublisherError, match=re.escape(named)) as caught:
        verify_signature(tree, POLICY, trust_root=trust_root)

    assert f"the policy trusts {RELEASE}" in str(caught.value)


def _edit_bundle(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda tree: edit(tree / "metadata.json.sigstore", change)


def _edit_log_entry(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return _edit_bundle(lambda bundle: change(bundle["verificationMaterial"]["tlogEntries"][0]))


def _write_bundle(contents: bytes) -> Callable[[Path], object]:
    return lambda tree: (tree / "metadata.json.sigstore").write_bytes(contents)


def _truncate(tree: Path) -> None:
    path = tree / "metadata.json.sigstore"
    path.write_bytes(path.read_bytes()[:-40])


def _replace_with_folder(tree: Path) -> None:
    (tree / "metadata.json.sigstore").unlink()
    (tree / "metadata.json.sigstore").mkdir()


def _reformat(tree: Path) -> None:
    path = tree / "metadata.json"
    path.write_bytes(path.read_bytes() + b"\n")


OTHER = SIGSTORE.sign(b"other bytes")
OTHER_MATERIAL = OTHER["verificationMaterial"]
FOREIGN = Sigstore().authority
ISSUED = str(int(SIGNED_AT.timestamp()))

BAD_SIGNATURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited metadata": (lambda tree: edit(tree / "metadata.json", lambda data: data.update(version=2)), "digest"),
    "reformatted metadata": (_reformat, "digest mismatch"),
    "of other bytes": (_write_bundle(json.dumps(OTHER).encode()), "digest mismatch"),
    "of other bytes, digest edited": (
        _edit_bundle(
            lambda bundle: bundle["messageSignature"].update(signature=OTHER["messageSignature"]["signature"])
        ),
        "invalid for input",
    ),
    "expired": (lambda tree: sign(tree, logged_after=timedelta(minutes=11)), "certificate chain"),
    "not yet valid": (lambda tree: sign(tree, logged_after=-timedelta(minutes=1)), "certificate chain"),
    "other certificate": (
        _edit_bundle(lambda bundle: bundle["verificationMaterial"].update(certificate=OTHER_MATERIAL["certificate"])),
        "invalid for input",
    ),
    "other log entry": (_edit_log_entry(lambda entry: entry.update(OTHER_MATERIAL["tlogEntries"][0])), "inconsistent"),
    "bad proof": (_edit_log_entry(lambda entry: entry["inclusionProof"]["hashes"].reverse()), "invalid root hash"),
    "short proof": (_edit_log_entry(lambda entry: entry["inclusionProof"]["hashes"].pop()), "wrong size"),
    "other time": (_edit_log_entry(lambda entry: entry.update(integratedTime=ISSUED)), "invalid inclusion promise"),
    "no time": (_edit_log_entry(lambda entry: entry.pop("inclusionPromise")), "must contain an inclusion promise"),
    "foreign authority": (lambda tree: sign(tree, sigstore=Sigstore()), "certificate chain"),
    "foreign certificate log": (lambda tree: sign(tree, sigstore=replace(SIGSTORE, certificate_log=FOREIGN)), "SCT"),
    "foreign signature log": (
        lambda tree: sign(tree, sigstore=replace(SIGSTORE, signature_log=FOREIGN)),
        "invalid log entry",
    ),
    "no signature in it": (_edit_bundle(lambda bundle: bundle.pop("messageSignature")), "failed to load bundle"),
    "truncated": (_truncate, "failed to load bundle"),
    "empty": (_write_bundle(b""), "failed to load bundle"),
    "no bundle": (_write_bundle(b"[]"), "failed to load bundle"),
    "too large": (_write_bundle(b" " * 2**21), "larger than"),
    "a folder": (_replace_with_folder, "cannot be read"),
}


@pytest.mark.parametrize("case", BAD_SIGNATURES)
def test_bad_signatures_are_refused(tree: Path, trust_root: Path, case: str) -> None:
    """A bundle that does not prove that the publisher signed these very bytes is refused, and the message says why."""
    spoil, reason = BAD_SIGNATURES[case]
    spoil(tree)

    with pytest.raises(InvalidSignatureError, match=reason) as caught:
        verify_signature(tree, POLICY, trust_root=trust_root)

    assert str(tree) in str(caught.value)


def test_no_byte_of_the_metadata_can_change(tree: Path, trust_root: Path) -> None:
    """One flipped bit anywhere in the signed file is noticed."""
    path = tree / "metadata.json"
    document = path.read_bytes()
    accepted = []
    for position in range(len(document)):
        path.write_bytes(document[:position] + bytes([document[position] ^ 1]) + document[position + 1 :])
        try:
            verify_signature(tree, POLICY, trust_root=trust_root)
        except InvalidSignatureError:
            continue
        accepted.append(position)

    assert [] == accepted


def test_a_damaged_bundle_never_says_something_else(tree: Path, trust_root: Path) -> None:
    """Whatever becomes of the bundle, it is refused as a signature, or it was no part of the proof that changed."""
    path = tree / "metadata.json.sigstore"
    bundle = path.read_bytes()
    outcomes = set()
    for position in range(0, len(bundle), 9):
        for replacement in (b"", b"\0", b'"', bytes([bundle[position] ^ 1])):
            path.write_bytes(bundle[:position] + replacement + bundle[position + 1 :])
            try:
                outcomes.add(verify_signature(tree, POLICY, trust_root=trust_root))
            except SignatureError:
                continue

    assert outcomes <= {EXPECTED}


def _link_folder(tree: Path) -> None:
    (tree / "demo_kernel").rename(tree.parent / "elsewhere")
    (tree / "demo_kernel").symlink_to("../elsewhere")


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited library": (lambda tree: (tree / "demo.abi3.so").write_text("evil code"), "demo.abi3.so has changed"),
    "edited module": (lambda tree: (tree / "__init__.py").write_text("import os"), "__init__.py has changed"),
    "added": (lambda tree: (tree / "demo_kernel" / "new.py").write_text(""), "demo_kernel/new.py is not in the digest"),
    "added metadata": (lambda tree: (tree / "demo_kernel" / "metadata.json").write_text("{}"), "is not in the digest"),
    "removed": (lambda tree: (tree / "demo.abi3.so").unlink(), "demo.abi3.so is missing"),
    "link to a folder": (_link_folder, "no links to folders"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_other_files_are_refused(tree: Path, trust_root: Path, case: str) -> None:
    """A good signature does not cover files other than those in the signed digest."""
    spoil, problem = BAD_FILES[case]
    spoil(tree)

    with pytest.raises(SignedFilesError, match=re.escape(problem)) as caught:
        verify_signature(tree, POLICY, trust_root=trust_root)

    assert isinstance(caught.value, IntegrityError)


def test_unsigned_kernels_are_refused(tree: Path) -> None:
    """Without a bundle, nothing is checked, and the message says so."""
    (tree / "metadata.json.sigstore").unlink()

    with pytest.raises(UnsignedKernelError, match="not signed"):
        verify_signature(tree, POLICY)


def test_signed_metadata_needs_a_digest(tree: Path, trust_root: Path) -> None:
    """A signature of metadata that says nothing of the files is no signature of the files."""
    edit(tree / "metadata.json", lambda metadata: metadata.pop("digest"))
    sign(tree)

    with pytest.raises(NoDigestError, match="has no digest"):
        verify_signature(tree, POLICY, trust_root=trust_root)


def test_signed_metadata_must_be_metadata(tree: Path, trust_root: Path) -> None:
    """A publisher can sign anything; what cannot be used is named."""
    edit(tree / "metadata.json", lambda metadata: metadata.pop("id"))
    sign(tree)

    with pytest.raises(MetadataError, match=r"metadata.json: `id` is missing"):
        verify_signature(tree, POLICY, trust_root=trust_root)


def test_a_folder_without_a_kernel(tmp_path: Path) -> None:
    """A path to something else is told apart from a kernel without a signature."""
    with pytest.raises(KernelNotFoundError, match=r"no metadata.json"):
        verify_signature(tmp_path)


def test_offline_means_offline(tree: Path, trust_root: Path, tmp_path: Path) -> None:
    """On a fresh machine, with sigstore's own keys or given ones: no socket is opened, no line of the kernel runs."""
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps([{"issuer": GITHUB_ISSUER, "repository": "acme/kernels"}]), "utf-8")
    home = tmp_path / "home"
    home.mkdir()

    outcomes, sockets, executed = json.loads(run(AUDITED, tree, policy, trust_root, HOME=str(home)))

    assert [EXPECTED.identity, "InvalidSignatureError"] == outcomes  # the tests' signatures do not hold for sigstore
    assert [] == sockets
    assert [] == executed


REPORT_TRUST_ROOT = """
import sys
from kernels.errors import TrustRootError
from kernels.signature import verify_signature

try:
    verify_signature(sys.argv[1], offline=sys.argv[2] == "offline")
except TrustRootError as error:
    print(error)
"""


def test_keys_that_cannot_be_had(tree: Path, trust_root: Path, tmp_path: Path) -> None:
    """No trust root, no cache folder and no network are told apart, each with what to do about it."""
    nowhere = "http://127.0.0.1:9"
    home = tmp_path / "home"
    home.mkdir()

    with pytest.raises(TrustRootError, match=r"give a trusted_root\.json"):
        verify_signature(tree, POLICY, trust_root=tmp_path / "none.json")
    with pytest.raises(TrustRootError, match=r"give a trusted_root\.json"):
        verify_signature(tree, POLICY, trust_root=tree / "metadata.json")
    assert "or give a trust root" in run(REPORT_TRUST_ROOT, tree, "offline", HOME=str(trust_root))
    online = run(REPORT_TRUST_ROOT, tree, "online", HOME=str(home), HTTPS_PROXY=nowhere, HTTP_PROXY=nowhere)
    assert "verify offline" in online


def test_sigstore_is_an_extra(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported when a signature is checked; without it, the message has the command that installs it."""
    loaded = run("import sys, kernels.signature; print({'sigstore', 'cryptography', 'pydantic'} & sys.modules.keys())")
    monkeypatch.setitem(sys.modules, "sigstore.verify", None)

    with pytest.raises(MissingDependencyError, match=re.escape("pip install 'kernels[verify]'")):
        verify_signature(tree, POLICY)

    assert "set()" == loaded


def test_the_default_policy_is_the_default(tree: Path, trust_root: Path) -> None:
    """Without a policy, a kernel of kernels-community is accepted and one of somebody else is not."""
    with pytest.raises(UnknownPublisherError, match="acme/kernels"):
        verify_signature(tree, trust_root=trust_root)

    sign(tree, Workflow(repository="huggingface/kernels-community", file="build.yaml"))

    assert "huggingface/kernels-community" == verify_signature(tree, trust_root=trust_root).repository
