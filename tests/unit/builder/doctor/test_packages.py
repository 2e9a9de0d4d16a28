"""The commands that install something."""

import json
import os
import shlex
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
from support.machines import LINUX, MAC, WINDOWS, Tools

from kernel_builder.doctor import packages
from kernel_builder.doctor.model import Remedy
from kernels.variant import Platform

DATA = json.loads(Path(packages.__file__).with_name("packages.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("platform", "program", "command"),
    [
        (LINUX, "apt-get", "apt-get install -y g++"),
        (LINUX, "dnf", "dnf install -y gcc-c++"),
        (LINUX, "zypper", "zypper install -y gcc-c++"),
        (LINUX, "pacman", "pacman -S --needed gcc"),
        (MAC, "brew", "xcode-select --install"),
    ],
)
def test_install(tools: Tools, monkeypatch: pytest.MonkeyPatch, platform: Platform, program: str, command: str) -> None:
    """The manager that the system has gives the command; macOS brings its compiler itself."""
    tools.add(program)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert Remedy(commands=(command,)) == packages.install("c++", platform, otherwise="Else.")


def test_rights(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root is shown the command with sudo."""
    tools.add("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert ("sudo apt-get install -y git",) == packages.install("git", LINUX, otherwise="").commands


def test_names_with_a_version(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's headers are those of the version that runs."""
    tools.add("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    command = "apt-get install -y python{}.{}-dev".format(*sys.version_info[:2])
    assert (command,) == packages.install("python-headers", LINUX, otherwise="").commands


@pytest.mark.parametrize(
    ("platform", "program"), [(LINUX, "brew"), (MAC, "apt-get"), (LINUX, "dnf"), (WINDOWS, "winget")]
)
def test_no_manager_has_it(tools: Tools, platform: Platform, program: str) -> None:
    """A manager of another system, or one that lacks the package, is no help: the step in words is."""
    tools.add(program)
    assert Remedy(step="Else.") == packages.install("nix", platform, otherwise="Else.")


def test_every_manager_is_known() -> None:
    """Each name in the data belongs to a manager or to a system, and each command has no hole left."""
    known = {*DATA["managers"], "linux", "darwin", "windows"}
    assert set() == {name for names in DATA["packages"].values() for name in names} - known


def test_pip() -> None:
    """Python packages go into the environment that runs, quoted for a shell."""
    (command,) = packages.pip_install("cuda-toolkit[nvcc]==13.0.*", options=("--upgrade",))
    assert [sys.executable, "-m", "pip", "install", "--upgrade", "cuda-toolkit[nvcc]==13.0.*"] == shlex.split(command)


def test_without_pip(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without pip gets it first, or is served by uv."""
    monkeypatch.setattr(PathFinder, "find_spec", lambda name: None)
    commands = [shlex.split(command)[1:] for command in packages.pip_install("torch")]
    assert [["-m", "ensurepip"], ["-m", "pip", "install", "torch"]] == commands
    tools.add("uv")
    expected = ["uv", "pip", "install", "--python", sys.executable, "torch"]
    assert [expected] == [shlex.split(command) for command in packages.pip_install("torch")]
