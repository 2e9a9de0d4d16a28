"""RPM packages for the flake: the index of a repository of our own, and the package set that Nix makes of it."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.nix import SYSTEM, NixWorld
from support.nix_projects import add_flake
from support.projects import ROOT, copy_relu

SCRIPT = ROOT / "scripts" / "update_nix_rpms.py"
#: Three packages of a ROCm, of which one requires another; one is there twice.
PACKAGES = [
    ("rocm-core", "7.1.0", "", {"/opt/rocm-7.1.0/.info/version": "7.1.0\n"}),
    ("hip-runtime", "7.1.0", "rocm-core, glibc", {"/opt/rocm-7.1.0/lib/libamdhip64.so.7": "runtime\n"}),
    ("hip-devel", "7.1.0", "hip-runtime", {"/opt/rocm-7.1.0/include/hip/hip_version.h": "old\n"}),
    ("hip-devel", "7.1.10", "hip-runtime", {"/opt/rocm-7.1.0/include/hip/hip_version.h": "new\n"}),
    ("other", "1", "", {"/opt/other": "x\n"}),
]

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("rpmbuild", "createrepo_c", "bsdtar")),
    reason="rpmbuild, createrepo_c or bsdtar is missing (Debian: apt-get install rpm createrepo-c libarchive-tools)",
)


def _rpm(folder: Path, name: str, version: str, requires: str, files: dict[str, str]) -> None:
    """Make a package."""
    top = folder / "made" / f"{name}-{version}"
    top.mkdir(parents=True)
    install = "".join(
        f"mkdir -p %{{buildroot}}{Path(path).parent.as_posix()}\nprintf '%s' '{text}' > %{{buildroot}}{path}\n"
        for path, text in files.items()
    )
    lines = [f"Name: {name}", f"Version: {version}", "Release: 1", "Summary: A package", "License: MIT"]
    lines += [f"Requires: {requires}"] if requires else []
    spec = "\n".join([*lines, "%description", "A package of a test.", "%install", install, "%files", *files, ""])
    (top / "package.spec").write_text(spec, "utf-8")
    command = ["rpmbuild", "-bb", "--quiet", "--target", "x86_64", f"--define=_topdir {top}", str(top / "package.spec")]
    subprocess.run(command, check=True, capture_output=True)
    for path in top.rglob("*.rpm"):
        shutil.copy(path, folder / path.name)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as vendors have them."""
    folder = tmp_path_factory.mktemp("repository")
    for package in PACKAGES:
        _rpm(folder, *package)
    shutil.rmtree(folder / "made")
    subprocess.run(["createrepo_c", "--quiet", "--compress-type=gz", str(folder)], check=True, capture_output=True)
    return folder


def _update(repository: Path | str, output: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    place = repository.as_uri() if isinstance(repository, Path) else repository
    options = [word for name in names for word in ("--package", name)]
    command = [sys.executable, str(SCRIPT), "rocm", "7.1", place, "--output", str(output), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_index(repository: Path, tmp_path: Path) -> None:
    """The newest of each wanted package is listed, with what it requires of the repository, and its own digest."""
    done = _update(repository, tmp_path / "out.json", "hip-devel")
    assert 0 == done.returncode, done.stderr
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert ("rocm", "7.1", repository.as_uri()) == tuple(document[key] for key in ("name", "release", "repository"))
    versions = {name: package["version"] for name, package in document["packages"].items()}
    assert {"hip-devel": "7.1.10-1", "hip-runtime": "7.1.0-1", "rocm-core": "7.1.0-1"} == versions
    for package in document["packages"].values():
        done = subprocess.run(
            ["sha256sum", repository / package["location"]], capture_output=True, text=True, check=True
        )
        assert package["sha256"] == done.stdout.split()[0]


def test_what_goes_wrong(repository: Path, tmp_path: Path) -> None:
    """A missing package, a missing repository and a changed index are named, and nothing is written."""
    output = tmp_path / "out.json"
    assert "has no package no-such-package" in _update(repository, output, "no-such-package").stderr
    assert "hip-devel" not in _update(repository, output).stderr.partition("has no package")[2]
    assert "repomd.xml cannot be read" in _update(tmp_path / "nowhere", output, "hip-devel").stderr
    changed = Path(shutil.copytree(repository, tmp_path / "changed"))
    (primary,) = (changed / "repodata").glob("*primary.xml.gz")
    primary.write_bytes(primary.read_bytes() + b"\n")
    done = _update(changed, output, "hip-devel")
    assert (1, True) == (done.returncode, "its digest is another one" in done.stderr)
    assert not output.exists()


@pytest.mark.heavy
def test_the_package_set(repository: Path, tmp_path: Path, nix: NixWorld) -> None:
    """The flake builds with a vendor's packages where they are listed: joined in one folder, and mended by overlays."""
    copy = Path(shutil.copytree(nix.repository, tmp_path / "repository"))
    data = copy / "nix" / "worlds" / "rpms" / "rocm-7.2.json"
    assert 0 == _update(repository, data, "hip-devel").returncode
    world = replace(nix, repository=copy)
    packages = [repository / one["location"] for one in json.loads(data.read_text("utf-8"))["packages"].values()]
    assert 0 == nix.run("nix-store", "--add-fixed", "sha256", *packages).returncode

    project = add_flake(copy_relu(tmp_path / "relu"), world, "2.13")
    place = f".#legacyPackages.{SYSTEM}.redistributable.torch213-cxx11-rocm72-{SYSTEM}.world.env.ROCM_PATH"
    named = nix.run("nix", "eval", "--raw", place, cwd=project)
    assert (0, True) == (named.returncode, named.stdout.endswith("-rocm-7.1")), named.stderr

    overlay = "final: previous: { rocm-core = previous.rocm-core // { mended = final.hip-devel.name; }; }"
    expression = f"""
let
  pkgs = import {nix.nixpkgs} {{ system = "{SYSTEM}"; }};
  rpmSet = pkgs.lib.callPackageWith pkgs {copy}/nix/worlds/rpms/rpmSet.nix {{ }};
  metadata = pkgs.lib.importJSON {data};
  set = rpmSet {{ inherit metadata; overlays = [ ({overlay}) ]; }};
in
pkgs.runCommand set.rocm-core.mended {{ }} "mkdir $out; cp -rL ${{set.joined}}/. $out/"
"""
    built = nix.run("nix-build", "--no-out-link", "--expr", expression)
    assert 0 == built.returncode, built.stderr
    output = built.stdout.strip()
    assert output.endswith("-hip-devel-7.1.10-1")
    tree = Path(f"{nix.environment['NIX_REMOTE']}{output}")
    assert "new\n" == (tree / "include" / "hip" / "hip_version.h").read_text("utf-8")
    assert "runtime\n" == (tree / "lib" / "libamdhip64.so.7").read_text("utf-8")
    assert not (tree / "other").exists()
