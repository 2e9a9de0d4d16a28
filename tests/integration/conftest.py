"""Fixtures of the integration tests: what is slow to make is made once for all processes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from support.fetched import fetch
from support.nix import NixWorld, find_nix_world, make_nix_world, why_no_nix
from support.projects import (
    copy_example,
    copy_relu,
    cpu_variant,
    kernel_builder,
    make_tiny,
    make_tiny_noarch,
    make_tiny_tvm_ffi,
)


def _shared(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path], *options: str) -> Path:
    """Make and build a project once, also when the tests run in several processes."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    project = base / name
    with FileLock(f"{project}.lock"):
        done = project.with_suffix(".done")
        if not done.exists():
            result = kernel_builder("build", make(project), "--driver", "local", *options)
            assert result.returncode == 0, result.stderr
            done.touch()
    return project


@pytest.fixture(scope="session")
def nix_world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> NixWorld:
    """Nix with a store of its own, which all processes share, and the stub of nixpkgs; skips where there is no Nix."""
    if reason := why_no_nix():
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    with FileLock(base / "nix.lock"):
        if (base / "nix.done").exists():
            return find_nix_world(base / "nix")
        world = make_nix_world(base / "nix", wheels=request.config.cache.mkdir("nix-wheels"))
        (base / "nix.done").touch()
        return world


@pytest.fixture
def nix(nix_world: NixWorld, monkeypatch: pytest.MonkeyPatch) -> NixWorld:
    """The same, with the variables that let the driver use it."""
    for name, value in nix_world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KERNEL_BUILDER_NIX_ARGS", raising=False)
    return nix_world


@pytest.fixture(scope="session")
def built_relu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The relu example, built; tests only read it."""
    return _shared(tmp_path_factory, "relu", copy_relu)


@pytest.fixture(scope="session")
def build_example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Builds an example for the CPU, and the Python-only ones for every backend; tests only read it or copy it."""

    def build(example: Path) -> Path:
        variant = cpu_variant(example)
        options = ["--variant", variant] if variant else []
        return _shared(tmp_path_factory, example.name, lambda target: copy_example(example, target), *options)

    return build


@pytest.fixture(scope="session")
def built_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny kernel, built; tests only read it or copy it."""
    return _shared(tmp_path_factory, "tiny", make_tiny)


@pytest.fixture(scope="session")
def built_noarch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny kernel in Python alone, built; tests only read it or copy it."""
    return _shared(tmp_path_factory, "tiny-noarch", make_tiny_noarch)


@pytest.fixture(scope="session")
def built_tvm_ffi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny kernel on tvm-ffi, built; tests only read it or copy it."""
    return _shared(tmp_path_factory, "tiny-ffi", make_tiny_tvm_ffi)


@pytest.fixture(
    params=[
        "installed",
        pytest.param("1.10.0", marks=pytest.mark.heavy),
        pytest.param("1.22.0", marks=pytest.mark.heavy),
    ]
)
def client(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment of a process that has one version of the Hub client, which is fetched once and kept."""
    if request.param == "installed":
        return {}
    folder = fetch(pytestconfig, f"huggingface_hub=={request.param}")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
