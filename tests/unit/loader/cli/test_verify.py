"""`kernels verify`. What makes a signature good is tested with `kernels.signature`; here, what the person is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build
from support.hub import HubServer, faults
from support.sigstore_ca import GITHUB_ISSUER, SIGNED_AT, Sigstore, Workflow

Run = Callable[..., Any]

SIGSTORE = Sigstore()
SIGNER = "acme/kernels/.github/workflows/release.yaml@refs/heads/main"
ANY, OTHER, THIRD = "torch-universal", "torch-neuron", "torch-tpu"
GOOD = f"✅ {ANY}: signed by {SIGNER} on 2026-03-01\n"


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """The options that name the tests' sigstore, and a policy that trusts a workflow."""
    root = SIGSTORE.write_trust_root(tmp_path / "trusted_root.json")
    policy = tmp_path / "publishers.json"
    policy.write_text(json.dumps([{"issuer": GITHUB_ISSUER, "repository": "acme/kernels"}]), "utf-8")
    return ["--policy", str(policy), "--trust-root", str(root)]


def _build(tree: Path, *, signed: bool = True, workflow: Workflow | None = None, **metadata: Any) -> Path:
    """A build that nobody can import, possibly signed."""
    make_build(tree, {"__init__.py": "raise SystemExit('the kernel was run')\n"}, **metadata)
    if signed:
        bundle = SIGSTORE.sign((tree / "metadata.json").read_bytes(), workflow)
        (tree / "metadata.json.sigstore").write_text(json.dumps(bundle), "utf-8")
    return tree


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A kernel with a signed build, one without a signature, and one that is signed without a digest."""
    _build(tmp_path / "kernel" / "build" / ANY)
    _build(tmp_path / "kernel" / "build" / OTHER, signed=False)
    _build(tmp_path / "kernel" / "build" / THIRD, digest=None)
    return tmp_path / "kernel"


@pytest.mark.parametrize("command", ["verify", "verify-signature"])
def test_the_build_for_this_system(
    hub_client: HubServer, kernel: Path, keys: list[str], run: Run, command: str
) -> None:
    """The build for this system is fetched, and its signer named; the others are left where they are."""
    hub_client.publish(kernel, "org/kernel")
    result = run(command, "org/kernel", "1", *keys)

    assert (0, GOOD, "") == result
    assert {"build/torch-universal"} == {
        "/".join(request.path.split("/")[-3:-1])
        for request in hub_client.requests_for("GET */resolve/*")
        if "demo_kernel" not in request.path
    }


def test_every_build(hub_client: HubServer, kernel: Path, keys: list[str], run: Run) -> None:
    """One build that is not good makes the status 1; each has a line that says why."""
    hub_client.publish(kernel, "org/kernel")
    result = run("verify", "org/kernel", "--all-variants", *keys)
    lines = result.out.splitlines(keepends=True)

    assert 1 == result.status
    assert [f"❌ {OTHER}: ", f"❌ {THIRD}: ", GOOD] == [lines[0][:16], lines[1][:13], lines[2]]
    assert " is not signed: it has no metadata.json.sigstore" in lines[0]
    assert " is signed, but has no digest" in lines[1]


def test_an_unsigned_build_is_not_fetched(hub_client: HubServer, kernel: Path, keys: list[str], run: Run) -> None:
    """Of a build without a signature, nothing but its metadata is asked for."""
    hub_client.publish(kernel, "org/kernel")
    run("verify", "org/kernel", "--all-variants", *keys)

    assert ["metadata.json"] == [
        request.path.partition(f"build/{OTHER}/")[2] for request in hub_client.requests_for(f"GET */build/{OTHER}/*")
    ]


@pytest.mark.parametrize(
    ("filters", "left", "status"),
    [
        (["--filter-unsigned"], [THIRD, ANY], 1),
        (["--filter-no-digest"], [OTHER, ANY], 1),
        (["--filter-unsigned", "--filter-no-digest"], [ANY], 0),
    ],
)
def test_builds_can_be_left_out(
    kernel: Path, keys: list[str], run: Run, filters: list[str], left: list[str], status: int
) -> None:
    """Builds without a signature or a digest can be left out of what is judged."""
    result = run("verify", kernel, "--all-variants", *filters, *keys)

    assert (status, left) == (result.status, [line.split()[1].rstrip(":") for line in result.out.splitlines()])


def test_nothing_is_not_good(tmp_path: Path, keys: list[str], run: Run) -> None:
    """When every build is left out, nothing was verified, and the status is 1."""
    _build(tmp_path / "kernel" / "build" / ANY, signed=False)
    message = "kernels: error: nothing was verified: every build was left out\n"

    assert (1, "", message) == run("verify", tmp_path / "kernel", "--filter-unsigned", *keys)


def test_json(hub_client: HubServer, kernel: Path, keys: list[str], run: Run) -> None:
    """The document says who signed each build, or what is wrong with it."""
    commit = hub_client.publish(kernel, "org/kernel")
    result = run("verify", "org/kernel", "v1", "--all-variants", "--filter-no-digest", "--json", *keys)
    document = json.loads(result.out)
    unsigned, good = document.pop("builds")

    assert 1 == result.status
    assert {"repo_id": "org/kernel", "revision": "v1", "commit": commit} == document
    assert (OTHER, False, None) == (unsigned["variant"], unsigned["verified"], unsigned["signature"])
    assert "is not signed" in unsigned["problem"]
    assert {
        "variant": ANY,
        "verified": True,
        "signature": {
            "identity": f"https://github.com/{SIGNER}",
            "issuer": GITHUB_ISSUER,
            "repository": "acme/kernels",
            "workflow": "release.yaml",
            "ref": "refs/heads/main",
            "time": SIGNED_AT.isoformat(),
        },
        "problem": None,
    } == good


def test_a_folder(kernel: Path, keys: list[str], run: Run) -> None:
    """A kernel on this machine, or a single build of it, is verified where it lies."""
    assert (0, GOOD, "") == run("verify", kernel, *keys)
    assert (0, GOOD, "") == run("verify", kernel / "build" / ANY, *keys)
    assert {"path": str(kernel)}.items() <= json.loads(run("verify", kernel, "--json", *keys).out).items()

    (kernel / "build" / ANY / "__init__.py").write_text("changed", "utf-8")
    changed = run("verify", kernel, *keys)

    assert 1 == changed.status
    assert changed.out.startswith(f"❌ {ANY}: ")
    assert "__init__.py has changed" in changed.out


def test_a_single_build_of_any_name(tmp_path: Path, keys: list[str], run: Run) -> None:
    """A folder that is a build need not have the name of one."""
    assert (0, GOOD.replace(ANY, "mine"), "") == run("verify", _build(tmp_path / "mine"), *keys)


def test_a_publisher_that_the_policy_does_not_name(tmp_path: Path, keys: list[str], run: Run) -> None:
    """A build that is signed by somebody else is not good; the policy of kernels-community is the default."""
    _build(tmp_path / "mine", workflow=Workflow("evil/kernels"))
    result = run("verify", tmp_path / "mine", *keys)
    by_default = run("verify", tmp_path / "mine", *keys[2:])

    assert [1, 1] == [result.status, by_default.status]
    assert "is signed by evil/kernels/" in result.out
    assert "the policy trusts acme/kernels/" in result.out
    assert "the policy trusts acme/kernels/" not in by_default.out


def test_no_build_for_this_system(tmp_path: Path, keys: list[str], run: Run) -> None:
    """Where no build runs here, the status is 4, and the option that verifies the others is named."""
    _build(tmp_path / "kernel" / "build" / OTHER)
    _build(tmp_path / "kernel" / "build" / THIRD)
    result = run("verify", tmp_path / "kernel", *keys)

    assert (4, "") == (result.status, result.out)
    assert "--all-variants" in result.err


def test_a_repository_without_builds(hub_client: HubServer, keys: list[str], run: Run) -> None:
    """Nothing to verify is an error."""
    hub_client.commit("org/kernel", "v1", {"README.md": ""})

    assert (3, "", "kernels: error: org/kernel at v1 has no builds\n") == run("verify", "org/kernel", *keys)


def test_files_that_are_not_those_of_the_hub(hub_client: HubServer, kernel: Path, keys: list[str], run: Run) -> None:
    """A build that arrives damaged is not good."""
    hub_client.publish(kernel, "org/kernel")
    hub_client.fail("GET */resolve/*__init__.py", faults.WrongBytes(), times=9)
    result = run("verify", "org/kernel", *keys)

    assert 1 == result.status
    assert result.out.startswith(f"❌ {ANY}: build/{ANY}/__init__.py of org/kernel ")


def test_a_hub_out_of_reach(hub_client: HubServer, kernel: Path, keys: list[str], run: Run) -> None:
    """That nothing can be fetched is no verdict on the kernel: the status is 7."""
    hub_client.publish(kernel, "org/kernel")
    hub_client.stop()
    result = run("verify", "org/kernel", "1", *keys)

    assert (7, "") == (result.status, result.out)


@pytest.mark.parametrize("option", ["--policy", "--trust-root"])
def test_files_that_cannot_be_used(tmp_path: Path, run: Run, option: str) -> None:
    """A policy or a trust root that is not there is status 9, and no verdict."""
    _build(tmp_path / "mine")
    result = run("verify", tmp_path / "mine", option, tmp_path / "nothing.json")

    assert (9, "") == (result.status, result.out)
    assert str(tmp_path / "nothing.json") in result.err
