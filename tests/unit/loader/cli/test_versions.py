"""`kernels versions`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.hub import HubServer

from kernels.probe import probe_system
from kernels.resolve import VariantRejected, resolve
from kernels.variant import parse_variant

Run = Callable[..., Any]
Publish = Callable[..., str]

BACKEND = probe_system().compute.backend
OWN, ANY, OTHER = f"torch-{BACKEND}", "torch-universal", "torch-neuron"


def _reason(name: str, backend: str | None = None) -> str:
    decision = resolve([parse_variant(name)], probe_system(), backend)[0]
    assert isinstance(decision, VariantRejected)
    return decision.reason


def test_each_version_with_its_builds(publish: Publish, run: Run) -> None:
    """Versions are in the order of their numbers; of each build it is said whether it runs here, or why not."""
    for version, variants in ((2, (ANY, OTHER, OWN)), (10, (OTHER,)), (1, (ANY,))):
        publish(version=version, variants=variants)
    expected = [
        "Version 1:",
        "  ✅ torch-universal (preferred)",
        "Version 2:",
        f"  ✅ {OWN} (preferred)",
        "  ✅ torch-universal (compatible)",
        f"     torch-neuron: {_reason(OTHER)}",
        "Version 10:",
        f"     torch-neuron: {_reason(OTHER)}",
    ]

    assert (0, "".join(f"{line}\n" for line in expected), "") == run("versions", "org/kernel")


def test_json(publish: Publish, run: Run) -> None:
    """The document has the commits and everything that is said of the builds."""
    commit = publish(variants=(ANY, OTHER))
    builds = [
        {"variant": ANY, "compatible": True, "preferred": True, "reason": None},
        {"variant": OTHER, "compatible": False, "preferred": False, "reason": _reason(OTHER)},
    ]
    result = run("versions", "org/kernel", "--json")

    assert (0, "") == (result.status, result.err)
    assert {
        "repo_id": "org/kernel",
        "versions": [{"version": 1, "commit": commit, "builds": builds}],
    } == json.loads(result.out)


def test_the_backend_can_be_chosen(publish: Publish, run: Run) -> None:
    """`--backend cpu` says which builds run on the CPU; a backend that is not here is refused without a request."""
    publish(variants=("torch-cpu", ANY))
    result = run("versions", "org/kernel", "--backend", "cpu")

    assert "Version 1:\n  ✅ torch-cpu (preferred)\n  ✅ torch-universal (compatible)\n" == result.out

    refused = run("versions", "org/kernel", "--backend", "neuron")

    assert (2, "") == (refused.status, refused.out)
    assert refused.err.startswith("kernels: error: Invalid backend 'neuron', ")


def test_the_requests(hub_client: HubServer, publish: Publish, run: Run) -> None:
    """One request for the versions and one for the files of each; those of a commit are asked for once."""
    for version in range(1, 5):
        publish(version=version, variants=(ANY,), files={"file.py": str(version)})
    run("versions", "org/kernel")

    assert (1, 4) == (len(hub_client.requests_for("GET */refs")), len(hub_client.requests_for("GET */tree/*")))
    assert 5 == len(hub_client.requests)

    hub_client.clear_requests()
    run("versions", "org/kernel")

    assert ["/refs"] == [request.path[-5:] for request in hub_client.requests]


def test_a_repository_without_versions(hub_client: HubServer, run: Run) -> None:
    """A repository without version branches has nothing to list, which is an error."""
    hub_client.create_repo("org/kernel")
    message = "org/kernel has no versions: none of its branches is named v1, v2 and so on"

    assert (3, "", f"kernels: error: {message}\n") == run("versions", "org/kernel")


def test_a_version_without_builds(hub_client: HubServer, run: Run) -> None:
    """A version whose branch has no builds says so; other folders in `build/` are no builds."""
    hub_client.commit("org/kernel", "v1", {"README.md": "", "build/notes/a.txt": ""})

    assert (0, "Version 1:\n     no builds\n", "") == run("versions", "org/kernel")


def test_without_a_network(publish: Publish, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the Hub may not be asked, the versions that were seen before are listed."""
    publish(variants=(ANY,))
    run("info", "org/kernel", "--version", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    assert (0, "Version 1:\n  ✅ torch-universal (preferred)\n", "") == run("versions", "org/kernel")
