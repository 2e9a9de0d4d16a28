"""Each example is a whole project: where it has a build for the CPU, all that is in its folder works here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.coverage import Covers
from support.fetched import fetch
from support.projects import EXAMPLES, cpu_variant, kernel_builder

from kernel_builder.config.reader import load_config

pytestmark = pytest.mark.heavy

#: What lies in every example beside its sources.
FILES = ("CARD.md", "benchmarks/benchmark.py", "build.toml", "example.py", "flake.nix", "tests/__init__.py")
#: The release that the metadata of Torch 2.13 for CUDA asks for; Torch for the CPU comes without it.
TRITON = "triton==3.7.1"

ON_CPU = [path for path in EXAMPLES if "cpu" in load_config(path).general.backends]


@pytest.fixture(scope="module", params=ON_CPU, ids=lambda example: example.name)
def project(request: pytest.FixtureRequest, build_example: Callable[[Path], Path]) -> Path:
    """A copy of each example, built; tests only read it."""
    return build_example(request.param)


@pytest.fixture(scope="module")
def environment(project: Path, pytestconfig: pytest.Config) -> Mapping[str, str]:
    """The environment to run a kernel in: one in Triton needs Triton, and its interpreter on a CPU."""
    if not any("import triton" in path.read_text("utf-8") for path in (project / "torch-ext").rglob("*.py")):
        return {}
    triton = fetch(pytestconfig, TRITON, "--no-deps", "--no-compile")
    return {"PYTHONPATH": str(triton), "TRITON_INTERPRET": "1"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_complete(example: Path) -> None:
    """Sources, tests for continuous integration, a benchmark, a card, an example and a flake are all there."""
    assert [] == [name for name in FILES if not (example / name).is_file()]
    tests = "".join(path.read_text("utf-8") for path in (example / "tests").glob("test_*.py"))
    assert "@pytest.mark.kernels_ci" in tests
    module = load_config(example).general.python_name
    ignored = (example / ".gitignore").read_text("utf-8").splitlines()
    assert {"/build/", "/.kernel-builder/"} <= set(ignored)
    assert any(line.endswith(f"/{module}/_ops.py") for line in ignored)


def test_checks_find_nothing(project: Path, covers: Covers) -> None:
    """The build for the CPU has neither an error nor a warning nor a note; it was loaded."""
    result = kernel_builder("check-builds", project, "--json")
    assert 0 == result.returncode, result.stdout
    assert [] == json.loads(result.stdout)["builds"][_cpu_build(project).name]
    compiled = ("compiles", "links", "ABI-clean") if cpu_variant(project) else ()
    covers(project.name, "cpu", *compiled, "loads")


def test_its_card_is_filled(project: Path) -> None:
    """The card beside the builds names the repository and has no placeholder left."""
    card = (project / "build" / "CARD.md").read_text("utf-8")
    assert f"# {load_config(project).general.hub.repo_id}\n" in card
    assert [] == [mark for mark in ("{{", "{%") if mark in card]


def test_its_own_tests_pass(project: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    """The tests that are marked for continuous integration pass against the build, and some are there."""
    package = tmp_path / load_config(project).general.python_name
    shutil.copytree(_cpu_build(project), package)
    path = os.pathsep.join(filter(None, [str(tmp_path), environment.get("PYTHONPATH")]))
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-m", "kernels_ci"]
    marker = ["-o", "markers=kernels_ci: what continuous integration runs"]
    output = _run(project, "-m", "pytest", *options, *marker, "tests", env={**environment, "PYTHONPATH": path})
    assert " passed" in output.splitlines()[-1]


def test_its_example_runs(project: Path, environment: Mapping[str, str], covers: Covers) -> None:
    """The example finds the build, computes, and says that the results are equal."""
    assert "The results are equal." in _run(project, "example.py", env=environment)
    covers(project.name, "cpu", "computes")


def test_its_benchmark_verifies(project: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    """`kernels benchmark` runs every workload, and each result is that of its reference."""
    report = tmp_path / "report.json"
    options = ["--warmup", "0", "--iterations", "1", "--output", str(report)]
    _run(project, "-m", "kernels", "benchmark", ".", *options, env=environment)
    text = report.read_text("utf-8")
    assert (True, 0) == ('"verified": true' in text, text.count('"verified": false') + text.count('"verified": null'))


def _cpu_build(project: Path) -> Path:
    return project / "build" / (cpu_variant(project) or "torch-cpu")


def _run(project: Path, *arguments: str, env: Mapping[str, str]) -> str:
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == result.returncode, result.stdout + result.stderr
    return result.stdout
