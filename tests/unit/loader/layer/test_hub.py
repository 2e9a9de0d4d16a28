"""Layers of kernels on the Hub."""
# mypy: allow-subclassing-any

import inspect
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build
from support.hub import HubServer, client_environment
from support.layers import KERNEL, Block, Plus, run, scaled
from torch import nn

from kernels import (
    FuncRepository,
    KernelizeFallback,
    LayerRepository,
    LockedFuncRepository,
    LockedLayerRepository,
    Mode,
    get_kernel,
    kernelize,
    use_kernel_mapping,
)
from kernels.errors import NotLockedError, UntrustedKernelError
from kernels.hub import trust
from kernels.layer import use_kernel_forward_from_hub
from kernels.system import current_system

REPO = "org/layers"


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be as a new process, which has not asked the Hub for anything."""
    monkeypatch.setattr("kernels.load._BUILDS", {})
    monkeypatch.setattr(trust, "_ANSWERS", {})


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts as a new process would."""
    _forget(monkeypatch)


@pytest.fixture
def commit(hub_client: HubServer, tmp_path: Path, fresh_id: str) -> str:
    """The commit of version 1 of a kernel with layers, of a trusted publisher."""
    hub_client.trust("org")
    make_build(tmp_path / "published" / "build" / "torch-universal", KERNEL, id=fresh_id)
    published = hub_client.publish(tmp_path / "published", REPO, version=1)
    hub_client.clear_requests()
    return published


def _plus(number: int) -> type[nn.Module]:
    """A class of a model with a name of its own."""

    class Layer(nn.Module):
        def forward(self, hidden: Any) -> Any:
            return hidden

    return use_kernel_forward_from_hub(f"Layer{number}")(Layer)


def _requests(hub: HubServer) -> list[str]:
    requests = [f"{request.method} {request.path}" for request in hub.requests]
    hub.clear_requests()
    return sorted(requests)  # files are downloaded side by side


