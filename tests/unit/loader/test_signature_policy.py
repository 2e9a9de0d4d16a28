"""Publisher policies."""

import json
import re
from pathlib import Path

import pytest
from support.sigstore_ca import GITHUB_ISSUER

from kernels.errors import PublisherPolicyError
from kernels.signature import Publisher, PublisherPolicy


def test_default_policy() -> None:
    """By default, the workflows of kernels-community that sign on its main branch are trusted, and nobody else."""
    publishers = PublisherPolicy.default().publishers

    assert {("https://token.actions.githubusercontent.com", "huggingface/kernels-community", "refs/heads/main")} == {
        (publisher.issuer, publisher.repository, publisher.ref) for publisher in publishers
    }
    assert ["build.yaml", "build-mac.yaml", "sign-old-builds.yaml"] == [one.workflow for one in publishers]


def test_a_policy_file(tmp_path: Path) -> None:
    """A file names publishers, each with or without a workflow and a ref."""
    entry = {"issuer": GITHUB_ISSUER, "repository": "acme/kernels"}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps([{**entry, "workflow": "release.yaml", "ref": "refs/heads/main"}, entry]), "utf-8")

    expected = PublisherPolicy(
        (
            Publisher(GITHUB_ISSUER, "acme/kernels", "release.yaml", "refs/heads/main"),
            Publisher(GITHUB_ISSUER, "acme/kernels"),
        )
    )

    assert expected == PublisherPolicy.read(path)
    assert "acme/kernels/.github/workflows/*@* (https://token.actions.githubusercontent.com)" == str(
        expected.publishers[1]
    )


def test_a_bad_policy_file_is_reported_whole(tmp_path: Path) -> None:
    """Every problem of a policy is named at once; a misspelt key is one, because it would trust more than was meant."""
    path = tmp_path / "policy.json"
    bad = [
        {"issuer": "issuer.test", "repository": "https://github.test/a/b", "workflow": "a/b.yaml", "ref": "main"},
        {"repository": "acme/kernels", "reff": "refs/heads/main", "branch": 1},
    ]
    path.write_text(json.dumps(bad), "utf-8")

    with pytest.raises(PublisherPolicyError) as caught:
        PublisherPolicy.read(path)

    expected = [
        '`[0].issuer` is "issuer.test", expected the https URL of an identity provider',
        '`[0].repository` is "https://github.test/a/b", expected a GitHub repository as owner/name',
        '`[0].workflow` is "a/b.yaml", expected the name of a file in .github/workflows, such as build.yaml',
        '`[0].ref` is "main", expected a full ref, such as refs/heads/main',
        "`[1].branch` is no key of a publisher (the keys are issuer, repository, workflow, ref)",
        "`[1].reff` is no key of a publisher, did you mean `ref`?",
        "`[1].issuer` is missing",
    ]
    assert f"the publisher policy {path} cannot be used: " + "; ".join(expected) == str(caught.value)


@pytest.mark.parametrize("document", ["", "[]", "{}", "null", "[1]", "[" * 100_000, "\udcff"])
def test_no_policy_at_all(tmp_path: Path, document: str) -> None:
    """A file that is no list of publishers is an error of the policy."""
    path = tmp_path / "policy.json"
    path.write_bytes(document.encode("utf-8", "surrogateescape"))

    with pytest.raises(PublisherPolicyError, match=re.escape(str(path))):
        PublisherPolicy.read(path)


def test_a_missing_policy_file(tmp_path: Path) -> None:
    """A policy that was asked for and is not there is an error, not the default."""
    with pytest.raises(PublisherPolicyError, match="cannot be read"):
        PublisherPolicy.read(tmp_path / "none.json")
