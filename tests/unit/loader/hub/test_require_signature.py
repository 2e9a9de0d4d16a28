"""Loading a kernel of the Hub only where a trusted publisher has signed it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier
from support.builds import make_build
from support.hub import HubServer
from support.sigstore_ca import GITHUB_ISSUER, Sigstore, Workflow

import kernels
from kernels.errors import IntegrityError, UnknownPublisherError, UnsignedKernelError
from kernels.signature import Publisher

Publish = Callable[..., str]
SIGSTORE = Sigstore()
COMMUNITY = Workflow("huggingface/kernels-community", "build.yaml")
ACME = Workflow("acme/kernels", "release.yaml")
REPO = "org/kernel"
RAISES = "raise AssertionError('it ran')\n"


@pytest.fixture
def publish_signed(
    hub_client: HubServer, tmp_path: Path, fresh_id: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Publish a kernel that a workflow has signed, or nobody; the keys of sigstore are those of the tests."""
    root = TrustedRoot.from_file(str(SIGSTORE.write_trust_root(tmp_path / "trusted_root.json")))
    monkeypatch.setattr("kernels.signature.verify._production_verifier", lambda **_: Verifier(trusted_root=root))
    hub_client.trust("org")

    def publish(
        repo_id: str, workflow: Workflow | None, body: str, files: dict[str, str] | None = None, **metadata: object
    ) -> None:
        project = tmp_path / repo_id
        name = fresh_id + repo_id.rpartition("/")[2]
        tree = make_build(project / "build" / "torch-universal", {"__init__.py": body}, id=name, **metadata)
        if workflow is not None:
            bundle = SIGSTORE.sign((tree / "metadata.json").read_bytes(), workflow)
            (tree / "metadata.json.sigstore").write_text(json.dumps(bundle), "utf-8")
        for path, text in (files or {}).items():
            (tree / path).write_text(text, "utf-8")
        hub_client.publish(project, repo_id)

    return publish


def test_a_signed_kernel_loads(publish_signed: Publish) -> None:
    """By default the publishers of the default policy count, and those of another one where it is given."""
    publish_signed(REPO, COMMUNITY, "value = 1\n")
    publish_signed("org/acme", ACME, "value = 2\n")
    policy = kernels.PublisherPolicy((Publisher(GITHUB_ISSUER, "acme/kernels"),))

    assert 1 == kernels.get_kernel(REPO, version=1, require_signature=True).value
    assert 2 == kernels.get_kernel("org/acme", version=1, require_signature=policy).value


@pytest.mark.parametrize(
    ("workflow", "files", "error"),
    [
        (None, {}, UnsignedKernelError),
        (ACME, {}, UnknownPublisherError),
        (COMMUNITY, {"__init__.py": RAISES + "# changed\n"}, IntegrityError),
    ],
    ids=["by nobody", "by somebody else", "with other files"],
)
def test_other_kernels_do_not_run(
    publish_signed: Publish, workflow: Workflow | None, files: dict[str, str], error: type[Exception]
) -> None:
    """A trusted repository is not enough: what is not signed, or is not what was signed, is refused each time."""
    publish_signed(REPO, workflow, RAISES, files)

    for _ in range(2):
        with pytest.raises(error):
            kernels.get_kernel(REPO, version=1, require_signature=True)


def test_a_loaded_kernel_is_checked_too(publish_signed: Publish) -> None:
    """Who requires a signature does not get a kernel that another part of the program has loaded without one."""
    publish_signed(REPO, None, "value = 1\n")

    assert 1 == kernels.get_kernel(REPO, version=1).value
    with pytest.raises(UnsignedKernelError):
        kernels.get_kernel(REPO, version=1, require_signature=True)


def test_a_needed_kernel_has_to_be_signed_too(publish_signed: Publish) -> None:
    """A signed kernel cannot bring code along that nobody has signed; nothing has run when that is found."""
    publish_signed("org/leaf", None, RAISES)
    needs = [{"repo-id": "org/leaf", "version": 1}]
    publish_signed(REPO, COMMUNITY, RAISES, **{"kernel-depends": needs})

    with pytest.raises(UnsignedKernelError):
        kernels.get_kernel(REPO, version=1, require_signature=True)
