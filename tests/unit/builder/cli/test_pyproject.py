"""create-pyproject and clean-pyproject: what they are told, and what they answer."""

import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.configs import noarch_config, torch_config, tvm_ffi_config
from support.projects import contents, make_tiny, make_tiny_noarch, run_python

from kernel_builder.cli import cli
from kernel_builder.project.render import render
from kernel_builder.project.write import MANIFEST, apply_clean, plan_clean, write_project
from kernel_builder.provenance import Provenance
from kernels.backend import BACKENDS, COMPILED_BACKENDS

COMMIT = "0123456789ABCDEF0123456789abcdef01234567"
SHA256 = "f" * 64


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small kernel project outside of any repository."""
    return make_tiny(tmp_path / "tiny")


def _run(*arguments: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], input=answer)


def _document(project: Path) -> tuple[str, dict[str, object]]:
    """The id of the build, and what its metadata says of the commit."""
    document = json.loads((project / "metadata-cpu.json").read_text("utf-8"))
    return document["id"], document["provenance"].get("kernel")


@pytest.mark.parametrize(
    ("options", "unique_id", "commit", "dirty"),
    [
        (["--kernel-sha", COMMIT], "0123456", COMMIT.lower(), False),
        (["--kernel-sha", COMMIT, "--no-kernel-dirty"], "0123456", COMMIT.lower(), False),
        (["--kernel-sha", COMMIT, "--kernel-dirty"], "0123456_dirty", COMMIT.lower(), True),
        (["--kernel-sha", SHA256], "fffffff", SHA256, False),
        (["--kernel-sha", COMMIT, "--kernel-dirty", "--unique-id", "mine"], "mine", COMMIT.lower(), True),
    ],
)
def test_a_commit_that_is_given(project: Path, options: list[str], unique_id: str, commit: str, *, dirty: bool) -> None:
    """Where the sources stand can be said instead of asked of git; the id follows, unless that is said as well."""
    result = _run("create-pyproject", project, *options)
    assert 0 == result.exit_code, result.output
    assert (f"_tiny_cpu_{unique_id}", {"commit": commit, "dirty": dirty}) == _document(project)


@pytest.mark.parametrize("commit", ["", "0123456", COMMIT + "0", "g" * 40, COMMIT + "\n", "v1"])
def test_half_a_commit_is_refused(project: Path, commit: str) -> None:
    """Only the full id of a commit says which one it is."""
    result = _run("create-pyproject", project, "--kernel-sha", commit)
    assert (2, True) == (result.exit_code, "is not the full id of a commit" in " ".join(result.output.split()))


@pytest.mark.parametrize("option", ["--kernel-dirty", "--no-kernel-dirty"])
def test_dirty_needs_a_commit(project: Path, option: str) -> None:
    """Whether the sources differ means nothing without what they differ from."""
    before = contents(project)
    result = _run("create-pyproject", project, option)
    assert (2, True, before) == (result.exit_code, "go with --kernel-sha" in result.output, contents(project))


def test_what_was_written_and_removed_as_json(project: Path) -> None:
    """Scripts get the files that were written, would be removed, and were removed, each by its path."""
    before = contents(project)
    written = json.loads(_run("create-pyproject", project, "--unique-id", "x", "--json").stdout)
    assert (str(project), "x") == (written["target"], written["unique-id"])
    assert set(written["written"]) | {MANIFEST} == set(contents(project)) - set(before)
    (project / "CMakeLists.txt").write_text("mine", "utf-8")
    expected = {
        "target": str(project),
        "unique-id": "x",
        "removed": [name for name in written["written"] if name != "CMakeLists.txt"],
        "kept": ["CMakeLists.txt"],
    }
    planned = json.loads(_run("clean-pyproject", project, "--dry-run", "--json").stdout)
    assert {**expected, "dry-run": True} == planned
    cleaned = json.loads(_run("clean-pyproject", project, "--force", "--json").stdout)
    assert {**expected, "dry-run": False} == cleaned
    assert {*before, "CMakeLists.txt", MANIFEST} == set(contents(project))


def test_json_asks_nothing(project: Path) -> None:
    """A script cannot answer a question, so that it has to say what it wants."""
    result = _run("clean-pyproject", project, "--json")
    assert (2, True) == (result.exit_code, "pass --force or --dry-run" in result.output)


@pytest.mark.parametrize(("answer", "is_left"), [("y\n", False), ("n\n", True)])
def test_a_person_is_asked(project: Path, answer: str, *, is_left: bool) -> None:
    """Without --force, nothing is removed before the question was answered with yes."""
    _run("create-pyproject", project)
    result = _run("clean-pyproject", project, answer=answer)
    assert (is_left, True) == ((project / "CMakeLists.txt").exists(), "Remove these?" in result.output)


@pytest.mark.parametrize("closed", ["", "sys.stdin = None"], ids=["at its end", "closed"])
def test_nobody_is_there_to_ask(project: Path, closed: str) -> None:
    """Without an answer nothing is removed, and the options that need none are named."""
    _run("create-pyproject", project)
    code = f"""
