"""Writing the files of a new kernel, and staging them in git."""

import os
import re
from pathlib import Path

import pytest
from support.projects import contents, git

from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.scaffold.write import Staged, stage_files, write_files

FILES = {"build.toml": "[general]\n", "tests/test_it.py": "é = 1\n"}


def test_files_are_written(tmp_path: Path) -> None:
    """Every file is written as UTF-8 with plain ends of line, and the folders are made."""
    write_files(FILES, tmp_path / "a" / "b")
    assert {name: text.encode() for name, text in FILES.items()} == contents(tmp_path / "a" / "b")


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    """Files that are there as they would be written are no obstacle: a run that was cut short can be repeated."""
    write_files({"build.toml": FILES["build.toml"]}, tmp_path)
    write_files(FILES, tmp_path)
    assert {*FILES} == {*contents(tmp_path)}


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    """Where files would be lost, all of them are named and nothing is written."""
    (tmp_path / "tests").mkdir()
    for name in FILES:
        (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(ExistingFilesError) as caught:
        write_files({**FILES, "new": ""}, tmp_path)
    assert all(str(tmp_path / name) in str(caught.value) for name in FILES)
    assert "--overwrite" in caught.value.hint
    assert {b"mine"} == {*contents(tmp_path).values()}


def test_overwrite_keeps_other_files(tmp_path: Path) -> None:
    """With `overwrite`, the files of the template are replaced and others are kept."""
    for name in ("build.toml", "notes.txt"):
        (tmp_path / name).write_text("mine", "utf-8")
    write_files(FILES, tmp_path, overwrite=True)
    expected = {**{name: text.encode() for name, text in FILES.items()}, "notes.txt": b"mine"}
    assert expected == contents(tmp_path)


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    """A link is an existing file; with `overwrite` it is replaced, and what it leads to is kept."""
    folder = tmp_path / "kernel"
    folder.mkdir()
    (tmp_path / "precious").write_text("mine", "utf-8")
    (folder / "build.toml").symlink_to(tmp_path / "precious")
    with pytest.raises(ExistingFilesError):
        write_files(FILES, folder)
    write_files(FILES, folder, overwrite=True)
    assert ("mine", False) == ((tmp_path / "precious").read_text("utf-8"), (folder / "build.toml").is_symlink())


def test_nothing_is_written_through_a_linked_folder(tmp_path: Path) -> None:
    """A folder of the project that is a link is refused, also with `overwrite`, and nothing is written."""
    folder, outside = tmp_path / "kernel", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "tests").symlink_to(outside, target_is_directory=True)
    with pytest.raises(BuilderError, match="is a link"):
        write_files(FILES, folder, overwrite=True)
    assert ([], [folder / "tests"]) == (list(outside.iterdir()), list(folder.iterdir()))


def test_the_folder_itself_may_be_reached_through_a_link(tmp_path: Path) -> None:
    """PATH is the person's own word: where it is a link, the kernel is made where it leads."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    write_files(FILES, tmp_path / "link")
    assert {*FILES} == {*contents(tmp_path / "real")}


def test_a_file_above_the_folder(tmp_path: Path) -> None:
    """Where a folder that leads to the project is a file, that file is named."""
    above = tmp_path / "mine"
    above.touch()
    with pytest.raises(BuilderError, match=f"^{re.escape(str(above))} is not a folder"):
        write_files(FILES, above / "kernels" / "kernel")


@pytest.mark.parametrize("name", ["tests", "."])
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, name: str) -> None:
    """Where a file has the place of a folder, nothing is written."""
    folder = tmp_path / "kernel"
    if name != ".":
        folder.mkdir()
    (folder / name).write_text("mine", "utf-8")
    with pytest.raises(BuilderError, match="is not a folder"):
        write_files(FILES, folder, overwrite=True)
    assert {b"mine"} == {*contents(tmp_path).values()}


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """Where a folder has the place of a file, nothing is written."""
    (tmp_path / "build.toml").mkdir()
    with pytest.raises(BuilderError, match="is a folder"):
        write_files(FILES, tmp_path, overwrite=True)
    assert {} == contents(tmp_path)


@pytest.fixture
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the machine's own settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.mark.usefixtures("without_settings")
def test_a_new_repository(tmp_path: Path) -> None:
    """Outside of a repository one is made, with the branch main, and exactly the files are staged."""
    write_files(FILES, tmp_path)
    (tmp_path / "notes.txt").touch()
    assert Staged(state="initialized") == stage_files(tmp_path, list(FILES))
    assert "refs/heads/main" == git(tmp_path, "symbolic-ref", "HEAD")
    assert [*FILES] == git(tmp_path, "ls-files").splitlines()


@pytest.mark.usefixtures("without_settings")
def test_a_repository_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a repository none is made, also when a hook of another one has started us."""
    git(tmp_path, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    write_files(FILES, tmp_path / "kernels" / "one")
    assert Staged(state="staged") == stage_files(tmp_path / "kernels" / "one", list(FILES))
    monkeypatch.delenv("GIT_DIR")
    assert [f"kernels/one/{name}" for name in FILES] == git(tmp_path, "ls-files").splitlines()


@pytest.mark.usefixtures("without_settings")
def test_an_ignored_folder(tmp_path: Path) -> None:
    """Where the repository around it ignores the folder, the files stay out of it, and that is said."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/kernels/\n", "utf-8")
    write_files(FILES, tmp_path / "kernels")
    staged = stage_files(tmp_path / "kernels", list(FILES))
    assert (None, True) == (staged.state, "ignored" in str(staged.note))


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git, the files are in no repository, and that is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Staged(state=None, note="git is not installed; the files are in no repository") == stage_files(tmp_path, [])
