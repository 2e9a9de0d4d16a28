"""Nix for tests: a private configuration and store, and the stub of nixpkgs made from what this machine has."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["NixWorld", "copy_repository", "find_nix_world", "make_nix_world", "why_no_nix"]

REPOSITORY = Path(__file__).parents[2]
STUB = REPOSITORY / "tests" / "nix" / "stub-nixpkgs"
#: What of nixpkgs our files use, which is what the stub offers.
NIXPKGS: dict[str, Any] = json.loads((REPOSITORY / "nix" / "nixpkgs.json").read_text("utf-8"))
SYSTEM = f"{platform.machine()}-linux"

#: The distributions that builds and tests need; what these require comes along.
ROOTS = (
    "apache-tvm-ffi", "click", "cmake", "filelock", "fsspec", "hatchling", "huggingface-hub", "jinja2", "networkx",
    "ninja", "packaging", "platformdirs", "pytest", "pyyaml", "rich", "scikit-build-core", "setuptools", "sympy",
    "tomlkit", "typing-extensions",
)  # fmt: skip
#: The programs of this machine that its standard environment is made from.
PROGRAMS = (
    "ar", "as", "awk", "basename", "bash", "bsdtar", "c++", "cat", "chmod", "cmp", "cp", "cut", "date", "diff",
    "dirname", "env", "expr", "find", "g++", "gcc", "grep", "head", "install", "ld", "ln", "ls", "mkdir", "mktemp",
    "mv", "nm", "objcopy", "objdump", "ranlib", "readelf", "readlink", "rm", "rmdir", "sed", "sh", "sleep", "sort",
    "strip", "tail", "tar", "test", "touch", "tr", "true", "uname", "wc", "xargs",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NixWorld:
    """What a test runs Nix with.

    Attributes:
        repository: a copy of this repository, without what git ignores.
        nixpkgs: the stub.
        environment: the variables that Nix is to run with.
    """

    repository: Path
    nixpkgs: Path
    environment: dict[str, str]

    @property
    def overrides(self) -> list[str]:
        """The options with which a kernel's flake takes the copies."""
        own = ["--override-input", "builder", f"path:{self.repository}"]
        return [*own, "--override-input", "builder/nixpkgs", f"path:{self.nixpkgs}", "--no-write-lock-file"]

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of Nix."""
        return subprocess.run(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )


def why_no_nix() -> str | None:
    """Why the tests with Nix cannot run here; `None` when they can."""
    if shutil.which("nix") is None:
        return "nix is not installed (Debian: apt-get install nix-bin)"
    if platform.system() != "Linux" or os.geteuid() != 0:
        return "a store of a test's own needs Linux and root"
    if "nixbld" not in Path("/etc/group").read_text("utf-8"):
        return "there is no group nixbld of build users (Debian: apt-get install nix-setup-systemd)"
    return None


def make_nix_world(folder: Path, *, wheels: Path | None = None) -> NixWorld:
    """Make a configuration, a store and the stub below a folder.

    Args:
        folder: where they go; it is left in place.
        wheels: where wheels are kept between runs; by default below the folder.
    """
    wheels = wheels or folder / "wheels"
    _configure(folder / "conf")
    world = find_nix_world(folder)
    (folder / "home").mkdir(exist_ok=True)
    copy_repository(world.repository)
    shutil.copytree(STUB, world.nixpkgs, dirs_exist_ok=True)
    files = _download(wheels)
    (world.nixpkgs / "host.json").write_text(json.dumps(_host(files), indent=2, sort_keys=True) + "\n", "utf-8")
    added = world.run("nix-store", "--add-fixed", "sha256", *sorted(files.values()))
    assert added.returncode == 0, added.stderr
    return world


def find_nix_world(folder: Path) -> NixWorld:
    """The world that was made below a folder."""
    home = str(folder / "home")
    environment = {"NIX_CONF_DIR": str(folder / "conf"), "HOME": home, "XDG_CACHE_HOME": home}
    environment["NIX_REMOTE"] = str(folder / "store")
    return NixWorld(repository=folder / "repository", nixpkgs=folder / "nixpkgs", environment=environment)


def copy_repository(target: Path) -> Path:
    """Copy what git has of this repository, and the new files that it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    return target


def _configure(conf: Path) -> None:
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "registry.json").write_text('{"flakes":[],"version":2}\n', "utf-8")
    paths = ["/usr", "/bin", "/lib", "/etc/alternatives", "/etc/ld.so.cache", _python_prefix()]
    paths += [path for path in ("/lib64",) if Path(path).exists()]
    settings = {
        "experimental-features": "nix-command flakes",
        "substituters": "",
        "build-users-group": "nixbld",
        "sandbox": "true",
        "sandbox-fallback": "false",
        "sandbox-paths": " ".join(dict.fromkeys(paths)),
        "flake-registry": str(conf / "registry.json"),
        "max-jobs": "2",
        "cores": "2",
    }
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (conf / "nix.conf").write_text(text, "utf-8")


def _python_prefix() -> str:
    return str(Path(sys.base_prefix).resolve())


def _host(files: dict[str, Path]) -> dict[str, Any]:
    programs = {name: path for name in PROGRAMS if (path := shutil.which(name))}
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return {
        "bash": shutil.which("bash"),
        "programs": programs,
        "python": str(Path(sys.executable).resolve()),
        "pythonVersion": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "pythonPackages": sorted(NIXPKGS["python"].keys() - {"buildPythonPackage"}),
        "toolkits": {},
        "stamp": f"{compiler}, {platform.libc_ver()[1]}, {sys.version}",
        "wheels": {
            name: {
                "file": files[name].name,
                "requires": sorted(_requires(distribution(name))),
                "sha256": _sha256(files[name]),
                "version": distribution(name).version,
            }
            for name in _names()
        },
    }


@cache
def _names() -> tuple[str, ...]:
    """The distributions with all that they require here."""
    found: dict[str, None] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _requires(distribution(name))
    return tuple(sorted(found))


def _requires(installed: Distribution) -> set[str]:
    requirements = [Requirement(text) for text in installed.requires or []]
    return {
        canonicalize_name(one.name) for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})
    }


def _download(folder: Path) -> dict[str, Path]:
    """The wheels of the distributions that are installed here, and that of Torch, as pip gives them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*_names(), "torch"]
    pins = [f"{name}=={distribution(name).version}" for name in names]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(folder),
    ]
    done = subprocess.run([*command, *pins], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Path] = {}
    for path in folder.glob("*.whl"):
        name, version = re.match(r"([^-]+)-([^-]+)-", path.name).groups()  # type: ignore[union-attr]
        if canonicalize_name(name) in names and version == distribution(name).version:
            found[canonicalize_name(name)] = path
    return found


@cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
