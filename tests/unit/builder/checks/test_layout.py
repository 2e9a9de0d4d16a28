"""Which files a build must have."""

from pathlib import Path

import pytest
from support.builds import MODULE, make_build

from kernel_builder.checks import check_layout


def test_good_build(tmp_path: Path) -> None:
    """A whole build has no problem, bytecode and further packages included."""
    tree = make_build(tmp_path / "b", {"layers/__init__.py": "", f"{MODULE}/__pycache__/x.pyc": ""})
    assert [] == check_layout(tree, MODULE)


@pytest.mark.parametrize("name", ["__init__.py", "metadata.json", f"{MODULE}/__init__.py"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    """Each required file is named when it is missing."""
    tree = make_build(tmp_path / "b")
    (tree / name).unlink()
    assert [f"{name} is missing"] == check_layout(tree, MODULE)


def test_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder is no file."""
    tree = make_build(tmp_path / "b")
    (tree / "metadata.json").unlink()
    (tree / "metadata.json").mkdir()
    assert ["metadata.json is missing"] == check_layout(tree, MODULE)


def test_every_problem_is_listed(tmp_path: Path) -> None:
    """An empty folder lacks everything."""
    expected = ["__init__.py is missing", "metadata.json is missing", f"{MODULE}/__init__.py is missing"]
    assert expected == check_layout(tmp_path, MODULE)


def test_package_of_the_same_name(tmp_path: Path) -> None:
    """Code in the folder for older loaders is a sub-package in the wrong place."""
    tree = make_build(tmp_path / "b", {f"{MODULE}/code.py": ""})
    (problem,) = check_layout(tree, MODULE)
    assert problem.startswith(f"{MODULE}/ holds __init__.py, code.py: that folder is for older loaders")


def test_links(tmp_path: Path) -> None:
    """Links to files and to folders have no place in a build."""
    tree = make_build(tmp_path / "b")
    (tree / "a.py").symlink_to("__init__.py")
    (tree / "z").symlink_to(tmp_path)
    assert ["a.py is a link", "z is a link"] == check_layout(tree, MODULE)
