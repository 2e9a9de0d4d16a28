"""Kernels that need other kernels, and loaders of a certain age."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hub import HubServer

import kernels
from kernels.errors import KernelDependencyError, NotImportingError, UnsupportedKernelError, UntrustedKernelError

Publish = Callable[..., str]


def _needs(*repositories: str) -> dict[str, object]:
    return {"kernel-depends": [{"repo-id": one, "version": 1} for one in repositories]}


def _uses(repo_id: str) -> str:
    return f"from kernels import get_kernel_dep\nbase = get_kernel_dep({repo_id!r})\nvalue = base.value + 1"


def test_a_kernel_gets_the_kernels_that_it_needs(publish: Publish) -> None:
    """The kernels of a tree are imported from the leaves on; each sees its own, and all are loaded kernels."""
    publish("org/leaf", body="value = 1")
    publish("org/middle", body=_uses("org/leaf"), **_needs("org/leaf"))
    publish("org/top", body=_uses("org/middle"), **_needs("org/middle", "org/leaf"))
    top = kernels.get_kernel("org/top", version=1)
    assert (3, kernels.get_kernel("org/leaf", version=1)) == (top.value, top.base.base)
    modules = [one.module for one in kernels.get_loaded_kernels()]
    assert modules.index(top.base.base) < modules.index(top.base) < modules.index(top)


def test_a_local_kernel_gets_them_from_the_hub(publish: Publish, make_build: Callable[..., Path]) -> None:
    """What a kernel in a folder needs is loaded from the Hub, by the same rules of trust."""
    publish("org/leaf", body="value = 1")
    build = make_build(_uses("org/leaf"), project="mine", **_needs("org/leaf"))
    assert 2 == kernels.get_local_kernel(build).value


def test_a_circle_is_refused(publish: Publish) -> None:
    """Kernels that need each other are not loaded; the error shows the circle, and none of them has run."""
    body = "raise AssertionError('it ran')"
    for name, needed in (("a", "b"), ("b", "c"), ("c", "a")):
        publish(f"org/{name}", body=body, **_needs(f"org/{needed}"))
    with pytest.raises(KernelDependencyError, match="org/a needs org/b needs org/c needs org/a"):
        kernels.get_kernel("org/a", version=1)


def test_a_needed_kernel_has_to_be_trusted_too(publish: Publish, hub_client: HubServer) -> None:
    """A trusted publisher cannot bring the code of another along; nothing has run when that is found."""
    publish("stranger/leaf", body="raise AssertionError('it ran')")
    publish("org/top", body="raise AssertionError('it ran')", **_needs("stranger/leaf"))
    hub_client.trust("stranger", trusted=False)
    with pytest.raises(UntrustedKernelError, match="stranger/leaf"):
        kernels.get_kernel("org/top", version=1)


def test_needed_kernels_come_out_of_the_cache(
    publish: Publish, hub_client: HubServer, start_anew: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree of kernels that was installed once loads offline without a request."""
    publish("org/leaf", body="value = 1")
    publish("org/top", body=_uses("org/leaf"), **_needs("org/leaf"))
    kernels.install_kernel("org/top", version=1)
    hub_client.clear_requests()
    start_anew()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert (2, []) == (kernels.get_kernel("org/top", version=1).value, hub_client.requests)


def test_needed_kernels_are_for_kernels_that_name_them(publish: Publish) -> None:
    """`get_kernel_dep` works while a kernel is imported, for what the kernel names; else it says what is wrong."""
    with pytest.raises(NotImportingError, match="while a kernel is being imported"):
        kernels.get_kernel_dep("org/leaf")
    publish("org/top", body="from kernels import get_kernel_dep\nget_kernel_dep('org/leaf')")
    with pytest.raises(NotImportingError, match="does not name org/leaf"):
        kernels.get_kernel("org/top", version=1)


def test_a_loader_that_is_too_old_says_so(publish: Publish) -> None:
    """A kernel that asks for a newer loader is not imported; one that asks for this or an older one is."""
    publish("org/new", body="raise AssertionError('it ran')", **{"kernels-minver": "99.0.0"})
    publish("org/old", body="value = 1", **{"kernels-minver": "0.15.0"})
    with pytest.raises(UnsupportedKernelError, match=r"needs kernels 99\.0\.0 or later"):
        kernels.get_kernel("org/new", version=1)
    assert 1 == kernels.get_kernel("org/old", version=1).value


def _redirect(hub: HubServer, repo_id: str, destination: str, branch: str = "main", **keys: str) -> None:
    fields = {"kind": "redirect", "destination": destination, **keys}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
    hub.commit(repo_id, branch, {"kernel-status.toml": text})
    hub.trust(repo_id.partition("/")[0])


@pytest.mark.parametrize("branch", ["main", "v1"])
def test_a_kernel_that_has_moved_is_found(publish: Publish, hub_client: HubServer, branch: str) -> None:
    """A redirect on main, or on the version itself, leads to the same version of the destination."""
    publish("org/new", body="value = 1", version=1)
    publish("org/new", body="value = 2", version=2)
    _redirect(hub_client, "old/kernel", "org/new", branch)
    kernel = kernels.get_kernel("old/kernel", version=1)
    loaded = next(one for one in kernels.get_loaded_kernels() if one.module is kernel)
    assert (1, "org/new") == (kernel.value, loaded.repo_info.repo_id if loaded.repo_info else None)


def test_a_redirect_can_name_a_revision(publish: Publish, hub_client: HubServer) -> None:
    """The author's choice of a revision counts."""
    publish("org/new", body="value = 1", version=1)
    publish("org/new", body="value = 2", version=2)
    _redirect(hub_client, "old/kernel", "org/new", revision="v2")
    assert 2 == kernels.get_kernel("old/kernel", version=1).value


def test_the_destination_of_a_redirect_has_to_be_trusted(publish: Publish, hub_client: HubServer) -> None:
    """A trusted repository cannot hand its users over to another publisher."""
    publish("stranger/kernel", body="raise AssertionError('it ran')")
    hub_client.trust("stranger", trusted=False)
    _redirect(hub_client, "old/kernel", "stranger/kernel")
    with pytest.raises(UntrustedKernelError, match="stranger/kernel"):
        kernels.get_kernel("old/kernel", version=1)


@pytest.mark.parametrize(
    ("destination", "keys", "words"),
    [
        ("middle/kernel", {}, "redirects again"),
        ("../../etc", {}, "owner/name"),
        ("org/new", {"revision": "../x"}, "not a revision"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_refused(
    publish: Publish, hub_client: HubServer, destination: str, keys: dict[str, str], words: str
) -> None:
    """One hop, to a repository and a revision that are such."""
    publish("org/new")
    _redirect(hub_client, "middle/kernel", "org/new")
    _redirect(hub_client, "old/kernel", destination, **keys)
    with pytest.raises(kernels.errors.RedirectError, match=words):
        kernels.get_kernel("old/kernel", version=1)


def test_a_status_that_is_no_redirect_changes_nothing(publish: Publish, hub_client: HubServer) -> None:
    """Other kinds of status are for other readers."""
    publish("org/kernel", body="value = 1")
    hub_client.commit("org/kernel", "v1", {"kernel-status.toml": 'kind = "deprecated"\n'})
    assert 1 == kernels.get_kernel("org/kernel", version=1).value
