"""Answers and settings that are not what they should be."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from support.hub import HubServer, faults

import kernels
from kernels.errors import (
    HubUnreachableError,
    IntegrityError,
    NotCachedError,
    RedirectError,
    RequestError,
    UnsupportedArchError,
    UntrustedKernelError,
)
from kernels.hub import Client
from kernels.hub.cache import RepositoryCache
from kernels.importer import _REGISTRY

Publish = Callable[..., str]
REPO = "org/kernel"


def _answer(monkeypatch: pytest.MonkeyPatch, part: str, text: str) -> None:
    """Let something between this process and the Hub answer the requests whose address has a part."""
    session: Any = huggingface_hub.get_session()
    get = session.get

    def odd(url: str, **options: Any) -> Any:
        response = get(url, **options)
        if part in str(url):
            response._content = text.encode()  # noqa: SLF001 - what was read of the body
        return response

    monkeypatch.setattr(session, "get", odd)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "1", "<html>", "[" * 100_000])
@pytest.mark.parametrize("part", ["/refs", "/tree/", "/overview"])
def test_an_answer_that_is_not_the_hubs_is_no_answer(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, part: str, text: str
) -> None:
    """Whatever a proxy says, the error is ours, and nothing of it is remembered: afterwards the kernel loads."""
    publish(body="value = 1")
    with monkeypatch.context() as patch:
        _answer(patch, part, text)
        try:
            kernels.get_kernel(REPO, version=1)
        except (HubUnreachableError, NotCachedError, UntrustedKernelError, FileNotFoundError) as error:
            assert isinstance(error, kernels.errors.KernelsError)  # noqa: PT017 - which of them depends on the answer
        else:
            pytest.fail("it loaded")
    kernels.hub.trust._ANSWERS.clear()  # noqa: SLF001 - another process
    assert 1 == kernels.get_kernel(REPO, version=1).value


@pytest.mark.parametrize(
    ("path", "refused"),
    [("build/../x", True), ("build/torch-universal/a:b", True), ("docs/a:b.md", False), ("../x", False)],
)
def test_names_that_lead_elsewhere(publish: Publish, monkeypatch: pytest.MonkeyPatch, path: str, refused: bool) -> None:
    """Such a file in a build is refused; elsewhere it is of no account, and never becomes a path on this machine."""
    commit = publish()
    file = {"type": "file", "path": path, "size": 1, "oid": "0" * 40}
    _answer(monkeypatch, "/tree/", json.dumps([file]))
    if refused:
        with pytest.raises(IntegrityError, match="could lead out of its folder"):
            Client().files(REPO, commit)
    else:
        assert {} == Client().files(REPO, commit)


def test_the_token_goes_to_the_hub_alone(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that goes on at another host is not followed there."""
    commit = publish()
    session: Any = huggingface_hub.get_session()
    get, asked = session.get, list[str]()

    def elsewhere(url: str, **options: Any) -> Any:
        asked.append(str(url))
        response = get(url, **options)
        response.headers["Link"] = '<http://127.0.0.1:9/next>; rel="next"'
        return response

    monkeypatch.setattr(session, "get", elsewhere)
    with pytest.raises(IntegrityError, match=r"goes on at http://127\.0\.0\.1:9/next, which is not followed"):
        Client().files(REPO, commit)
    assert 1 == len(asked)


def test_trust_is_that_of_one_hub(publish: Publish, hub_client: HubServer, start_anew: Callable[[], None]) -> None:
    """What one Hub said of a publisher is not what another one says."""
    commit = publish(body="value = 1")
    kernels.get_kernel(REPO, version=1)
    RepositoryCache(REPO).remember_trust("http://another.hub", trusted=True)
    hub_client.trust("org", trusted=False)
    start_anew()
    with pytest.raises(UntrustedKernelError):
        kernels.get_kernel(REPO, revision=commit)


def test_a_publisher_can_become_trusted(
    publish: Publish, hub_client: HubServer, start_anew: Callable[[], None]
) -> None:
    """That the Hub did not vouch for a publisher once does not refuse a commit of it for ever."""
    commit = publish(body="value = 1")
    hub_client.trust("org", trusted=False)
    with pytest.raises(UntrustedKernelError):
        kernels.get_kernel(REPO, revision=commit)
    hub_client.trust("org")
    start_anew()
    assert 1 == kernels.get_kernel(REPO, revision=commit).value


