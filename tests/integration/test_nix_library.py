"""The flake and its library under a real Nix, with the stub of nixpkgs."""

import json
import re
import shutil
from pathlib import Path

import pytest
from support.nix import SYSTEM, NixWorld
from support.nix_projects import CPU, add_flake, add_torch, copy_cpu_relu
from support.projects import EXAMPLES, RELU, ROOT, copy_example, kernel_builder, run_python
from support.whole_torch import fetch_torch

from kernel_builder.matrix import load_matrix

pytestmark = pytest.mark.heavy

SYSTEMS = load_matrix().systems
NEWEST, OLDEST = "2.13", "2.11"


def _run(world: NixWorld, *arguments: str | Path, cwd: Path) -> str:
    done = world.run(*arguments, cwd=cwd)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def relu(tmp_path: Path, nix: NixWorld) -> Path:
    """The relu example with all of its backends."""
    return add_flake(copy_example(RELU, tmp_path / "relu"), nix)


@pytest.fixture
def own(nix: NixWorld) -> list[str]:
    """The repository's own flake, with the stub."""
    return [f"path:{nix.repository}", "--override-input", "nixpkgs", f"path:{nix.nixpkgs}", "--no-write-lock-file"]


def test_library(nix: NixWorld, own: list[str]) -> None:
    """Every test beside a function of the library passes."""
    flake, *options = own
    result = json.loads(_run(nix, "nix", "eval", "--json", f"{flake}#lib.tests", *options, cwd=nix.repository))
    written = sum(path.read_text("utf-8").count("expr = ") for path in (ROOT / "nix" / "lib").glob("*.test.nix"))
    assert {"count": written, "failures": []} == result


def test_a_test_that_fails(nix: NixWorld, tmp_path: Path, own: list[str]) -> None:
    """A function that is wrong fails its test, and the check of the flake says which."""
    repository = Path(shutil.copytree(nix.repository, tmp_path / "repository"))
    (repository / "nix" / "lib" / "digits.nix").write_text("/**\n  # Type\n*/\n{ ... }: version: version\n", "utf-8")
    command = ["nix", "build", "--no-link", f"path:{repository}#checks.{SYSTEM}.library", *own[1:]]
    done = nix.run(*command, cwd=tmp_path)
    assert (1, True) == (done.returncode, "digits.test.nix: every dot goes: expected" in done.stderr)


def test_the_flake_of_the_repository(nix: NixWorld, own: list[str]) -> None:
    """It passes `nix flake check`, which builds the builder, and shows what it has for each system."""
    flake, *options = own
    _run(nix, "nix", "flake", "check", flake, *options, cwd=nix.repository)
    shown = json.loads(_run(nix, "nix", "flake", "show", "--json", flake, *options, cwd=nix.repository))
    outputs = {"apps", "checks", "devShells", "formatter", "hydraJobs", "lib", "nixosModules", "packages"}
    assert outputs == shown.keys()
    assert {system: {"default", "kernel-builder", "kernels"} for system in SYSTEMS} == {
        system: packages.keys() for system, packages in shown["packages"].items()
    }
    program = _run(nix, "nix", "run", flake, *options, "--", "--version", cwd=nix.repository)
    assert program.startswith("kernel-builder")


def test_the_flake_of_a_kernel(nix: NixWorld, relu: Path) -> None:
    """What `nix flake show` shows of a kernel, and where its variants, shells and tests are."""
    shown = json.loads(_run(nix, "nix", "flake", "show", "--json", cwd=relu))
    assert set(SYSTEMS) == shown["packages"].keys()
    packages = {"build-and-copy", "build-and-upload", "ci", "ci-test", "default", "kernel-builder", "kernels"}
    assert packages == shown["packages"][SYSTEM].keys()
    assert {"build-and-copy", "build-and-upload", "ci-test"} == shown["apps"][SYSTEM].keys()
    assert {"default", "test", CPU} < shown["devShells"][SYSTEM].keys()
    assert CPU in shown["hydraJobs"][SYSTEM]
    assert ["ci"] == list(shown["checks"][SYSTEM])
    function = "builtins.mapAttrs (_: builtins.attrNames)"
    kinds = _run(nix, "nix", "eval", "--json", f".#legacyPackages.{SYSTEM}", "--apply", function, cwd=relu)
    names = json.loads(kinds)
    assert {"backendBundle", "ciTests", "devShells", "redistributable", "testShells"} == names.keys()
    assert ["cpu", "cuda", "rocm", "xpu"] == names["backendBundle"]
    for kind in ("ciTests", "devShells", "testShells"):
        assert names["redistributable"] == names[kind]


