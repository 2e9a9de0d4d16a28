"""`kernels download`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hub import HubServer, faults

from kernels.hub.cache import RepositoryCache
from kernels.locked import get_locked_kernel, load_kernel

Run = Callable[..., Any]
Publish = Callable[..., str]

ANY, OTHER = "torch-universal", "torch-neuron"


@pytest.fixture
def project(tmp_path: Path, run: Run) -> Callable[..., Path]:
    """Make a project with a lock of some repositories; its folder."""

    def make(*repo_ids: str) -> Path:
        folder = tmp_path / "project"
        folder.mkdir()
        lines = [f'"{repo_id}" = 1\n' for repo_id in repo_ids]
        (folder / "pyproject.toml").write_text("".join(["[tool.kernels.dependencies]\n", *lines]), "utf-8")
        assert 0 == run("lock", folder).status
        return folder

    return make


def _snapshot(repo_id: str, commit: str) -> Path:
    return RepositoryCache(repo_id).snapshot(commit) / "build"


def test_the_build_for_this_system(
    hub_client: HubServer, publish: Publish, project: Callable[..., Path], run: Run
) -> None:
    """The build for this system is fetched, verified and named; it can then be loaded without a request."""
    commits = [publish(f"org/{name}", variants=(ANY, OTHER), body=f"value = {name!r}") for name in ("one", "two")]
    folder = project("org/one", "org/two")
    result = run("download", folder)

    assert (0, "org/one: torch-universal\norg/two: torch-universal\n") == (result.status, result.out)
    assert [
        f"[1/2] org/one at {commits[0][:12]}",
        f"[2/2] org/two at {commits[1][:12]}",
    ] == result.err.splitlines()

    hub_client.stop()

    assert "one" == get_locked_kernel("org/one", lockfile=folder / "kernels.lock").value
    assert "two" == load_kernel("org/two", folder / "kernels.lock").value


def test_all_builds(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """`--all-variants` fetches the builds for other systems as well."""
    commit = publish(variants=(ANY, OTHER))
    folder = project("org/kernel")
    result = run("download", folder, "--all-variants")

    assert (0, "org/kernel: torch-universal\norg/kernel: torch-neuron\n") == (result.status, result.out)
    assert [OTHER, ANY] == sorted(path.name for path in _snapshot("org/kernel", commit).iterdir())


def test_what_is_there_is_not_fetched_again(
    hub_client: HubServer, publish: Publish, project: Callable[..., Path], run: Run
) -> None:
    """A second download makes no request."""
    publish(variants=(ANY,))
    folder = project("org/kernel")
    run("download", folder)
    hub_client.clear_requests()

    assert (0, "org/kernel: torch-universal\n") == run("download", folder)[:2]
    assert [] == hub_client.requests


def test_no_lock(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a lock the status is 8, and the error says how to write one."""
    monkeypatch.chdir(tmp_path)

    assert (8, "", "kernels: error: kernels.lock does not exist; write it with `kernels lock`\n") == run("download")


def test_missing_builds_are_reported_at_the_end(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """A kernel without a build for this system does not keep the others from being fetched; the status is 1."""
    publish("org/a", variants=(OTHER,))
    publish("org/b", variants=(ANY,))
    publish("org/c", variants=(OTHER,))
    result = run("download", project("org/a", "org/b", "org/c"))
    progress, _, rest = result.err.partition("kernels: error: ")

    assert (1, "org/b: torch-universal\n") == (result.status, result.out)
    assert ["[1/3] org/a", "[2/3] org/b", "[3/3] org/c"] == [line[:11] for line in progress.splitlines()]
    assert rest.startswith("No build of the kernel org/a at ")
    assert "\nkernels: error: No build of the kernel org/c at " in rest
    assert "\n  torch-neuron: it is for the backend neuron, " in rest


def test_files_that_are_not_the_locked_ones(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """A build whose hash is not the locked one is refused with status 6."""
    publish(variants=(ANY,))
    folder = project("org/kernel")
    lock = json.loads((folder / "kernels.lock").read_bytes())
    lock[0]["variants"][ANY]["hash"] = f"sha256-{'0' * 64}"
    (folder / "kernels.lock").write_text(json.dumps(lock), "utf-8")
    result = run("download", folder)

    assert (6, "") == (result.status, result.out)
    assert f"the build {ANY} of org/kernel at {lock[0]['sha']} is locked as sha256-000" in result.err


def test_a_damaged_download(hub_client: HubServer, publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """A file that keeps arriving damaged is refused with status 6, and the others are fetched."""
    publish("org/a", variants=(ANY,), body="value = 1")
    publish("org/b", variants=(ANY,))
    folder = project("org/a", "org/b")
    hub_client.fail("GET */org/a/resolve/*__init__.py", faults.WrongBytes(), times=9)
    result = run("download", folder)

    assert (6, "org/b: torch-universal\n") == (result.status, result.out)
    assert "__init__.py of org/a" in result.err


def test_a_lock_with_commits_only(publish: Publish, tmp_path: Path, run: Run) -> None:
    """A lock of the newer form, which has no hashes, is enough."""
    commit = publish(variants=(ANY,))
    entry = {"dependency": {"repo-id": "org/kernel", "version": 1}, "lock": {"commit": commit}}
    (tmp_path / "kernels.lock").write_text(json.dumps([entry]), "utf-8")

    assert (0, "org/kernel: torch-universal\n") == run("download", tmp_path)[:2]


def test_a_locked_repository_that_has_gone(hub_client: HubServer, publish: Publish, tmp_path: Path, run: Run) -> None:
    """A repository that the Hub does not have any more is status 3."""
    entry = {"dependency": {"repo-id": "org/kernel", "version": 1}, "lock": {"commit": "0" * 40}}
    (tmp_path / "kernels.lock").write_text(json.dumps([entry]), "utf-8")
    result = run("download", tmp_path)

    assert (3, "") == (result.status, result.out)
    assert "kernels: error: the Hub does not have the kernel org/kernel, " in result.err


def test_an_untrusted_publisher(
    hub_client: HubServer, publish: Publish, project: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody vouches for is fetched, since nothing of it runs; what loading it will ask for is said."""
    publish(variants=(ANY,))
    hub_client.trust("org", trusted=False)
    result = run("download", project("org/kernel"))

    assert (0, "org/kernel: torch-universal\n") == (result.status, result.out)
    assert "kernels: warning: org/kernel is not from a trusted publisher: " in result.err
    assert "pass trust_remote_code=True" in result.err


def test_without_a_network(
    publish: Publish, project: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the Hub may not be asked, what is in the cache is enough; what is not is status 7."""
    publish(variants=(ANY,))
    folder = project("org/kernel")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    assert 7 == run("download", folder).status

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    run("download", folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = run("download", folder)

    assert (0, "org/kernel: torch-universal\n") == (result.status, result.out)
    assert 1 == len(result.err.splitlines())
