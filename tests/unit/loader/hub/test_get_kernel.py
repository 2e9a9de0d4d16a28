"""Loading kernels from the Hub: what is asked for, what is found, and how many requests that takes."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from huggingface_hub import scan_cache_dir
from huggingface_hub.errors import RepositoryNotFoundError
from support.hub import HubServer, faults

import kernels
from kernels.errors import (
    BackendError,
    HubUnreachableError,
    NotCachedError,
    NoVariantError,
    RequestError,
    UntrustedKernelError,
    VersionNotFoundError,
)
from kernels.hub.cache import RepositoryCache

Publish = Callable[..., str]
REPO = "org/kernel"


def _asked(hub: HubServer) -> list[str]:
    """The requests so far, sorted, without the files that were downloaded."""
    return sorted(f"{one.method} {one.path}" for one in hub.requests if "/resolve/" not in one.path)


def test_a_version_is_the_newest_build_of_its_branch(publish: Publish) -> None:
    """The module, and where it came from, are those of the version that was asked for."""
    publish(body="value = 1", version=1)
    second = publish(body="value = 2", version=2)
    kernel = kernels.get_kernel(REPO, version=2)
    loaded = next(one for one in kernels.get_loaded_kernels() if one.module is kernel)
    assert (2, kernels.RepoInfo(REPO, second)) == (kernel.value, loaded.repo_info)


def test_where_a_kernel_came_from_is_told_once_it_is_known(publish: Publish, tmp_path: Path) -> None:
    """A kernel from a lock file has no origin on the Hub; when it is loaded from there as well, it has one."""
    commit = publish(body="value = 1")
    lock = tmp_path / "kernels.lock"
    entry = {"dependency": {"repo-id": REPO, "version": 1}, "lock": {"commit": commit}}
    lock.write_text(json.dumps([entry]), "utf-8")
    origins = []
    loads: list[Callable[[], ModuleType]] = [
        lambda: kernels.get_locked_kernel(REPO, lockfile=lock),
        lambda: kernels.get_kernel(REPO, version=1),
    ]
    for load in loads:
        module = load()
        origins += [one.repo_info for one in kernels.get_loaded_kernels() if one.module is module]
    assert [None, kernels.RepoInfo(REPO, commit)] == origins


def test_both_generations_of_calls_work(publish: Publish) -> None:
    """Positional and keyword arguments, a version as text, a branch and a commit all lead to one kernel."""
    commit = publish(body="value = 1")
    loaded = [
        kernels.get_kernel(REPO, None, 1),
        kernels.get_kernel(REPO, "v1"),
        kernels.get_kernel(REPO, revision=commit, backend="cpu", user_agent={"program": "1"}, trust_remote_code=True),
        kernels.get_kernel(repo_id=REPO, version="1", user_agent="program/1", check_arch=False),
    ]
    assert {id(loaded[0])} == {id(kernel) for kernel in loaded}


def test_the_request_budget(publish: Publish, hub_client: HubServer, start_anew: Callable[[], None]) -> None:
    """A loaded kernel costs nothing, nor does a commit in the cache; a version in it costs one, and the trust."""
    commit = publish()
    asked = []
    for _ in range(2):
        kernels.get_kernel(REPO, version=1)
        asked.append(_asked(hub_client))
        hub_client.clear_requests()
    start_anew()
    kernels.get_kernel(REPO, revision=commit)
    asked.append([record.path for record in hub_client.requests])
    start_anew()
    kernels.get_kernel(REPO, version=1)
    asked.append(_asked(hub_client))
    refs, trusted = f"GET /api/kernels/{REPO}/refs", "GET /api/organizations/org/overview"  # side by side
    assert [[refs, f"GET /api/kernels/{REPO}/tree/{commit}", trusted], [], [], [refs, trusted]] == asked


def test_a_cold_load_asks_for_each_small_file_once(publish: Publish, hub_client: HubServer) -> None:
    """What git holds itself is downloaded with one request a file; a large file takes the client's two."""
    publish(files={"a.py": "y = 1", "b.py": "x = 1", "data.so": "binary"})
    kernels.get_kernel(REPO, version=1)
    files = sorted(
        f"{one.method} {one.path.rpartition('/')[2]}" for one in hub_client.requests if "/resolve/" in one.path
    )
    assert ["GET __init__.py", "GET a.py", "GET b.py", "GET data.so", "GET metadata.json", "HEAD data.so"] == files


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"repo_id": "kernel", "version": 1}, "owner/name"),
        ({"repo_id": "../kernel", "version": 1}, "owner/name"),
        ({"repo_id": "a/b/c", "version": 1}, "owner/name"),
        ({"repo_id": "org/..", "version": 1}, "owner/name"),
        ({"repo_id": None, "version": 1}, "owner/name"),
        ({"repo_id": REPO}, "A kernel version or revision must be specified."),
        ({"repo_id": REPO, "version": 1, "revision": "main"}, "Only one of `revision` or `version` must be specified."),
        ({"repo_id": REPO, "version": -1}, "whole number"),
        ({"repo_id": REPO, "version": True}, "whole number"),
        ({"repo_id": REPO, "version": ">=0.1"}, "whole number"),
        ({"repo_id": REPO, "version": 1.5}, "whole number"),
        ({"repo_id": REPO, "revision": ""}, "not a revision"),
        ({"repo_id": REPO, "revision": "../../x"}, "not a revision"),
        ({"repo_id": REPO, "revision": "/etc"}, "not a revision"),
        ({"repo_id": REPO, "revision": "a b"}, "not a revision"),
        ({"repo_id": REPO, "revision": 1}, "not a revision"),
    ],
)
def test_arguments_are_checked_before_anybody_is_asked(
    arguments: dict[str, Any], words: str, hub_client: HubServer
) -> None:
    """Every function that finds a kernel refuses arguments that do not say which, without a request."""
    for function in (kernels.get_kernel, kernels.has_kernel, kernels.get_kernel_variants, kernels.install_kernel):
        with pytest.raises(RequestError, match=words):
            function(**arguments)
    assert [] == hub_client.requests


