"""`kernel-builder verify`: signatures made by a sigstore of the tests' own, checked by the loader's verifier."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.builds import make_build
from support.sigstore_ca import GITHUB_ISSUER, SIGNED_AT, Sigstore, Workflow

from kernel_builder.cli import cli
from kernel_builder.errors import TargetError

SIGSTORE = Sigstore()


@dataclass(frozen=True)
class Kernel:
    """A project with one signed build, and what is needed to verify it."""

    folder: Path
    tree: Path

    def sign(self, workflow: Workflow | None = None, **how: Any) -> None:
        """Sign the build as it is now."""
        bundle = SIGSTORE.sign((self.tree / "metadata.json").read_bytes(), workflow, **how)
        (self.tree / "metadata.json.sigstore").write_text(json.dumps(bundle), "utf-8")

    def verify(self, *arguments: str) -> Result:
        """Run the command with the tests' policy and keys."""
        options = ["--policy", str(self.folder / "policy.json"), "--trust-root", str(self.folder / "root.json")]
        return CliRunner().invoke(cli, ["verify", str(self.folder), *options, *arguments])


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """A kernel that a trusted workflow has signed."""
    tree = make_build(tmp_path / "build" / "torch-cpu", {"demo.abi3.so": "native code"})
    policy = {
        "issuer": GITHUB_ISSUER,
        "repository": "acme/kernels",
        "workflow": "release.yaml",
        "ref": "refs/heads/main",
    }
    (tmp_path / "policy.json").write_text(json.dumps([policy]), "utf-8")
    SIGSTORE.write_trust_root(tmp_path / "root.json")
    kernel = Kernel(tmp_path, tree)
    kernel.sign()
    return kernel


def test_a_good_signature_is_accepted(kernel: Kernel) -> None:
    """The line says that the files are right, who signed, and when; as JSON, all that the certificate says."""
    result = kernel.verify()
    line = (
        "torch-cpu: the files are those of the digest, signed by "
        "acme/kernels/.github/workflows/release.yaml@refs/heads/main on 2026-03-01\n"
    )
    assert (0, line) == (result.exit_code, result.output)
    result = kernel.verify("--json")
    signature = {
        "identity": Workflow().uri,
        "issuer": GITHUB_ISSUER,
        "repository": "acme/kernels",
        "workflow": "release.yaml",
        "ref": "refs/heads/main",
        "time": SIGNED_AT.isoformat(),
    }
    build = {"ok": True, "digest": True, "signature": signature, "rebuilt": None, "findings": []}
    assert {"ok": True, "builds": {"torch-cpu": build}} == json.loads(result.stdout)


def _edit_metadata(kernel: Kernel) -> None:
    path = kernel.tree / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "version": 2}), "utf-8")


def _edit_library(kernel: Kernel) -> None:
    (kernel.tree / "demo.abi3.so").write_text("evil code", "utf-8")


BAD: dict[str, tuple[Callable[[Kernel], object], str, str, bool]] = {
    "wrong issuer": (
        lambda kernel: kernel.sign(Workflow(issuer="https://issuer.test")), "publisher", "https://issuer.test", True
    ),
    "wrong repository": (
        lambda kernel: kernel.sign(Workflow(repository="mallory/kernels")), "publisher", "mallory/kernels", True
    ),
    "wrong workflow": (lambda kernel: kernel.sign(Workflow(file="test.yaml")), "publisher", "test.yaml", True),
    "expired": (
        lambda kernel: kernel.sign(logged_after=timedelta(minutes=11)), "signature", "certificate chain", True
    ),
    "edited metadata": (_edit_metadata, "signature", "does not hold", True),
    "edited library": (_edit_library, "file-changed", "demo.abi3.so: has changed since the digest was written", False),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_builds_are_refused(kernel: Kernel, case: str) -> None:
    """Each ends with 8 and a sentence on what is wrong, with --allow-unsigned too; the digest is judged by itself."""
    spoil, code, words, has_good_digest = BAD[case]
    spoil(kernel)
    result = kernel.verify()
    assert (8, True) == (result.exit_code, words in result.output), result.output
    result = kernel.verify("--allow-unsigned", "--json")
    document = json.loads(result.stdout)
    build = document["builds"]["torch-cpu"]
    assert (8, False, None, has_good_digest) == (
        result.exit_code,
        document["ok"],
        build["signature"],
        build["digest"],
    )
    assert [code] == [finding["code"] for finding in build["findings"]]


def test_a_new_digest_does_not_mend_a_signature(kernel: Kernel) -> None:
    """An edited library with a digest that was written anew is not what was signed."""
    _edit_library(kernel)
    assert 0 == CliRunner().invoke(cli, ["hash", str(kernel.folder)]).exit_code
    result = kernel.verify("--json")
    build = json.loads(result.stdout)["builds"]["torch-cpu"]
    assert (8, ["signature"]) == (result.exit_code, [finding["code"] for finding in build["findings"]])


def test_builds_that_are_not_signed(kernel: Kernel) -> None:
    """One build of several without a signature fails the whole, and --variant and --allow-unsigned leave it out."""
    make_build(kernel.folder / "build" / "torch-cuda", backend={"type": "cuda"})
    result = kernel.verify()
    expected = [
        "torch-cuda: the files are those of the digest",
        "  error: is not signed [signature: unsigned]",
        "    Sign it with `kernel-builder sign`, or pass --allow-unsigned.",
    ]
    assert (8, expected) == (result.exit_code, result.output.splitlines()[1:])
    assert (0, 0) == (kernel.verify("--variant", "torch-cpu").exit_code, kernel.verify("--allow-unsigned").exit_code)


def test_the_default_policy_is_that_of_the_loader(kernel: Kernel) -> None:
    """Without a policy, the workflows of kernels-community count, and nobody else."""
    options = ["--trust-root", str(kernel.folder / "root.json")]
    result = CliRunner().invoke(cli, ["verify", str(kernel.tree), *options])
    assert (8, True) == (result.exit_code, "the policy trusts huggingface/kernels-community/" in result.output)


def test_what_cannot_be_verified(kernel: Kernel, tmp_path: Path) -> None:
    """A variant that is not there, and sources that are not there to build again, are errors."""
    for arguments, message in ((["--variant", "torch-xpu"], "it has torch-cpu"), (["--rebuild"], "no kernel project")):
        result = kernel.verify(*arguments)
        assert isinstance(result.exception, TargetError)
        assert message in str(result.exception)
