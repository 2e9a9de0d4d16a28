"""Installs both wheels in empty environments and runs the fast suite there, as installed.

    python scripts/check_installed.py [--minimum] [--torch REQUIREMENT] [--tests PATH]... [PYTHON...]

Each PYTHON gets an environment of its own. The tests run in a copy of the repository that lacks the sources of both
packages, so that only the wheels can be imported. Without --torch, tests that need Torch are left out and counted.
--minimum installs the lowest versions that the two pyproject.toml allow.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["floors", "main", "needs_torch"]

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("loader", "builder")
SUITE = ("tests/unit/loader", "tests/unit/builder")
#: What the fast suite imports beside the distributions.
TEST_PACKAGES = (
    "abi3info", "apache-tvm-ffi", "hypothesis", "jsonschema", "lief", "numpy", "pyelftools", "pytest", "pytest-timeout",
    "pytest-xdist", "setuptools", "sigstore", "stdlibs", "tomli", "tree-sitter", "tree-sitter-toml",
)  # fmt: skip
#: Modules that use an installed Torch without importing it.
USE_TORCH = frozenset({"test_hipify.py", "test_native.py", "test_here.py"})
#: What is said of a checkout, and not of what is installed.
OF_CHECKOUT = ("tests/unit/builder/test_resources.py::test_templates_of_the_repository",)
_TORCH = re.compile(r"^(?:import torch\b|from torch\b|from transformers\b)", re.MULTILINE)
_SUPPORT = re.compile(r"^from support\.(\w+)", re.MULTILINE)


def floors(project: Path) -> list[str]:
    """A constraint for each dependency of the pyproject.toml that has a lower bound, at that bound; also of extras.

    The distributions themselves are not constrained: they are installed from their wheels.
    """
    table = tomllib.loads(project.read_text("utf-8"))["project"]
    constraints = []
    extras = table.get("optional-dependencies", {}).values()
    for text in [*table["dependencies"], *(text for extra in extras for text in extra)]:
        requirement = Requirement(text)
        bounds = [part.version for part in requirement.specifier if part.operator == ">="]
        if bounds:
            marker = f"; {requirement.marker}" if requirement.marker else ""
            constraints.append(f"{requirement.name}=={bounds[0]}{marker}")
    return constraints


def needs_torch(module: Path, support: Path) -> bool:
    """Whether a module of the tests imports Torch, by itself, its conftest or the helpers that it imports."""
    if module.name in USE_TORCH:
        return True
    texts = [module.read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in [module.with_name("conftest.py")] if path.is_file()]
    seen: set[str] = set()
    while texts:
        text = texts.pop()
        if _TORCH.search(text):
            return True
        for name in set(_SUPPORT.findall(text)) - seen:
            seen.add(name)
            helper = support / f"{name}.py"
            if helper.is_file():
                texts.append(helper.read_text("utf-8"))
    return False


def _copy(target: Path) -> None:
    """Copy what tests read, without the sources of the packages and without builds."""
    ignore = shutil.ignore_patterns("__pycache__", "build", ".kernel-builder")
    for name in ("docs", "examples", "nix", "scripts", "templates", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, target / name)


def _constraints(folder: Path, *, minimum: bool) -> list[str]:
    if not minimum:
        return []
    lines = {line for part in PARTS for line in floors(ROOT / part / "pyproject.toml")}
    # A dependency of both is installed at the higher of the two floors.
    highest: dict[str, str] = {}
    for line in sorted(lines, key=lambda line: [int(n) for n in re.findall(r"==([\d.]+)", line)[0].split(".")]):
        highest[line.partition("==")[0]] = line
    file = folder / "constraints.txt"
    file.write_text("\n".join(highest.values()) + "\n", "utf-8")
    sys.stdout.write(file.read_text("utf-8"))
    return ["--constraint", str(file)]


def _check(python: str, wheels: list[str], arguments: argparse.Namespace, folder: Path) -> int:
    """Run the suite in a new environment of an interpreter; the exit status of pytest, or of pip."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    _copy(tree)
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)  # noqa: S603 - the command lines are our own
    command = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    install = [command, "-m", "pip", "install", "--quiet", *_constraints(folder, minimum=arguments.minimum)]
    torch = [arguments.torch] if arguments.torch else []
    installed = subprocess.run([*install, *torch, *wheels, *TEST_PACKAGES], check=False)  # noqa: S603 - the command lines are our own
    if installed.returncode:
        return installed.returncode
    modules = [path for part in SUITE for path in sorted((tree / part).rglob("test_*.py"))]
    left_out: list[Path] = []
    if not torch:
        left_out = [path for path in modules if needs_torch(path, tree / "tests" / "support")]
        print(f"{len(left_out)} of {len(modules)} modules need Torch and are left out")
    suite = arguments.tests or list(SUITE)
    # Of a folder of which nothing is left, not even its conftest.py is read.
    kept = {folder for path in modules if path not in left_out for folder in path.parents}
    ignored = [f"--ignore={(path if path.parent in kept else path.parent).relative_to(tree)}" for path in left_out]
    ignored += [f"--deselect={name}" for name in OF_CHECKOUT]
    pytest = [command, "-m", "pytest", "-q", "-m", "not heavy", "-n", arguments.jobs, *ignored, *suite]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment["PATH"] = os.pathsep.join([str(Path(command).parent), os.environ["PATH"]])
    return subprocess.run(pytest, cwd=tree, env=environment, check=False).returncode  # noqa: S603 - the command lines are our own


def main() -> int:
    """Check each interpreter; 1 if the suite failed under any of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON")
    parser.add_argument("--minimum", action="store_true", help="install the lowest versions that are allowed")
    parser.add_argument("--torch", help="also install this Torch, and run the tests that need it")
    parser.add_argument("--tests", action="append", help="run these tests only, relative to the repository")
    parser.add_argument("--jobs", default="auto", help="processes of pytest")
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory(prefix="kernels-installed-") as name:
        folder = Path(name)
        sources = [str(ROOT / part) for part in PARTS]
        wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder / "wheels")]
        subprocess.run([*wheel, *sources], check=True)  # noqa: S603 - the command lines are our own
        wheels = [str(path) for path in sorted((folder / "wheels").glob("*.whl"))]
        for number, python in enumerate(arguments.pythons):
            print(f"== {python}", flush=True)
            results[python] = _check(python, wheels, arguments, folder / str(number))
            shutil.rmtree(folder / str(number))
    for python, status in results.items():
        print(f"{python}: {'passed' if status == 0 else f'failed ({status})'}")
    return int(any(results.values()))


if __name__ == "__main__":
    sys.exit(main())
