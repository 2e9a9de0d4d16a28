"""The list of what our files use of nixpkgs: the stub offers it and nothing more, and all of it is used."""

import json
import re
from typing import Any

import pytest
from support.nix import NIXPKGS, SYSTEM, NixWorld
from support.projects import ROOT

from kernel_builder.matrix import load_matrix

pytestmark = pytest.mark.heavy

_TEXT = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "nix").rglob("*.nix")))


def _eval(nix: NixWorld, expression: str) -> Any:
    start = f'let pkgs = import {nix.nixpkgs} {{ system = "{SYSTEM}"; }}; in '
    done = nix.run("nix-instantiate", "--eval", "--strict", "--json", "--expr", start + expression)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def test_packages(nix: NixWorld) -> None:
    """The stub has the listed packages, and of sets of packages the listed attributes."""
    assert sorted(NIXPKGS["packages"]) == _eval(nix, "builtins.attrNames pkgs")
    for name, package in NIXPKGS["packages"].items():
        if attributes := package.get("attributes"):
            assert sorted(attributes) == _eval(nix, f"builtins.attrNames pkgs.{name}"), name


def test_functions(nix: NixWorld) -> None:
    """Functions take the listed arguments, and no others."""
    functions = {name: package["arguments"] for name, package in NIXPKGS["packages"].items() if "arguments" in package}
    functions |= {name: function["arguments"] for name, function in NIXPKGS["functions"].items()}
    assert len(functions) >= 5
    for name, arguments in functions.items():
        function = f"pkgs.{name}" if name != "mkShell" else "(pkgs.mkShell.override { inherit (pkgs) stdenv; })"
        assert sorted(arguments) == _eval(nix, f"builtins.attrNames (builtins.functionArgs {function})"), name


def test_library_and_python(nix: NixWorld) -> None:
    """The same for the functions of `lib` and the packages of Python."""
    assert sorted(NIXPKGS["lib"]) == _eval(nix, "builtins.attrNames pkgs.lib")
    assert sorted(NIXPKGS["python"]) == _eval(nix, "builtins.attrNames pkgs.python3.pkgs")


def test_all_of_it_is_used() -> None:
    """Each name that is listed stands in a file of ours; the releases of CUDA are those of the matrix."""
    packages = {name for name in NIXPKGS["packages"] if not name.startswith("cudaPackages_")}
    inner = {name for package in NIXPKGS["packages"].values() for name in package.get("attributes", {})}
    arguments = {name for function in NIXPKGS["functions"].values() for name in function["arguments"]}
    names = {*packages, *inner, *arguments, *NIXPKGS["lib"], *NIXPKGS["python"]}
    assert [] == sorted(name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w'-])", _TEXT))
    rows = [row.compute for row in load_matrix().rows if row.compute.backend == "cuda"]
    releases = {f"cudaPackages_{str(compute.version).replace('.', '_')}" for compute in rows}
    assert {name for name in NIXPKGS["packages"] if name.startswith("cudaPackages_")} == releases


def test_options_of_nixos() -> None:
    """The module for a build machine sets options that are listed."""
    module = (ROOT / "nix" / "cloud" / "buildMachine.nix").read_text("utf-8")
    config = module[module.index("config = lib.mkIf") :]
    groups = re.findall(r"(?m)^ {6}([\w-]+)(?:\.\w+)? = ", config)
    assert {name.split(".")[1] for name in NIXPKGS["nixos"]} == set(groups)
