"""What other programs import from this package, and how they call it; transformers has tests of its own."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from support.fresh import forget_kernels
from support.hub import HubServer
from support.reference import make_stand_in

import kernels
from kernels.errors import LockError
from kernels.lock.project import lock_project

REPO = "kernels-community/activation"
TRANSFORMERS = """
    CUDAProperties Device KernelizeFallback LayerRepository LocalLayerRepository Mode ROCMProperties get_kernel
    kernelize register_kernel_mapping replace_kernel_forward_from_hub use_kernel_forward_from_hub use_kernel_mapping
    use_kernelized_func
"""


@pytest.mark.parametrize(
    ("client", "module", "names"),
    [
        ("transformers 5.23", "kernels", TRANSFORMERS),
        ("transformers 5.23", "kernels.layer.mode", "Mode"),
        ("transformers 4.57", "kernels", "FuncRepository use_kernel_func_from_hub"),
        ("diffusers 0.42", "kernels", "get_kernel"),
        ("trl 1.16", "kernels", "get_kernel"),
        ("sglang 0.5.23", "kernels", "get_kernel load_kernel"),
        ("axolotl 0.19", "kernels", "get_kernel"),
        ("scripts of kernels", "kernels.benchmark", "Benchmark"),
        ("kernels on the Hub", "kernels", "get_kernel_dep"),
    ],
)
def test_names_that_clients_import(client: str, module: str, names: str) -> None:
    """Each name is there, under its own name."""
    found = importlib.import_module(module)
    for name in names.split():
        assert name == getattr(found, name).__name__, client


@pytest.fixture
def commit(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of the version 2 of a kernel that is published."""
    forget_kernels(monkeypatch)
    hub_client.trust("kernels-community")
    return hub_client.publish(make_stand_in(tmp_path / "kernel", "activation"), REPO, 2)


def test_diffusers(commit: str) -> None:
    """Every argument by its name, those that do not apply as `None`."""
    agent = {"diffusers": "0.42.1"}
    by_version = kernels.get_kernel(REPO, revision=None, version=2, user_agent=agent, trust_remote_code=False)
    by_revision = kernels.get_kernel(REPO, revision=commit, version=None, user_agent=agent, trust_remote_code=True)
    assert by_version is by_revision
    with pytest.raises(ValueError, match="version or revision"):
        kernels.get_kernel(REPO, user_agent=agent)


def test_trl_and_axolotl(commit: str) -> None:
    """A version, or its branch."""
    assert kernels.get_kernel(REPO, version=2) is kernels.get_kernel(REPO, revision="v2")


def _sglang(repo_id: str, lockfile: str) -> ModuleType:
    return kernels.load_kernel(repo_id, lockfile)


def test_sglang(commit: str, hub_client: HubServer, tmp_path: Path) -> None:
    """The lock file comes second, as text; what was downloaded is loaded without a request."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.kernels.dependencies]\n"{REPO}" = 2\n', "utf-8")
    lockfile = str(lock_project(tmp_path).path)
    with pytest.raises(FileNotFoundError):
        _sglang(REPO, lockfile)
    kernels.install_kernel(REPO, revision=commit)
    hub_client.clear_requests()
    assert ([], []) == (_sglang(REPO, lockfile).calls, hub_client.requests)
    with pytest.raises(LockError):
        _sglang(REPO, str(tmp_path / "pyproject.toml"))
