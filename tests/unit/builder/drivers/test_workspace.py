"""What is kept from one build to the next, and what is thrown away."""

import os
from pathlib import Path

import pytest

from kernel_builder.drivers.workspace import Workspace
from kernel_builder.errors import BuilderError

FILES = {"CMakeLists.txt": "project()\n", "cmake/kernel.cmake": "# é\n"}
BASE = ["cmake", "ninja", "c++", "torch 2.13"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source, an hour old."""
    path = tmp_path / "a.cpp"
    path.write_text("int a;\n")
    _age(path)
    return path


def _age(path: Path) -> None:
    past = path.stat().st_mtime - 3600
    os.utime(path, (past, past))


def _build(
    tmp_path: Path,
    source: Path,
    files: dict[str, str] | None = None,
    base: list[str] | None = None,
    *,
    done: bool = True,
) -> tuple[bool, bool]:
    """One build up to the compiler; whether CMake need not run, and whether the objects of the last build are there."""
    workspace = Workspace(tmp_path / ".kernel-builder" / "torch-cpu")
    workspace.prepare(files or FILES, base=base or BASE, sources=[source])
    kept = (workspace.configured, (workspace.cmake / "a.o").exists())
    workspace.cmake.mkdir(exist_ok=True)
    for name in ("build.ninja", "a.o"):
        (workspace.cmake / name).touch()
    if done:
        workspace.mark_configured()
    return kept


def test_first_and_second_build(tmp_path: Path, source: Path) -> None:
    """The first build has nothing; when nothing changes, the second runs no CMake and has the objects."""
    assert [(False, False), (True, True)] == [_build(tmp_path, source) for _ in range(2)]


def test_project_is_written(tmp_path: Path, source: Path) -> None:
    """The rendered files are written, and a file that does not change keeps its time."""
    _build(tmp_path, source)
    project = tmp_path / ".kernel-builder/torch-cpu/project"
    for name in FILES:
        _age(project / name)
    before = (project / "CMakeLists.txt").stat().st_mtime_ns
    _build(tmp_path, source, {**FILES, "cmake/kernel.cmake": "# other\n"})
    assert "# other\n" == (project / "cmake/kernel.cmake").read_text("utf-8")
    assert before == (project / "CMakeLists.txt").stat().st_mtime_ns


def test_git_does_not_see_the_folder(tmp_path: Path, source: Path) -> None:
    """The work folder ignores itself."""
    _build(tmp_path, source)
    assert "*\n" == (tmp_path / ".kernel-builder/.gitignore").read_text()


def test_changed_project_is_configured_again(tmp_path: Path, source: Path) -> None:
    """A change to the rendered project runs CMake again, over the objects that there are."""
    _build(tmp_path, source)
    assert (False, True) == _build(tmp_path, source, {"CMakeLists.txt": "other\n"})


@pytest.mark.parametrize("base", [["other", *BASE[1:]], BASE[:-1], list(reversed(BASE))])
def test_changed_tools_throw_the_objects_away(tmp_path: Path, source: Path, base: list[str]) -> None:
    """Objects of another compiler or Torch cannot be trusted."""
    _build(tmp_path, source)
    assert (False, False) == _build(tmp_path, source, base=base)


def test_source_that_became_newer(tmp_path: Path, source: Path) -> None:
    """Ninja sees a source that is newer than its object; the others stay."""
    _build(tmp_path, source)
    stamp = (tmp_path / ".kernel-builder/torch-cpu/stamp.json").stat().st_mtime
    source.write_text("int b;\n")
    os.utime(source, (stamp + 5, stamp + 5))
    assert (True, True) == _build(tmp_path, source)


def test_source_that_changed_and_kept_its_time(tmp_path: Path, source: Path) -> None:
    """A source that changed without becoming newer is one that Ninja would miss: the objects go."""
    _build(tmp_path, source)
    source.write_text("int b;\n")
    _age(source)
    assert (False, False) == _build(tmp_path, source)


def test_source_that_became_older_only(tmp_path: Path, source: Path) -> None:
    """A source whose time alone changed is the same source."""
    _build(tmp_path, source)
    _age(source)
    assert (True, True) == _build(tmp_path, source)


def test_configuration_that_was_cut_short(tmp_path: Path, source: Path) -> None:
    """Where CMake did not come to its end, nothing of it is used."""
    _build(tmp_path, source, done=False)
    assert (False, False) == _build(tmp_path, source)


@pytest.mark.parametrize("stamp", ["", "{", "[]", "3", '{"base": 3}', "null"])
def test_damaged_stamp(tmp_path: Path, source: Path, stamp: str) -> None:
    """A stamp that cannot be read is as none."""
    _build(tmp_path, source)
    (tmp_path / ".kernel-builder/torch-cpu/stamp.json").write_text(stamp)
    assert (False, False) == _build(tmp_path, source)


def test_missing_build_file(tmp_path: Path, source: Path) -> None:
    """Without Ninja's file CMake runs again."""
    _build(tmp_path, source)
    (tmp_path / ".kernel-builder/torch-cpu/cmake/build.ninja").unlink()
    assert (False, True) == _build(tmp_path, source)


def test_sources_that_change_during_the_build(tmp_path: Path, source: Path) -> None:
    """A source that is edited or removed while the compiler runs is named at the end."""
    workspace = Workspace(tmp_path / ".kernel-builder" / "torch-cpu")
    workspace.prepare(FILES, base=BASE, sources=[source])
    assert [] == workspace.changed_meanwhile()
    source.write_text("int b;\n")
    assert [str(source)] == workspace.changed_meanwhile()
    source.unlink()
    assert [str(source)] == workspace.changed_meanwhile()


@pytest.mark.parametrize("place", ["torch-cpu", "torch-cpu/project", "torch-cpu/project/cmake", "torch-cpu/cmake"])
def test_links_in_the_work_folder_are_refused(tmp_path: Path, source: Path, place: str) -> None:
    """A repository that carries a work folder cannot make us write elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / ".kernel-builder" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(BuilderError, match="is a link"):
        _build(tmp_path, source)
    assert [] == list(elsewhere.iterdir())


def test_linked_files_in_the_work_folder_are_replaced(tmp_path: Path, source: Path) -> None:
    """A file of the rendered project that is a link is replaced, even when it reads the same."""
    victim = tmp_path / "victim"
    victim.write_text(FILES["CMakeLists.txt"])
    link = tmp_path / ".kernel-builder/torch-cpu/project/CMakeLists.txt"
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    _build(tmp_path, source, {**FILES, "CMakeLists.txt": "new\n"})
    assert (FILES["CMakeLists.txt"], "new\n", False) == (victim.read_text(), link.read_text(), link.is_symlink())