def test_nothing_of_the_examples_fails_to_evaluate(nix: NixWorld, relu: Path) -> None:
    """`nix flake check` evaluates everything of a kernel, for all systems."""
    _run(nix, "nix", "flake", "check", "--no-build", cwd=relu)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_variants_are_those_of_the_builder(nix: NixWorld, tmp_path: Path, example: Path) -> None:
    """For every example and system, Nix evaluates each variant that `list-variants` names, and no other."""
    project = add_flake(copy_example(example, tmp_path / example.name), nix)
    listed = json.loads(kernel_builder("list-variants", project, "--all-systems", "--json").stdout)
    function = "builtins.mapAttrs (_: one: builtins.mapAttrs (_: variant: variant.drvPath) one.redistributable)"
    found = json.loads(_run(nix, "nix", "eval", "--json", ".#legacyPackages", "--apply", function, cwd=project))
    assert {system: sorted(names) for system, names in listed.items()} == {
        system: sorted(variants) for system, variants in found.items()
    }
    paths = [path for variants in found.values() for path in variants.values()]
    assert len(paths) == len(set(paths))


def test_backend_order(nix: NixWorld, tmp_path: Path) -> None:
    """Where one variant stands for all, it is that of the first backend in the order CUDA, ROCm, XPU, Metal, CPU."""
    project = add_flake(copy_example(RELU, tmp_path / "relu"), nix)
    text = (project / "build.toml").read_text("utf-8")
    chosen = []
    order = ["cuda", "rocm", "xpu", "metal", "cpu"]
    while order:
        listed = f"backends = {json.dumps(order[::-1])}"
        (project / "build.toml").write_text(re.sub(r"(?ms)^backends = \[.*?\]", listed, text, count=1), "utf-8")
        system = "aarch64-darwin" if order[0] == "metal" else SYSTEM
        kit = f".#legacyPackages.{system}"
        path = _run(nix, "nix", "eval", "--raw", f".#packages.{system}.ci-test.drvPath", cwd=project)
        function = "builtins.mapAttrs (_: test: test.drvPath)"
        tests = json.loads(_run(nix, "nix", "eval", "--json", f"{kit}.ciTests", "--apply", function, cwd=project))
        chosen += [name.split("-")[-3] for name, drv in tests.items() if drv == path]
        order.pop(0)
    assert 5 == len(chosen)
    assert ["cu", "rocm", "xpu", "metal", "cpu"] == [name.rstrip("0123456789") for name in chosen]


def test_two_variants_in_a_sandbox(tmp_path: Path, nix: NixWorld, request: pytest.FixtureRequest) -> None:
    """`nix run .#build-and-copy` makes relu for two releases of Torch, and each computes under its own.

    The processes that load them know nothing of Nix. `nix run .#ci-test` runs the tests of the newest.
    """
    site = fetch_torch(request.config, "2.11.0")
    world = add_torch(nix, site, "2.11.0", tmp_path)
    project = add_flake(copy_cpu_relu(tmp_path / "relu"), world, NEWEST, OLDEST)
    _run(world, "nix", "run", ".#build-and-copy", cwd=project)
    old = CPU.replace("torch213", "torch211")
    assert ["CARD.md", old, CPU] == sorted(path.name for path in (project / "build").iterdir())
    checked = kernel_builder("check-builds", project, "--no-checks", "matrix", "--no-checks", "load")
    assert 0 == checked.returncode, checked.stdout + checked.stderr
    code = """
import sys, torch
from pathlib import Path
from kernels import get_local_kernel
x = torch.randn(1000)
kernel = get_local_kernel(Path(sys.argv[1]), "cpu")
print(torch.__version__.split("+")[0], kernel.__file__.split("/")[-2], torch.equal(kernel.relu(x), torch.relu(x)))
"""
    assert f"2.13.0 {CPU} True\n" == run_python(code, project / "build")
    assert f"2.11.0 {old} True\n" == run_python(code, project / "build", env={"PYTHONPATH": str(site)})
    tested = _run(world, "nix", "run", ".#ci-test", cwd=project)
    assert re.search(r"\d+ passed", tested)
    _run(world, "nix", "flake", "check", cwd=project)


def test_files_parse(nix: NixWorld) -> None:
    """Every file is one that this Nix can read."""
    folders = ("nix", "examples", "tests/nix")
    files = [ROOT / "flake.nix", *(path for folder in folders for path in sorted((ROOT / folder).rglob("*.nix")))]
    assert len(files) > 60
    _run(nix, "nix-instantiate", "--parse", *files, cwd=ROOT)