def test_a_backend_that_is_not_here_is_refused_before_anybody_is_asked(hub_client: HubServer) -> None:
    """The error names those that are here."""
    for function in (kernels.get_kernel, kernels.has_kernel, kernels.get_kernel_variants, kernels.install_kernel):
        with pytest.raises(BackendError, match="Invalid backend 'nonsense', system supported backends: cpu"):
            function(REPO, version=1, backend="nonsense")
    assert [] == hub_client.requests


def test_a_version_that_is_not_there_is_named_with_those_that_are(publish: Publish) -> None:
    """The versions are listed by number; the error is a `ValueError`."""
    for version in (10, 2, 1):
        publish(version=version)
    with pytest.raises(VersionNotFoundError, match="Version 0 not found, available versions: 1, 2, 10") as caught:
        kernels.get_kernel(REPO, version=0)
    assert isinstance(caught.value, ValueError)


def test_a_newer_version_is_mentioned_once(publish: Publish, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever loads an old version is told of the newest one, on our logger, once in a process."""
    for version in (1, 10):
        publish(version=version)
    with caplog.at_level(logging.WARNING, "kernels"):
        for backend in (None, "cpu"):
            kernels.get_kernel(REPO, version=1, backend=backend)
    said = f"You are using version 1 of '{REPO}', but version 10 is available."
    assert [said] == [record.getMessage() for record in caplog.records]


def test_a_repository_that_does_not_exist_is_the_clients_own_error(hub_client: HubServer) -> None:
    """Programs that know the errors of the Hub client go on catching them."""
    hub_client.trust("org")
    with pytest.raises(RepositoryNotFoundError):
        kernels.get_kernel("org/nothing", version=1)


def test_builds_for_other_systems_are_explained(publish: Publish) -> None:
    """No build fits: the error has each with its reason, and names a newer version that has one that does."""
    publish(variants=("torch-cuda", "torch29-cxx11-cu128-x86_64-linux"))
    publish(version=3)
    with pytest.raises(NoVariantError) as caught:
        kernels.get_kernel(REPO, version=1, backend="cpu")
    text = str(caught.value)
    expected = ["torch-cuda: it is for the backend cuda", "torch29-cxx11-cu128-x86_64-linux: ", "Load version 3"]
    assert [True] * 3 == [words in text for words in expected], text
    assert not kernels.has_kernel(REPO, version=1, backend="cpu")


def test_variants_are_decided_without_downloading(publish: Publish, hub_client: HubServer) -> None:
    """`get_kernel_variants` and `has_kernel` need one request for the commit and one for its files."""
    publish(variants=("torch-universal", "torch-cuda", "not-a-variant"))
    decisions = kernels.get_kernel_variants(REPO, version=1, backend="cpu")
    assert ["torch-universal", "torch-cuda"] == [decision.variant.variant_str for decision in decisions]
    assert [kernels.VariantAccepted, kernels.VariantRejected] == [type(decision) for decision in decisions]
    assert kernels.has_kernel(REPO, version=1, backend="cpu")
    assert ["refs", "tree", "refs"] == [record.path.split("/")[5] for record in hub_client.requests]


def test_untrusted_publishers_need_an_opt_in(publish: Publish, hub_client: HubServer) -> None:
    """`True`, or a list with the repository or its publisher, loads from anybody; a list with others does not."""
    publish(repo_id="stranger/kernel")
    hub_client.trust("stranger", trusted=False)
    for refused in (False, [], ["org", "org/kernel"]):
        with pytest.raises(UntrustedKernelError, match="stranger/kernel is not from a trusted publisher"):
            kernels.get_kernel("stranger/kernel", version=1, trust_remote_code=refused)
    allowed: list[bool | list[str]] = [True, ["stranger/kernel"], ["stranger"]]
    assert 1 == len({id(kernels.get_kernel("stranger/kernel", "v1", None, "cpu", None, allow)) for allow in allowed})


def test_a_user_is_a_publisher_too(publish: Publish, hub_client: HubServer) -> None:
    """A publisher who is no organization is trusted or not by what the Hub says of the repository."""
    publish(repo_id="good/kernel", body="value = 1")
    publish(repo_id="bad/kernel")
    hub_client.user("good", trusted=True)
    hub_client.user("bad")
    assert 1 == kernels.get_kernel("good/kernel", version=1).value
    with pytest.raises(UntrustedKernelError, match="the Hub does not vouch for 'bad'"):
        kernels.get_kernel("bad/kernel", version=1)


def test_what_is_known_is_used_while_the_hub_is_down(
    publish: Publish, hub_client: HubServer, start_anew: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Without a network, and without being told so, a kernel that was loaded before loads, with a warning."""
    commit = publish(body="value = 1")
    kernels.get_kernel(REPO, version=1)
    hub_client.stop()
    start_anew()
    with caplog.at_level(logging.WARNING, "kernels"):
        found = [
            kernels.get_kernel(REPO, version=1).value,
            kernels.get_kernel(REPO, revision=commit).value,
            kernels.has_kernel(REPO, version=1),
            len(kernels.get_kernel_variants(REPO, version=1)),
            kernels.install_kernel(REPO, version=1).name,
        ]
    assert [1, 1, True, 1, "torch-universal"] == found
    assert any("is taken from the cache" in record.getMessage() for record in caplog.records)
    with pytest.raises(HubUnreachableError):
        kernels.get_kernel("org/other", version=1)
    hub_client.start()


def test_a_hub_that_wants_a_pause_gets_it(
    publish: Publish, hub_client: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer 429 is waited for as long as it says, and asked again; an answer 500 too, with growing pauses."""
    publish(body="value = 1")
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    hub_client.fail("GET */refs", faults.too_many_requests(7), times=1)
    hub_client.fail("GET */overview", faults.SERVER_ERROR, times=2)
    assert 1 == kernels.get_kernel(REPO, version=1).value
    assert [0.5, 1.0, 7.0] == sorted(waits)


def test_a_pause_without_end_is_not_waited_for(
    publish: Publish, hub_client: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hub that wants to be left alone for an hour is out of reach."""
    publish()
    monkeypatch.setattr("time.sleep", lambda _seconds: pytest.fail("it waited"))
    hub_client.fail("GET */refs", faults.too_many_requests(3600), times=9)
    with pytest.raises(HubUnreachableError):
        kernels.get_kernel(REPO, version=1)


def test_the_hub_is_told_who_asks(publish: Publish, hub_client: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user agent has the caller's words, and the facts that decide on the build, until telemetry is off."""
    publish()
    kernels.install_kernel(REPO, version=1, user_agent={"program": "2.0"})
    agents = {one.user_agent for one in hub_client.requests if "/api/kernels/" in one.path or "/resolve/" in one.path}
    wanted = ["kernels/0.", "; program/2.0; ", "; backend/", "; platform/", "; file_type/kernel"]
    assert [(words, True) for words in wanted] == [(words, all(words in agent for agent in agents)) for words in wanted]
    hub_client.clear_requests()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    kernels.has_kernel(REPO, version=1)
    assert [False] == ["program" in one.user_agent or "backend/" in one.user_agent for one in hub_client.requests]


def test_a_branch_that_goes_back_is_noticed(
    publish: Publish, hub_client: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A version branch that is set back to a commit that it had left is loaded, with a warning."""
    old = publish()
    kernels.install_kernel(REPO, version=1)
    new = hub_client.commit(REPO, "v1", {"build/torch-universal/more.py": "x = 1"})
    kernels.install_kernel(REPO, version=1)
    hub_client.move_branch(REPO, "v1", old)
    with caplog.at_level(logging.WARNING, "kernels"):
        kernels.install_kernel(REPO, version=1)
    said = f"{REPO} at v1 has gone back from {new} to {old}, which it had before"
    assert [said] == [record.getMessage() for record in caplog.records]


def test_local_kernels_come_first(
    hub_client: HubServer, make_build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LOCAL_KERNELS` names a folder for a repository; nobody is asked, and the backend still counts."""
    build = make_build("value = 'local'", variant="torch-universal")
    monkeypatch.setenv("LOCAL_KERNELS", f"{REPO}={build.parent.parent}:")
    assert "local" == kernels.get_kernel(REPO, version=1, backend="cpu").value
    assert kernels.has_kernel(REPO, version=1)
    assert 1 == len(kernels.get_kernel_variants(REPO, version=1))
    assert [] == hub_client.requests


def test_the_cache_has_a_place_of_its_own(publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`KERNELS_CACHE` names it; an empty one does not mean the working folder."""
    publish()
    monkeypatch.setenv("KERNELS_CACHE", str(tmp_path / "own"))
    own = kernels.install_kernel(REPO, version=1)
    monkeypatch.setenv("KERNELS_CACHE", "")
    monkeypatch.chdir(tmp_path)
    shared = kernels.install_kernel(REPO, version=1)
    assert [True, True] == [own.is_relative_to(tmp_path / "own"), shared.is_relative_to(tmp_path / "hf" / "hub")]


def test_the_hub_clients_tools_see_a_loaded_version(publish: Publish, tmp_path: Path) -> None:
    """The version is in the client's own list of revisions, and its look through the cache finds nothing wrong."""
    commit = publish()
    kernels.get_kernel(REPO, version=1)
    found = scan_cache_dir(tmp_path / "hf" / "hub")
    revisions = [(sorted(one.refs), one.commit_hash) for repo in found.repos for one in repo.revisions]
    assert ([(["v1"], commit)], []) == (revisions, found.warnings)


def test_offline_says_what_is_missing(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that was never loaded is not in the cache; the error says so and what to do."""
    publish()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NotCachedError, match="load it once while the Hub can be reached"):
        kernels.get_kernel(REPO, version=1)
    assert not RepositoryCache(REPO).folder.exists()
