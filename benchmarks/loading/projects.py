"""The files that are loaded: a kernel, a lock file for it, and a package that has one."""

import json
from pathlib import Path

from support.builds import make_build

__all__ = ["KERNEL", "LAYERS", "make_caller", "make_lockfile", "make_project"]

#: A kernel of four files, with this many layers `Layer0`, `Layer1`, …
KERNEL = "bench/kernel"
LAYERS = 10
_LAYER = """

class Layer{number}(torch.nn.Module):
    can_torch_compile = True

    def forward(self, x):
        return x + {number}
"""
_CALLER = """from kernels import get_locked_kernel


def load(repo_id):
    return get_locked_kernel(repo_id, lockfile=None)
"""


def make_project(project: Path) -> None:
    """Write the kernel, built, into a project."""
    layers = "import torch\n" + "".join(_LAYER.format(number=number) for number in range(LAYERS))
    files = {"__init__.py": "from . import layers\n", "layers.py": layers}
    make_build(project / "build" / "torch-universal", files, id="_bench_kernel_abc1234")


def make_lockfile(path: Path, commit: str) -> None:
    """Write a lock file in the one form that both loaders read: the commit, without hashes."""
    entry = {"dependency": {"repo-id": KERNEL, "version": 1}, "lock": {"commit": commit}}
    path.write_text(json.dumps([entry]), "utf-8")


def make_caller(folder: Path, commit: str) -> None:
    """Write an installed package `caller` that loads what its own lock file has."""
    package, metadata = folder / "caller", folder / "caller-1.0.dist-info"
    package.mkdir(parents=True)
    metadata.mkdir()
    (package / "__init__.py").write_text(_CALLER, "utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: caller\nVersion: 1.0\n", "utf-8")
    (metadata / "top_level.txt").write_text("caller\n", "utf-8")
    (metadata / "RECORD").write_text(
        "".join(f"{path},,\n" for path in ("caller/__init__.py", f"{metadata.name}/kernels.lock")), "utf-8"
    )
    make_lockfile(metadata / "kernels.lock", commit)
