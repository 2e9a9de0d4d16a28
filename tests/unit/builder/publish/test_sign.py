"""Builds are signed only as their digests say, and nothing but the bundle is written."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.builds import make_build
from support.sigstore_ca import Sigstore, Workflow

from kernel_builder.checks.digest import SIGNATURE
from kernel_builder.errors import CheckError, PublishError
from kernel_builder.publish.sign import sign_builds
from kernel_builder.publish.signer import Signature, Signer
from kernels.errors import UnknownPublisherError
from kernels.signature import PublisherPolicy, verify_signature

SIGSTORE = Sigstore()
IDENTITY = Workflow().uri


def _signer(sigstore: Sigstore = SIGSTORE) -> Signer:
    """A signer of the tests' own, which needs no network."""
    return lambda document: Signature(bundle=json.dumps(sigstore.sign(document)), identity=IDENTITY, workflow=None)


def _unasked() -> Signer:
    message = "no certificate is to be asked for"
    raise AssertionError(message)


@pytest.fixture
def trees(tmp_path: Path) -> list[Path]:
    """Two builds that are whole."""
    return [make_build(tmp_path / "build" / name) for name in ("torch-cpu", "torch-cuda")]


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_build_has_its_bundle(trees: list[Path], tmp_path: Path) -> None:
    """The bundle is of the bytes of metadata.json, and no other file is touched or left behind."""
    before = _contents(tmp_path)
    signed = sign_builds(trees, _signer)
    assert [(tree, IDENTITY) for tree in trees] == [(one.tree, one.signature.identity) for one in signed]
    after = _contents(tmp_path)
    assert {f"build/{tree.name}/{SIGNATURE}" for tree in trees} == after.keys() - before.keys()
    assert before == {name: contents for name, contents in after.items() if name in before}
    trust_root = SIGSTORE.write_trust_root(tmp_path / "root.json")
    for tree in trees:  # whom the policy does not trust is found after the signature is found to be good
        with pytest.raises(UnknownPublisherError, match="acme/kernels"):
            verify_signature(tree, PublisherPolicy(()), trust_root=trust_root)


def test_signing_again_replaces_the_bundle(trees: list[Path], tmp_path: Path) -> None:
    """The second signature takes the place of the first, and is of the metadata as it is then."""
    sign_builds(trees, _signer)
    first = _contents(tmp_path)
    sign_builds(trees, _signer)
    second = _contents(tmp_path)
    changed = {name for name in second if first.get(name) != second[name]}
    assert {f"build/{tree.name}/{SIGNATURE}" for tree in trees} == changed


def _edit(tree: Path) -> None:
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")


def _add(tree: Path) -> None:
    (tree / "new.py").write_text("", "utf-8")


def _drop_digest(tree: Path) -> None:
    document = json.loads((tree / "metadata.json").read_text("utf-8"))
    del document["digest"]
    (tree / "metadata.json").write_text(json.dumps(document), "utf-8")


SPOILED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "edited": (_edit, "file-changed", "torch-cuda/__init__.py"),
    "added": (_add, "file-not-listed", "torch-cuda/new.py"),
    "removed": (lambda tree: (tree / "__init__.py").unlink(), "file-missing", "torch-cuda/__init__.py"),
    "no digest": (_drop_digest, "no-digest", "torch-cuda/metadata.json"),
    "no metadata": (lambda tree: (tree / "metadata.json").unlink(), "metadata", "torch-cuda/metadata.json"),
    "bad metadata": (lambda tree: (tree / "metadata.json").write_text("{"), "metadata", "torch-cuda/metadata.json"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_its_digest_does_not_describe_is_not_signed(trees: list[Path], tmp_path: Path, case: str) -> None:
    """One build that is not as its digest says: no build is signed, no certificate asked for, and the file named."""
    spoil, code, file = SPOILED[case]
    spoil(trees[1])
    before = _contents(tmp_path)
    with pytest.raises(CheckError, match=f"error: {file}: ") as caught:
        sign_builds(trees, _unasked)
    found = [finding.as_json() for finding in caught.value.findings]
    assert [(code, file)] == [(finding["code"], finding["file"]) for finding in found]
    assert before == _contents(tmp_path)


def test_a_failure_between_two_builds(trees: list[Path]) -> None:
    """What was signed before stays signed, and no half of a bundle is left."""
    signer = _signer()
    documents: list[bytes] = []

    def sign(document: bytes) -> Signature:
        documents.append(document)
        if len(documents) > 1:
            message = "the log does not answer"
            raise PublishError(message)
        return signer(document)

    with pytest.raises(PublishError, match="does not answer"):
        sign_builds(trees, lambda: sign)
    assert [True, False] == [(tree / SIGNATURE).is_file() for tree in trees]
    assert [] == [path.name for tree in trees for path in tree.glob(".*")]
