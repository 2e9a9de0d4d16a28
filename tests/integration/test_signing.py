"""Builds signed by the real client of sigstore against a sigstore of the tests' own, and verified by the loader."""

import gc
import json
import os
import shutil
import subprocess
import sysconfig
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build
from support.projects import ROOT, kernel_builder, make_tiny, make_tiny_noarch
from support.repositories import Repository, needs_git, own_git
from support.sigstore_ca import GITHUB_ISSUER, Workflow
from support.sigstore_server import SigstoreServer, serve_sigstore

from kernel_builder.errors import PublishError
from kernel_builder.publish.signer import Service, service_signer
from kernels.signature import Publisher, PublisherPolicy, verify_signature

POLICY = PublisherPolicy((Publisher(GITHUB_ISSUER, "acme/kernels", "release.yaml", "refs/heads/main"),))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SigstoreServer]:
    """A sigstore, and no workflow, proxy or token of the machine."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "SIGSTORE_IDENTITY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_sigstore() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two builds."""
    for name in ("cpu", "cuda"):
        make_build(tmp_path / "kernel" / "build" / f"torch-{name}", backend={"type": name})
    return tmp_path / "kernel"


def _sign(
    server: SigstoreServer, project: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    config = server.write_trust_config(project.parent / "config.json")
    return kernel_builder("sign", project, "--trust-config", str(config), *arguments, env=environment)


def _signers(server: SigstoreServer, project: Path) -> list[str]:
    """Who signed each build, by the loader's verifier."""
    root = server.sigstore.write_trust_root(project.parent / "root.json")
    return [verify_signature(tree, POLICY, trust_root=root).identity for tree in sorted((project / "build").iterdir())]


def test_a_workflow_signs_without_a_key(server: SigstoreServer, project: Path) -> None:
    """In a job of GitHub, the workflow itself is certified, once for all builds, and the loader accepts it."""
    result = _sign(server, project, **server.github)
    assert 0 == result.returncode, result.stderr
    lines = [f"signed: {project / 'build' / name} by {Workflow().uri}" for name in ("torch-cpu", "torch-cuda")]
    assert (lines, "") == (result.stdout.splitlines(), result.stderr)
    assert [Workflow().uri] * 2 == _signers(server, project)
    log = "POST /api/v1/log/entries"
    assert ["GET /github-token", "POST /api/v2/signingCert", log, log] == server.requests


@pytest.mark.parametrize("source", ["file", "variable", "usual variable"])
def test_a_token_says_who_signs(server: SigstoreServer, project: Path, tmp_path: Path, source: str) -> None:
    """A token comes from a file or a variable; what is printed has all but the token."""
    (tmp_path / "token").write_text(f"{server.token}\n", "utf-8")
    arguments, environment = {
        "file": (["--identity-token-file", str(tmp_path / "token")], {}),
        "variable": (["--identity-token-env", "MY_TOKEN"], {"MY_TOKEN": server.token}),
        "usual variable": ([], {"SIGSTORE_IDENTITY_TOKEN": server.token}),
    }[source]
    result = _sign(server, project, "--json", *arguments, **environment)
    assert 0 == result.returncode, result.stderr
    first = json.loads(result.stdout)["builds"][0]
    bundle = str(project / "build" / "torch-cpu" / "metadata.json.sigstore")
    assert ("torch-cpu", bundle, Workflow().uri) == (first["variant"], first["bundle"], first["identity"])
    assert "acme/kernels" == first["workflow"]["repository"]
    assert server.token not in result.stdout + result.stderr
    assert [Workflow().uri] * 2 == _signers(server, project)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # sigstore leaves a socket to be collected
def test_a_person_logs_in_with_a_browser(
    server: SigstoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The login's token gets a certificate; the name in it is that of the person, whom no policy of the loader has."""
    monkeypatch.setattr(webbrowser, "open", server.browse)
    server.workflow = Workflow(email="eve@acme.test")
    config = server.write_trust_config(tmp_path / "config.json")
    signature = service_signer(Service(trust_config=config, interactive=True))(b"document")
    assert ("eve@acme.test", None) == (signature.identity, signature.workflow)
    assert server.token not in "".join(capfd.readouterr())
    gc.collect()


def test_a_signer_whom_no_policy_can_name(server: SigstoreServer, project: Path) -> None:
    """The build is signed, and a warning says that the loader will not take it."""
    server.workflow = Workflow(email="eve@acme.test")
    result = _sign(server, project, "--variant", "torch-cpu", SIGSTORE_IDENTITY_TOKEN=server.token)
    warning = "warning: torch-cpu: policies of the loader name workflows of GitHub, and the signer is none\n"
    assert (0, warning) == (result.returncode, result.stderr)


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "certificate refused": ({"failures": {"POST /api/v2/signingCert": 403}}, "does not certify who signs: 403"),
    "authority down": ({"failures": {"POST /api/v2/signingCert": 503}}, "does not certify who signs: 503"),
    "log down": ({"failures": {"POST /api/v1/log/entries": 500}}, "sigstore did not sign: "),
    "log of somebody else": ({"wrong_log": True}, "sigstore did not sign: "),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_sigstore_refuses(server: SigstoreServer, project: Path, case: str) -> None:
    """Each failure ends with 10 and a sentence, writes no bundle, and does not show the token, which the answer has."""
    settings, words = FAILURES[case]
    for name, value in settings.items():
        setattr(server, name, value)
    result = _sign(server, project, "--json", SIGSTORE_IDENTITY_TOKEN=server.token)
    assert (10, True) == (result.returncode, words in result.stderr), result.stderr
    assert server.token not in result.stdout + result.stderr
    assert 10 == json.loads(result.stdout)["error"]["code"]
    assert [] == list(project.rglob("*.sigstore"))


def test_who_signs_cannot_be_told(server: SigstoreServer, project: Path, tmp_path: Path) -> None:
    """A job without the right to ask for a token, a bad token, and a bad trust config each have their sentence."""
    result = _sign(server, project, GITHUB_ACTIONS="true")
    assert (10, True) == (result.returncode, "permissions: id-token: write" in result.stderr), result.stderr
    result = _sign(server, project, SIGSTORE_IDENTITY_TOKEN="canary")  # noqa: S106 - no token
    assert (10, False) == (result.returncode, "canary" in result.stderr), result.stderr
    assert "sigstore does not certify who signs: " in result.stderr
    bad = tmp_path / "bad.json"
    bad.write_text("{}", "utf-8")
    result = kernel_builder("sign", project, "--trust-config", str(bad), env={"SIGSTORE_IDENTITY_TOKEN": server.token})
    assert (10, True) == (result.returncode, f"sigstore ({bad}) cannot be used: " in result.stderr), result.stderr
    assert [] == server.requests


def test_a_sigstore_that_is_out_of_reach(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answers: a sentence, and no bundle."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_sigstore() as gone:
        config = gone.write_trust_config(project.parent / "config.json")
    with pytest.raises(PublishError, match="sigstore does not certify who signs: "):
        service_signer(Service(trust_config=config, token=gone.token))


def test_what_is_signed_is_verified_and_built_again(
    server: SigstoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build is made, signed, verified and built again; edited sources, or an edited build, are not the same."""
    project = make_tiny_noarch(tmp_path / "tiny")
    assert 0 == kernel_builder("build", project, "--driver", "local").returncode
    assert 0 == _sign(server, project, SIGSTORE_IDENTITY_TOKEN=server.token).returncode
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps([{"issuer": GITHUB_ISSUER, "repository": "acme/kernels"}]), "utf-8")
    root = server.sigstore.write_trust_root(tmp_path / "root.json")
    options = ["--policy", str(policy), "--trust-root", str(root), "--rebuild"]
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    result = kernel_builder("verify", project, *options)
    assert 0 == result.returncode, result.stdout + result.stderr
    assert [True] * 3 == [line.endswith(", a second build is the same") for line in result.stdout.splitlines()]
    assert 0 == kernel_builder("build", project, "--driver", "local").returncode
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}  # still signed

    tree = project / "build" / "torch-cpu"
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")
    kernel_builder("hash", tree)
    result = kernel_builder("verify", tree, *options, "--json")
    build = json.loads(result.stdout)["builds"]["torch-cpu"]
    found = [(finding["code"], finding.get("file", "")) for finding in build["findings"]]
    expected = [("signature", ""), ("not-the-same", "__init__.py"), ("not-the-same", "metadata.json")]
    assert (8, False, expected) == (result.returncode, build["rebuilt"], found)
    assert build["findings"][2]["message"] == "differs from that of a second build, in digest"

    shutil.copytree(tree, project / "build" / "torch-xpu")
    result = kernel_builder("verify", project, *options, "--variant", "torch-xpu", "--json")
    finding = json.loads(result.stdout)["builds"]["torch-xpu"]["findings"][-1]
    assert (8, "cannot-build-again") == (result.returncode, finding["code"])
    assert finding["message"].startswith("cannot be built again here: ")

    (project / "torch-ext" / "tiny_noarch" / "__init__.py").write_text("", "utf-8")
    result = kernel_builder("verify", project, *options, "--variant", "torch-cuda", "--json")
    findings = json.loads(result.stdout)["builds"]["torch-cuda"]["findings"]
    assert (8, ["other-sources"]) == (result.returncode, [finding["code"] for finding in findings])


def test_a_library_is_built_again(tmp_path: Path) -> None:
    """What was compiled is compiled again, in another folder, without a compiler cache, and compared byte by byte."""
    project = make_tiny(tmp_path / "tiny")
    assert 0 == kernel_builder("build", project, "--driver", "local", "--no-checks", "load").returncode
    (tree,) = (path for path in (project / "build").iterdir() if path.is_dir())
    result = kernel_builder("verify", tree, "--allow-unsigned", "--rebuild", "--json")
    build = json.loads(result.stdout)["builds"][tree.name]
    assert (0, True) == (result.returncode, build["rebuilt"]), result.stdout
    (library,) = tree.glob("*.so")
    library.write_bytes(library.read_bytes() + b"\0")
    kernel_builder("hash", tree)
    result = kernel_builder("verify", tree, "--allow-unsigned", "--rebuild", "--json")
    findings = json.loads(result.stdout)["builds"][tree.name]["findings"]
    assert (8, [library.name, "metadata.json"]) == (result.returncode, [one["file"] for one in findings[1:]])


@needs_git
def test_other_commits_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of an earlier commit is not compared with another build of the sources of today; both are named."""
    own_git(monkeypatch, tmp_path)
    project = make_tiny_noarch(tmp_path / "tiny")
    shutil.move(project, tmp_path / "sources")
    repository = Repository(tmp_path / "tiny", {".gitignore": "/build/\n/.kernel-builder/\n"})
    shutil.copytree(tmp_path / "sources", project, dirs_exist_ok=True)
    built = repository.commit()
    assert 0 == kernel_builder("build", project, "--driver", "local").returncode
    arguments = ("verify", project, "--allow-unsigned", "--rebuild")
    result = kernel_builder(*arguments)
    assert 0 == result.returncode, result.stdout + result.stderr
    repository.git("rm", "--cached", "-r", "--quiet", "--ignore-unmatch", "build", ".kernel-builder")
    repository.git("commit", "--allow-empty", "--quiet", "--message", "later")
    result = kernel_builder(*arguments)
    later = repository.git("rev-parse", "HEAD")
    assert 8 == result.returncode
    assert f"was built from commit {built}, and the project is at commit {later}" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="the action is for Linux and macOS")
@needs_git
def test_the_action_for_pull_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps are for bash, take their inputs from the environment only, and refuse what the command refuses."""
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ROOT / ".github" / "actions" / "check-pr" / "action.yml").read_text("utf-8"))
    install, check = action["runs"]["steps"]
    assert [("bash", False)] * 2 == [(step["shell"], "${{" in step["run"]) for step in (install, check)]
    own_git(monkeypatch, tmp_path)
    repository = Repository(tmp_path / "kernel", {"build.toml": ""})
    programs = tmp_path / "temp" / "check-pr" / "bin"
    programs.mkdir(parents=True)
    (programs / "kernel-builder").symlink_to(Path(sysconfig.get_path("scripts")) / "kernel-builder")

    def step(base: str) -> int:
        environment = {**os.environ, "RUNNER_TEMP": str(tmp_path / "temp"), "BASE": base, "DIRECTORY": "."}
        command = ["bash", "-euo", "pipefail", "-c", check["run"]]
        return subprocess.run(command, cwd=repository.top, env=environment, check=False).returncode

    assert (0, 0) == (step(""), step("main"))
    repository.branch("feature", {"build/torch-cpu/a.so": ""})
    assert (8, 0) == (step(""), step("feature"))
