"""What is written of a build before it is made."""

import importlib.metadata
import json
from typing import Any

import pytest
from support.configs import noarch_config, torch_config

from kernel_builder.config.model import BackendOptions, KernelDepend
from kernel_builder.project.metadata import build_metadata
from kernel_builder.provenance import Provenance
from kernels.metadata import Metadata

BUILDER = {"version": importlib.metadata.version("kernel-builder")}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_smallest() -> None:
    """Without anything optional, the required keys stand in their order; a license that was not given is unknown."""
    expected: dict[str, Any] = {
        "name": "demo-kernel",
        "id": "_id",
        "version": 1,
        "license": "unknown",
        "python-depends": [],
        "backend": {"type": "cpu"},
        "provenance": {"kernel-builder": BUILDER},
    }
    document = build_metadata(torch_config(), "cpu", "_id", Provenance("abc"))
    assert list(expected.items()) == list(document.items())


def test_everything() -> None:
    """What is optional has its place too; a backend adds its own dependencies, and none comes twice."""
    general = {
        "version": 3,
        "license": "MIT",
        "upstream": ("https://example.com/up", "https://example.com/older"),
        "source": "https://example.com/src",
        "python_depends": ("einops",),
        "kernel_depends": (KernelDepend(repo_id="a/b", version=0),),
        "cuda": BackendOptions(
            python_depends=("nvidia-cutlass-dsl", "einops"), kernel_depends=(KernelDepend(repo_id="c/d", revision="x"),)
        ),
    }
    document = build_metadata(
        torch_config("cpu", "cuda", general=general), "cuda", "_id", Provenance.of_commit(COMMIT, dirty=True)
    )
    expected = {
        "name": "demo-kernel",
        "id": "_id",
        "version": 3,
        "license": "MIT",
        "upstream": "https://example.com/up",
        "source": "https://example.com/src",
        "python-depends": ["einops", "nvidia-cutlass-dsl"],
        "kernel-depends": [{"repo-id": "a/b", "version": 0}, {"repo-id": "c/d", "revision": "x"}],
        "backend": {"type": "cuda"},
        "provenance": {"kernel-builder": BUILDER, "kernel": {"commit": COMMIT, "dirty": True}},
    }
    assert list(expected.items()) == list(document.items())


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
def test_dependencies_of_other_backends_are_left_out(backend: str) -> None:
    """A build names what its own backend needs."""
    options = BackendOptions(python_depends=("nvidia-cutlass-dsl",))
    document = build_metadata(torch_config("cpu", "cuda", general={"cuda": options}), backend, "_id", Provenance("x"))
    assert (["nvidia-cutlass-dsl"] if backend == "cuda" else []) == document["python-depends"]


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("cuda", {"type": "cuda", "archs": ["9.0", "8.0"]}),
        ("rocm", {"type": "rocm", "archs": ["gfx942"]}),
        ("xpu", {"type": "xpu"}),
    ],
)
def test_architectures_of_python_only_kernels(backend: str, expected: dict[str, Any]) -> None:
    """A Python-only kernel runs on what build.toml says; what a compiled one was compiled for is known later."""
    config = noarch_config("cuda", "rocm", "xpu", cuda_capabilities=("9.0", "8.0", "9.0"), rocm_archs=("gfx942",))
    assert expected == build_metadata(config, backend, "_id", Provenance("abc"))["backend"]


def test_the_loader_reads_it() -> None:
    """The loader takes the document in."""
    document = build_metadata(torch_config(), "cpu", "_id", Provenance.of_commit(COMMIT, dirty=False))
    metadata = Metadata.parse(json.dumps(document))
    assert ("_id", "demo_kernel", "cpu") == (metadata.id, metadata.python_name, metadata.backend.type)