def test_each_repository_of_a_user_has_a_mark_of_its_own(publish: Publish, hub_client: HubServer) -> None:
    """What the Hub says of one does not open the other."""
    publish("bob/good", body="value = 1")
    publish("bob/other")
    hub_client.user("bob", trusted=True)
    assert 1 == kernels.get_kernel("bob/good", version=1).value
    hub_client.user("bob", trusted=False)
    with pytest.raises(UntrustedKernelError):
        kernels.get_kernel("bob/other", version=1)


@pytest.mark.parametrize("value", ["org", "yes", 1, None, {"org": True}])
def test_trust_is_a_truth_value_or_a_list(publish: Publish, value: object) -> None:
    """A text is not taken for a list of its letters."""
    publish()
    with pytest.raises(RequestError, match=r"trust_remote_code is .*: pass True, False, or a list"):
        kernels.get_kernel(REPO, version=1, trust_remote_code=value)  # type: ignore[arg-type]


def test_a_destination_that_floats_is_asked_about_anew(
    publish: Publish, hub_client: HubServer, start_anew: Callable[[], None]
) -> None:
    """A commit that redirects to a branch pins nothing: whoever publishes there has to be trusted now."""
    publish("new/kernel", body="value = 1")
    commit = hub_client.commit(
        "old/kernel", "v1", {"kernel-status.toml": 'kind = "redirect"\ndestination = "new/kernel"\nrevision = "v1"\n'}
    )
    hub_client.trust("old")
    assert 1 == kernels.get_kernel("old/kernel", revision=commit).value
    hub_client.trust("new", trusted=False)
    start_anew()
    with pytest.raises(UntrustedKernelError, match="new/kernel"):
        kernels.get_kernel("old/kernel", revision=commit)


@pytest.mark.parametrize("text", ["x = " + "[" * 50_000, "#" * 70_000, "kind = ["])
def test_a_status_that_cannot_be_read(publish: Publish, hub_client: HubServer, text: str) -> None:
    """It is refused, a large one before it is downloaded."""
    publish()
    hub_client.commit(REPO, "v1", {"kernel-status.toml": text})
    with pytest.raises(RedirectError):
        kernels.has_kernel(REPO, version=1)


