"""Kernel projects that Nix builds, and the Torch wheels that it builds them against."""

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.nix import SYSTEM, NixWorld
from support.projects import copy_relu, git, kernel_builder

__all__ = ["CPU", "add_flake", "add_torch", "build_with_nix", "copy_cpu_relu"]

#: The variant for the CPU of the Torch that tests run with.
CPU = f"torch213-cxx11-cpu-{SYSTEM}"

_FLAKE = """\
{
  description = "A kernel of a test";
  inputs.builder.url = "path:%s";
  inputs.builder.inputs.nixpkgs.url = "path:%s";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
      doGetKernelCheck = %s;%s
    };
}
"""


def add_flake(project: Path, world: NixWorld, *releases: str, load: bool = True) -> Path:
    """Give a project a flake whose lock names the inputs of a world, and commit everything.

    Args:
        project: the folder.
        world: where the inputs are.
        releases: the releases of Torch to build for; without, all of the matrix.
        load: whether builds are loaded once.
    """
    names = " ".join(f'"{release}"' for release in releases)
    chosen = (
        f"\n      torchVersions = builtins.filter (one: builtins.elem one.version [ {names} ]);" if releases else ""
    )
    (project / "flake.nix").write_text(_FLAKE % (world.repository, world.nixpkgs, str(load).lower(), chosen), "utf-8")
    git(project, "-c", "init.defaultBranch=main", "init", "--quiet")
    git(project, "add", "--all")
    locked = world.run("nix", "flake", "lock", cwd=project)
    assert locked.returncode == 0, locked.stderr
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "A kernel")
    return project


def copy_cpu_relu(target: Path) -> Path:
    """A copy of the relu example that has nothing but its CPU backend."""
    project = copy_relu(target)
    path = project / "build.toml"
    text = re.sub(r"(?ms)^backends = \[.*?\]", 'backends = ["cpu"]', path.read_text("utf-8"), count=1)
    parts = re.split(r"(?m)^(?=\[)", text)
    path.write_text("".join(part for part in parts if not re.match(r"\[kernel\.(?!relu_cpu)", part)), "utf-8")
    return project


def build_with_nix(project: Path, *arguments: str | Path) -> dict[str, Any]:
    """Build a project with Nix; what the command says of it."""
    done = kernel_builder("build", project, "--driver", "nix", "--json", *arguments)
    assert 0 == done.returncode, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def add_torch(world: NixWorld, site: Path, version: str, folder: Path, compute: str = "cpu") -> NixWorld:
    """A world with one more Torch.

    Args:
        world: a world.
        site: a folder with an unpacked Torch. For the CPU it is made to say that it is not for CUDA, as that of the
            registry does.
        version: its release, such as `2.11.0`.
        folder: where the copy of the repository goes that names the wheel.
        compute: what the Torch is for, as variants are named: `cu130`.
    """
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    wheel = folder / f"torch-{version}+{compute}-{tag}-{tag}-linux_{platform.machine()}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, name in _files_of_torch(site):
            text = path.read_text("utf-8") if name == "torch/version.py" else ""
            if text and compute == "cpu":
                archive.writestr(name, re.sub(r"(?m)^cuda: .*$", "cuda: Optional[str] = None", text))
            else:
                archive.write(path, name)
    added = world.run("nix-store", "--add-fixed", "sha256", wheel)
    assert added.returncode == 0, added.stderr
    repository = Path(shutil.copytree(world.repository, folder / "repository"))
    table = repository / "nix" / "worlds" / "wheels.json"
    document = json.loads(table.read_text("utf-8"))
    document["wheels"].append(
        {
            "pname": "torch",
            "version": version,
            "compute": compute,
            "python": tag,
            "system": SYSTEM,
            "file": wheel.name,
            "url": f"file:///nowhere/{wheel.name}",
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        }
    )
    table.write_text(json.dumps(document), "utf-8")
    wheel.unlink()
    return replace(world, repository=repository)


def _files_of_torch(site: Path) -> Iterator[tuple[Path, str]]:
    """The files of a Torch, also those that links lead to, with their names in a wheel."""
    for folder, _, names in os.walk(site, followlinks=True):
        for name in sorted(names):
            path = Path(folder, name)
            place = path.relative_to(site).as_posix()
            if place.startswith(("torch", "functorch")) and not name.endswith(".pyc"):
                yield path, place