def test_ten_layers_cost_the_requests_of_one(
    hub_client: HubServer, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing in the cache and with everything in it; and a kernel that is loaded asks nobody anything."""
    names = [f"Plus{number % 8 + 1}" for number in range(10)]
    mapping = {
        f"Layer{number}": {"cpu": LayerRepository(REPO, layer_name=name, version=1)}
        for number, name in enumerate(names)
    }
    costs: dict[int, list[list[str]]] = {}
    for count in (1, 10):
        client_environment(monkeypatch, hub_client, tmp_path / f"cache of {count}")
        model = nn.Sequential(*(_plus(number)() for number in range(count)))
        costs[count] = []
        for _ in ("cold", "warm"):
            _forget(monkeypatch)
            with use_kernel_mapping(mapping):
                kernelize(model, Mode.INFERENCE, "cpu", use_fallback=False)
                costs[count].append(_requests(hub_client))
                kernelize(model, Mode.INFERENCE, "cpu")
                assert [] == _requests(hub_client)
            kernelized = [layer.forward.__wrapped__.__qualname__ for layer in model]
            assert [f"{name}.forward" for name in names[:count]] == kernelized

    assert costs[1] == costs[10]
    assert len(costs[1][1]) <= 2  # the version, and the publisher


def test_a_loaded_kernel_asks_nobody(hub_client: HubServer, commit: str) -> None:
    """What `get_kernel` has loaded is what a layer of it needs, also for the device that the model is on."""
    module = get_kernel(REPO, version=1)
    hub_client.clear_requests()
    with use_kernel_mapping(scaled(cpu=LayerRepository(REPO, layer_name="Scale", version=1))):
        block = kernelize(Block(), Mode.INFERENCE, use_fallback=False)

    assert run(block.scale, 2.0) == 5.0
    assert inspect.unwrap(block.scale.forward) is module.layers.Scale.forward
    assert [] == _requests(hub_client)


@pytest.mark.skipif(current_system().compute.backend == "cuda", reason="this Torch is made for such a device")
def test_a_device_that_is_not_here_asks_nobody(hub_client: HubServer, commit: str) -> None:
    """That a kernel for it cannot be loaded is known without the Hub."""
    with use_kernel_mapping({"Plus": {"cuda": LayerRepository(REPO, layer_name="Plus1", version=1)}}):
        report = kernelize(Plus(), Mode.INFERENCE, "cuda", report=True)[1]

    assert [False] == [decision.replaced for decision in report]
    assert [] == _requests(hub_client)


def test_versions_revisions_and_functions(hub_client: HubServer, commit: str) -> None:
    """A branch, a commit and a version name the same kernel; a function of it can replace a layer."""
    repositories: list[Any] = [
        LayerRepository(REPO, layer_name="Plus3", revision="v1"),
        LayerRepository(REPO, layer_name="Plus3", revision=commit),
        LayerRepository(REPO, layer_name="Plus3", version="1"),
        FuncRepository(REPO, func_name="plus_ten", version=1),
    ]
    results = []
    for repository in repositories:
        with use_kernel_mapping({"Plus": {"cpu": repository}}):
            results.append(run(kernelize(Plus(), Mode.INFERENCE, "cpu", use_fallback=False)))

    assert [3.0, 3.0, 3.0, 10.0] == results


def test_the_program_says_who_it_is(hub_client: HubServer, commit: str) -> None:
    """The user agent of a repository reaches the Hub."""
    LayerRepository(REPO, layer_name="Scale", version=1, user_agent={"program": "1.2"}).load()

    assert any("program/1.2" in request.user_agent for request in hub_client.requests)


def test_trust_is_the_repositorys(hub_client: HubServer, commit: str, caplog: pytest.LogCaptureFixture) -> None:
    """A publisher that is not trusted is refused unless the repository opts in, and never in silence."""
    hub_client.trust("org", trusted=False)
    untrusted = LayerRepository(REPO, layer_name="Plus1", version=1)
    with use_kernel_mapping({"Plus": {"cpu": untrusted}}):
        with pytest.raises(UntrustedKernelError):
            kernelize(Plus(), Mode.INFERENCE, "cpu")
        assert run(kernelize(Plus(), Mode.INFERENCE, "cpu", KernelizeFallback.ALL)) == 0.0
    assert f"{untrusted} cannot be loaded" in caplog.text
    for opted_in in (True, [REPO]):
        with use_kernel_mapping(
            {"Plus": {"cpu": LayerRepository(REPO, layer_name="Plus1", version=1, trust_remote_code=opted_in)}}
        ):
            assert run(kernelize(Plus(), Mode.INFERENCE, "cpu")) == 1.0


@pytest.mark.parametrize("explicit", [False, True])
def test_locked_layers_have_the_locked_commit(
    hub_client: HubServer, commit: str, tmp_path: Path, explicit: bool, fresh_id: str
) -> None:
    """The lock file is the one that is given, or that of the project whose code names the repository."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    lock = [{"dependency": {"repo-id": REPO, "version": 1}, "lock": {"commit": commit}}]
    (project / "kernels.lock").write_text(json.dumps(lock), "utf-8")
    newer = {**KERNEL, "layers.py": KERNEL["layers.py"].replace("x + 3", "x + 300")}
    make_build(tmp_path / "newer" / "build" / "torch-universal", newer, id=fresh_id + "_newer")
    hub_client.publish(tmp_path / "newer", REPO, version=1)

    make: Callable[..., Any] = _make_elsewhere(project / "code.py") if not explicit else _make_here
    options = {"lockfile": project / "kernels.lock"} if explicit else {}
    results = []
    for cls, member in (
        (LockedLayerRepository, {"layer_name": "Plus3"}),
        (LockedFuncRepository, {"func_name": "plus_ten"}),
    ):
        with use_kernel_mapping({"Plus": {"cpu": make(cls, REPO, **member, **options)}}):
            results.append(run(kernelize(Plus(), Mode.INFERENCE, "cpu", use_fallback=False)))
    assert [3.0, 10.0] == results
    with pytest.raises(NotLockedError):
        make(LockedLayerRepository, "org/other", layer_name="Plus3", **options).load()


def _make_here(cls: Any, *given: Any, **named: Any) -> Any:
    return cls(*given, **named)


def _make_elsewhere(file: Path) -> Callable[..., Any]:
    """The same function, in a module of another file."""
    module = types.ModuleType("code_of_a_project")
    module.__file__ = str(file)
    source = "def make(cls, *given, **named):\n    return cls(*given, **named)\n"
    exec(compile(source, file, "exec"), vars(module))  # noqa: S102
    make: Callable[..., Any] = module.make
    return make