def test_a_body_that_is_longer_than_listed_is_not_taken_in(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of it is not even read."""
    commit = publish(body="value = 12345")
    file = Client().files(REPO, commit)["build/torch-universal/__init__.py"]
    short = kernels.hub.HubFile(file.path, 4, file.oid, lfs=False)
    assert b"value" == Client().read(REPO, commit, short)


def test_that_nothing_fits_takes_three_requests_to_find_out(publish: Publish, hub_client: HubServer) -> None:
    """`has_kernel` does not look for a better version, which only an error would name."""
    for version in (1, 2, 3, 4, 5):
        publish(version=version, variants=("torch-cuda",))
    assert not kernels.has_kernel(REPO, version=1, backend="cpu")
    assert 2 == len(hub_client.requests)


def test_threads_ask_once(publish: Publish, hub_client: HubServer) -> None:
    """Eight threads that load one kernel at once ask about the publisher and the files of the commit once."""
    publish(body="value = 1")
    hub_client.latency = 0.05
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(kernels.get_kernel(REPO, version=1).value)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = [len(hub_client.requests_for(pattern)) for pattern in ("GET */overview", "GET */tree/*")]
    assert ([1] * 8, [1, 1]) == (found, asked)


def test_the_hub_is_asked_again_for_as_long_as_it_has_trouble(
    publish: Publish, hub_client: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five times, and then it is out of reach."""
    publish()
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    hub_client.fail("GET */tree/*", faults.SERVER_ERROR, times=9)
    with pytest.raises(NotCachedError, match="cannot be reached"):
        kernels.has_kernel(REPO, version=1)
    assert [0.5, 1.0, 2.0, 4.0] == waits


def _override(monkeypatch: pytest.MonkeyPatch, build: Path) -> None:
    monkeypatch.setenv("LOCAL_KERNELS", f"{REPO}={build}")


def test_an_override_keeps_the_other_conditions(
    publish: Publish, make_build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a folder needs from the Hub is loaded as the caller says: from the cache alone, or locked."""
    publish("org/leaf", body="raise AssertionError('it ran')")
    needs = {"kernel-depends": [{"repo-id": "org/leaf", "version": 1}]}
    build = make_build("raise AssertionError('it ran')", project="mine", **needs)
    _override(monkeypatch, build)
    with pytest.raises(NotCachedError):
        kernels.load_kernel(REPO)
    lock = tmp_path / "kernels.lock"
    lock.write_text("[]", "utf-8")
    with pytest.raises(kernels.errors.KernelsError, match="not locked"):
        kernels.get_locked_kernel(REPO, lockfile=lock)


def test_an_override_needs_no_version_and_no_lock(
    make_build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, hub_client: HubServer
) -> None:
    """It says itself what to load; one build is a kernel too, and a folder without one is refused by all."""
    build = make_build("value = 'local'", project="mine")
    _override(monkeypatch, build)
    assert "local" == kernels.get_kernel(REPO).value == kernels.get_locked_kernel(REPO).value
    assert kernels.has_kernel(REPO)
    assert ["torch-universal"] == [one.variant.variant_str for one in kernels.get_kernel_variants(REPO)]
    assert build == kernels.install_kernel(REPO)
    _override(monkeypatch, build / "nothing")
    for function in (kernels.get_kernel, kernels.has_kernel, kernels.get_kernel_variants, kernels.install_kernel):
        with pytest.raises(FileNotFoundError, match="Could not find a kernel"):
            function(REPO)
    assert [] == hub_client.requests


def test_an_override_can_be_loaded_without_code_for_the_gpu(
    make_build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check_arch` counts for it as for any kernel."""
    build = make_build("value = 1", project="mine", backend={"type": "cpu", "archs": ["9.0"]})
    _override(monkeypatch, build)

    def refuse(_metadata: object) -> None:
        message = "no code"
        raise UnsupportedArchError(message)

    for module in ("kernels.build", "kernels.prepare"):
        monkeypatch.setattr(f"{module}.check_arch", refuse)
    with pytest.raises(UnsupportedArchError):
        kernels.get_kernel(REPO)
    found = kernels.has_kernel(REPO), kernels.has_kernel(REPO, check_arch=False)
    assert ((False, True), 1) == (found, kernels.get_kernel(REPO, check_arch=False).value)


def test_files_that_change_while_others_run_are_noticed(publish: Publish, tmp_path: Path) -> None:
    """A kernel that a needed kernel changes after it was verified is refused before it runs."""
    target = tmp_path / "hf" / "hub" / "kernels--org--top"
    publish(
        "org/leaf",
        body=f"from pathlib import Path\nfor one in Path({str(target)!r}).rglob('snapshots/*/build/*/__init__.py'):\n"
        "    one.unlink()\n    one.write_text('value = 999')\n",
    )
    needs = {"kernel-depends": [{"repo-id": "org/leaf", "version": 1}]}
    publish("org/top", body="raise AssertionError('it ran')", **needs)
    with pytest.raises(IntegrityError, match="was changed while it was being loaded"):
        kernels.get_kernel("org/top", version=1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_can_load_whatever_its_parent_was_doing(make_build: Callable[..., Path]) -> None:
    """The child does not wait for a lock that a thread of the parent held."""
    build = make_build("value = 1", project="mine")
    with _REGISTRY.lock:
        child = os.fork()
        if child == 0:  # pragma: no cover - in the child
            os._exit(0 if kernels.get_local_kernel(build).value == 1 else 1)
        assert (child, 0) == os.waitpid(child, 0)


def test_a_module_that_replaces_itself_is_given(make_build: Callable[..., Path]) -> None:
    """As Python does, the first time as well as later."""
    body = "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(value=7)\n"
    build = make_build(body, project="mine")
    assert [7, 7] == [kernels.get_local_kernel(build).value for _ in range(2)]
