"""The loader loads a build, in a process of its own."""

import sys
from pathlib import Path

import pytest
from support.builds import MODULE, make_build

from kernel_builder.checks import check_load, check_tree
from kernel_builder.errors import CheckError

PYTHON = Path(sys.executable)


def test_good_build(tmp_path: Path) -> None:
    """A build that loads has no problem, is not loaded here, and stays as it was built."""
    tree = make_build(tmp_path / "torch-cpu")
    before = sorted(tree.rglob("*"))
    assert [] == check_load(tree, PYTHON)
    assert before == sorted(tree.rglob("*"))


def test_build_that_fails(tmp_path: Path) -> None:
    """The error's own words are the problem."""
    tree = make_build(tmp_path / "torch-cpu", {"__init__.py": "raise RuntimeError('no such instruction')\n"})
    (problem,) = check_load(tree, PYTHON)
    assert (True, True) == (problem.startswith("the build does not load:\n"), "no such instruction" in problem)


def test_build_that_kills_the_process(tmp_path: Path) -> None:
    """A crash of the build is a problem of the build and not of ours."""
    tree = make_build(tmp_path / "torch-cpu", {"__init__.py": "import os; os.abort()\n"})
    assert 1 == len(check_load(tree, PYTHON))


def test_all_checks_pass(tmp_path: Path) -> None:
    """A good build passes every check."""
    check_tree(make_build(tmp_path / "torch-cpu"), MODULE, PYTHON)


def test_every_problem_is_raised_and_nothing_is_run(tmp_path: Path) -> None:
    """Problems of every check come in one error, and a build that has any is not loaded."""
    canary = tmp_path / "canary"
    code = f"open({str(canary)!r}, 'w')\n@custom_op('a::b')\ndef f(): ...\n"
    tree = make_build(tmp_path / "torch-cpu", {"__init__.py": code})
    (tree / "new.py").write_text("")
    (tree / MODULE / "__init__.py").unlink()
    with pytest.raises(CheckError) as raised:
        check_tree(tree, MODULE, PYTHON)
    words = [f"{MODULE}/__init__.py is missing", f"{MODULE}/__init__.py is missing", "not in the digest", "@custom_op"]
    assert all(word in problem for word, problem in zip(words, raised.value.problems, strict=True))
    assert not canary.exists()