import sys
from kernel_builder.cli import cli
from kernel_builder.cli._run import run
{closed}
sys.stderr = sys.stdout
print(run(cli, ["clean-pyproject", sys.argv[1]]))
"""
    *_, said, status = run_python(code, project).splitlines()
    assert ("Error: there is nobody to ask: pass --force or --dry-run", "2") == (said, status)
    assert (project / "CMakeLists.txt").exists()


def test_a_target_that_is_not_said(project: Path) -> None:
    """An empty TARGET_DIR, as an unset variable gives it, is not the current folder."""
    result = _run("create-pyproject", project, "")
    assert (2, True) == (result.exit_code, "the path is empty" in result.output)


def test_other_builds_are_left_alone(project: Path) -> None:
    """With --ops-id, only the files of that build are removed."""
    _run("create-pyproject", project, "--unique-id", "mine")
    before = contents(project)
    refused = _run("clean-pyproject", project, "--force", "--ops-id", "other")
    assert (True, before) == (refused.exit_code != 0, contents(project))
    assert 0 == _run("clean-pyproject", project, "--force", "--ops-id", "mine").exit_code
    assert "CMakeLists.txt" not in contents(project)


def test_python_only_kernels_have_no_cmake(tmp_path: Path) -> None:
    """A kernel in Python alone gets its `_ops.py` where it is edited, and cleaning takes it away again."""
    project = make_tiny_noarch(tmp_path / "tiny")
    before = contents(project)
    _run("create-pyproject", project)
    added = {f"metadata-{backend}.json" for backend in ("cpu", "cuda", "rocm")}
    added |= {MANIFEST, "pyproject.toml", "torch-ext/tiny_noarch/_ops.py"}
    assert added == set(contents(project)) - set(before)
    _run("clean-pyproject", project, "--force")
    assert before == contents(project)


@pytest.mark.parametrize(
    ("make", "possible"),
    [(torch_config, COMPILED_BACKENDS), (noarch_config, BACKENDS), (tvm_ffi_config, COMPILED_BACKENDS)],
    ids=["torch", "torch-noarch", "tvm-ffi"],
)
def test_clean_is_the_inverse_for_every_set_of_backends(
    tmp_path: Path, make: object, possible: tuple[str, ...]
) -> None:
    """For every framework and every set of its backends, writing and cleaning leaves the folder as it was."""
    assert callable(make)
    (tmp_path / "torch-ext" / "demo_kernel").mkdir(parents=True)
    (tmp_path / "torch-ext" / "demo_kernel" / "__init__.py").write_text("mine")
    (tmp_path / "README.md").write_text("mine")
    before = (contents(tmp_path), sorted(tmp_path.rglob("*")))
    for size in range(1, len(possible) + 1):
        for backends in itertools.combinations(possible, size):
            files = render(make(*backends), Provenance("x"))
            write_project(files, tmp_path, unique_id="x")
            assert {f"metadata-{backend}.json" for backend in backends} <= set(files)
            apply_clean(plan_clean(tmp_path))
            assert before == (contents(tmp_path), sorted(tmp_path.rglob("*")))
