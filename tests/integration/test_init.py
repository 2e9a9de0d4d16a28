"""What `kernel-builder init` makes: on this machine it builds, passes its own tests and can be measured."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.projects import git, kernel_builder

#: What can be built here, by framework.
BACKENDS = {"torch": ["cpu"], "torch-noarch": ["all"], "tvm-ffi": ["cpu"]}


def _run(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == result.returncode, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module", params=BACKENDS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new kernel of each framework, built; tests only read it or copy it."""
    if request.param == "tvm-ffi" and find_spec("tvm_ffi") is None:  # never imported into the process of the tests
        pytest.skip("apache-tvm-ffi is not installed")
    folder = tmp_path_factory.mktemp("init") / "my-kernel"
    options = ["--framework", request.param, "--backends", *BACKENDS[request.param]]
    for command in (["init", str(folder), *options], ["build", str(folder), "--driver", "local"]):
        result = kernel_builder(*command, env={"GIT_CONFIG_GLOBAL": os.devnull})
        assert 0 == result.returncode, result.stderr
    return folder


def _run_tests(project: Path, env: Mapping[str, str] | None = None) -> str:
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    return _run("-m", "pytest", *options, "tests", cwd=project, env=env).splitlines()[-1]


def test_its_tests_pass_against_the_build(project: Path) -> None:
    """`python -m pytest tests` passes against what is in build/."""
    assert " passed" in _run_tests(project)


def test_its_tests_pass_against_an_installed_package(project: Path, tmp_path: Path) -> None:
    """`python -m pytest tests` passes against a package that can be imported, where there is no build/."""
    copy = shutil.copytree(project, tmp_path / "my-kernel", ignore=shutil.ignore_patterns("build"))
    builds = sorted(path for path in (project / "build").iterdir() if "cpu" in path.name)
    assert " passed" in _run_tests(copy, {"PYTHONPATH": str(builds[0])})


def test_its_tests_fail_with_a_wrong_kernel(project: Path, tmp_path: Path) -> None:
    """The tests look at the results: a kernel that returns its input fails them."""
    copy = shutil.copytree(project, tmp_path / "my-kernel", ignore=shutil.ignore_patterns("build"))
    package = tmp_path / "site" / "my_kernel"
    package.mkdir(parents=True)
    (package / "_ops.py").touch()
    (package / "__init__.py").write_text("from . import _ops\ndef my_kernel(x, out=None):\n    return x\n", "utf-8")
    with pytest.raises(AssertionError, match="Tensor-likes are not equal"):
        _run_tests(copy, {"PYTHONPATH": str(package.parent)})


def test_without_a_build_its_tests_say_what_to_do(project: Path, tmp_path: Path) -> None:
    """Where nothing was built, the tests fail with the command that builds; they are not skipped."""
    copy = shutil.copytree(project, tmp_path / "my-kernel", ignore=shutil.ignore_patterns("build"))
    with pytest.raises(AssertionError, match="build one with `kernel-builder build"):
        _run_tests(copy)


def test_git_ignores_what_the_build_leaves(project: Path) -> None:
    """After the build, the sources that were staged are all that git sees."""
    assert "" == git(project, "ls-files", "--others", "--exclude-standard")


def test_its_example_runs(project: Path) -> None:
    """The example finds the build and says that the results are equal."""
    assert "The results are equal.\n" == _run("example.py", cwd=project).splitlines(keepends=True)[-1]


def test_its_benchmark_verifies(project: Path) -> None:
    """`kernels benchmark` runs each workload, and every output is that of its reference."""
    report = project.parent / "report.json"
    _run("-m", "kernels", "benchmark", ".", "--iterations", "1", "--output", str(report), cwd=project)
    assert 2 == report.read_text("utf-8").count('"verified": true')
