"""`kernel-builder check-builds`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builds import make_build, rewrite_metadata
from support.projects import kernel_builder

from kernel_builder.cli import cli
from kernel_builder.matrix import host_platform

BUILD_TOML = """\
[general]
name = "demo-kernel"
version = 1
license = "Apache-2.0"
backends = ["cpu"]

[torch]
src = ["torch-ext/binding.cpp"]

[kernel.demo]
backend = "cpu"
depends = ["torch"]
src = ["demo.cpp"]
"""
OTHERS = ("--no-checks", "load")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a build that is whole and one that has been changed."""
    make_build(tmp_path / "build" / "torch-cpu")
    changed = make_build(tmp_path / "build" / "torch-neuron", backend={"type": "neuron"})
    (changed / "__init__.py").write_text("value = 2\n", "utf-8")
    return tmp_path


def _run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check-builds", str(project), *arguments])


def test_a_line_for_each_build(project: Path) -> None:
    """Below it stand its findings with place and remedy, and at the end what there is of each kind."""
    result = _run(project, *OTHERS)
    assert 8 == result.exit_code
    assert [
        "torch-cpu: no problem found",
        "torch-neuron: 1 error",
        "  error: __init__.py: has changed since the digest was written [digest: file-changed]",
        "    If the change is meant, write the digest anew with `kernel-builder hash`; else build again.",
        "2 builds checked: 1 error",
    ] == result.stdout.splitlines()


def test_one_build(project: Path) -> None:
    """A single variant can be checked; a good one is loaded and ends with 0, one that cannot be is a note."""
    result = _run(project / "build" / "torch-cpu")
    assert (0, ["torch-cpu: no problem found", "1 build checked: no problem found"]) == (
        result.exit_code,
        result.stdout.splitlines(),
    )
    rewrite_metadata(project / "build" / "torch-neuron")
    result = _run(project / "build" / "torch-neuron")
    assert (0, "  note: not loaded: it is for the backend neuron") == (
        result.exit_code,
        result.stdout.splitlines()[1].partition(",")[0],
    )


def test_json(project: Path) -> None:
    """As JSON, each build has its findings as objects; without a build.toml there is no matrix."""
    result = _run(project, "--json", *OTHERS)
    document = json.loads(result.stdout)
    assert (8, False, None) == (result.exit_code, document["ok"], document["matrix"])
    assert [] == document["builds"]["torch-cpu"]
    (finding,) = document["builds"]["torch-neuron"]
    expected = {"check": "digest", "code": "file-changed", "file": "__init__.py", "severity": "error"}
    assert expected == {key: finding[key] for key in expected}


def test_checks_are_left_out(project: Path) -> None:
    """Each name takes one check out; a name that is none is a mistake of the command line."""
    assert 0 == _run(project, "--no-checks", "digest", *OTHERS).exit_code
    assert 2 == _run(project, "--no-checks", "everything").exit_code


def test_builds_that_old_tools_left(tmp_path: Path) -> None:
    """A build without a digest is good, with a warning; one without metadata is no build."""
    tree = make_build(tmp_path / "build" / "torch-cpu", digest=None)
    assert (0, "torch-cpu: 1 warning") == (_run(tmp_path, *OTHERS).exit_code, _run(tmp_path).stdout.splitlines()[0])
    (tree / "metadata.json").unlink()
    result = _run(tree)
    assert (8, True) == (result.exit_code, "metadata.json: is missing" in result.stdout)


def test_the_variants_of_a_project(project: Path) -> None:
    """With a build.toml, builds that it does not make and required ones that are missing are named."""
    (project / "build.toml").write_text(BUILD_TOML, "utf-8")
    (project / "build" / "torch-neuron").rename(project / "neuron")
    tree = make_build(project / "build" / f"torch213-cxx11-cpu-{host_platform()}")
    skipped = [word for name in ("layout", "abi", "load") for word in ("--no-checks", name)]
    result = _run(project, *skipped)
    lines = result.stdout.splitlines()
    assert (0, "3 warnings" in lines[-1]) == (result.exit_code, False)
    assert "build matrix: 2 warnings" in lines
    matrix = json.loads(_run(project, "--json", *skipped).stdout)["matrix"]
    (world,) = [one for one in matrix["worlds"] if one["system"] == str(host_platform())]
    old = [f"torch{version}-cxx11-cpu-{host_platform()}" for version in (211, 212)]
    assert (["torch-cpu"], old, [tree.name]) == (matrix["foreign"], world["missing"], world["present"])
    assert ["missing-variants", "foreign-variant"] == [finding["code"] for finding in matrix["findings"]]
    assert (8, 0) == (
        _run(project, "--require-all", *skipped).exit_code,
        _run(project, "--require-all", "--no-checks", "matrix", *skipped).exit_code,
    )


@pytest.mark.parametrize("text", [None, "[general\n"])
def test_a_matrix_that_cannot_be_compared(project: Path, text: str | None) -> None:
    """Whoever requires all variants is not told that all is well where no build.toml says which."""
    if text is not None:
        (project / "build.toml").write_text(text, "utf-8")
    result = kernel_builder("check-builds", str(project), "--require-all", *OTHERS)
    assert (3, True, "") == (result.returncode, f"{project / 'build.toml'} " in result.stderr, result.stdout)


def test_metadata_that_cannot_be_used(project: Path) -> None:
    """The place is said once."""
    (project / "build" / "torch-cpu" / "metadata.json").write_text("{", "utf-8")
    lines = _run(project, *OTHERS).stdout.splitlines()
    assert lines[1].startswith("  error: metadata.json: not valid JSON: ")


def test_a_build_toml_with_errors(project: Path) -> None:
    """The builds are checked all the same, and a warning says what was not."""
    (project / "build.toml").write_text("[general\n", "utf-8")
    result = _run(project, *OTHERS)
    assert (8, True) == (result.exit_code, result.stderr.startswith("warning: build.toml has errors"))
