"""What is known of a build: its digest, and who signed it."""

from pathlib import Path

import pytest
from support.builds import make_build

from kernel_builder.errors import ToolchainError
from kernel_builder.publish.verify import Verified, verify_build
from kernels.errors import MissingDependencyError, TrustRootError
from kernels.signature import VerifiedSignature, verify_signature


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A build that is not signed."""
    return make_build(tmp_path / "build" / "torch-cpu")


def _codes(found: Verified) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in found.findings]


def test_a_build_that_is_not_signed(tree: Path) -> None:
    """The digest is good and there is no signature: an error, or a note where that is allowed."""
    found = verify_build(tree, verify_signature)
    assert (True, False, [("unsigned", "error")]) == (found.has_good_digest, found.is_good, _codes(found))
    found = verify_build(tree, verify_signature, allow_unsigned=True)
    assert (True, True, [("unsigned", "note")]) == (found.has_good_digest, found.is_good, _codes(found))


def test_every_file_that_differs_is_named(tree: Path) -> None:
    """Without a signature the digest is still compared."""
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")
    (tree / "new.py").write_text("", "utf-8")
    found = verify_build(tree, verify_signature, allow_unsigned=True)
    assert (False, False) == (found.has_good_digest, found.is_good)
    assert ["file-changed", "file-not-listed", "unsigned"] == [finding.code for finding in found.findings]


@pytest.mark.parametrize("contents", [None, "{", "{}"])
def test_metadata_that_cannot_be_used(tree: Path, contents: str | None) -> None:
    """A build without metadata has neither a digest nor a signature."""
    if contents is None:
        (tree / "metadata.json").unlink()
    else:
        (tree / "metadata.json").write_text(contents, "utf-8")
    found = verify_build(tree, verify_signature, allow_unsigned=True)
    assert (None, False, [("metadata", "error")]) == (found.metadata, found.is_good, _codes(found))


def test_sigstore_is_needed_for_signed_builds_only(tree: Path) -> None:
    """Where it is missing, the message has the extra of this package; a lack of keys is told as it is."""

    def missing(tree: Path) -> VerifiedSignature:
        raise MissingDependencyError

    def keyless(tree: Path) -> VerifiedSignature:
        message = "no keys"
        raise TrustRootError(message)

    with pytest.raises(ToolchainError, match="sigstore is needed") as caught:
        verify_build(tree, missing)
    assert "pip install 'kernel-builder[sign]'" in caught.value.hint
    with pytest.raises(TrustRootError):
        verify_build(tree, keyless)
