"""A project is written whole, and exactly what was written is removed."""

import json
from pathlib import Path

import pytest

from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.project.write import MANIFEST, CleanPlan, apply_clean, plan_clean, write_project

FILES = {"CMakeLists.txt": "project()\n", "cmake/kernel.cmake": "# é\n", "torch-ext/registration.h": ""}
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The folder to write to, which does not exist yet."""
    return tmp_path / "target"


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def _write(target: Path, *, force: bool = False) -> None:
    write_project(FILES, target, unique_id="abc", force=force)


def _manifest(target: Path, *names: str) -> None:
    """A manifest that somebody has made, which lists empty files."""
    target.mkdir(exist_ok=True)
    document = {"unique-id": "abc", "files": dict.fromkeys(names, EMPTY)}
    (target / MANIFEST).write_text(json.dumps(document), "utf-8")


def test_files_are_written(target: Path) -> None:
    """Every file is written with its bytes, and the paths are returned; the manifest lists them."""
    assert [target / name for name in FILES] == write_project(FILES, target, unique_id="abc")
    found = _tree(target)
    manifest = json.loads(found.pop(MANIFEST))
    assert (FILES, "abc", sorted(FILES)) == (found, manifest["unique-id"], list(manifest["files"]))


def test_line_ends_are_not_translated(target: Path) -> None:
    """The bytes are the same on every system."""
    write_project({"a": "x\ny\r\n"}, target, unique_id="abc")
    assert b"x\ny\r\n" == (target / "a").read_bytes()


def test_existing_files_are_not_overwritten(target: Path) -> None:
    """When one file is in the way nothing is written, and the message names it."""
    (target / "cmake").mkdir(parents=True)
    (target / "cmake/kernel.cmake").write_text("mine")
    with pytest.raises(ExistingFilesError, match=r"kernel\.cmake") as raised:
        _write(target)
    assert ({"cmake/kernel.cmake": "mine"}, False) == (_tree(target), "CMakeLists" in str(raised.value))


def test_force_overwrites(target: Path) -> None:
    """With force, files are replaced, and a link is replaced by a file instead of being written through."""
    _write(target)
    (target / "CMakeLists.txt").write_text("mine")
    _write(target, force=True)
    assert FILES["CMakeLists.txt"] == (target / "CMakeLists.txt").read_text()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("link", ["cmake", "cmake/kernel.cmake"])
def test_links_are_not_followed(target: Path, tmp_path: Path, link: str, *, force: bool) -> None:
    """A link within the target is never written through, with force or without."""
    outside = tmp_path / "outside"
    (outside / "kernel.cmake").mkdir(parents=True)
    (target / link).parent.mkdir(parents=True)
    (target / link).symlink_to(outside)
    with pytest.raises(BuilderError, match="through a link"):
        _write(target, force=force)
    assert (["kernel.cmake"], {}) == ([path.name for path in outside.iterdir()], _tree(target))


def test_no_temporary_file_is_left(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file cannot be put into its place, its temporary file goes too, and what was written can be cleaned."""
    real = Path.replace

    def fail(self: Path, other: Path) -> Path:
        if other.name == "kernel.cmake":
            message = "disk full"
            raise OSError(message)
        return real(self, other)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        _write(target)
    assert {MANIFEST, "CMakeLists.txt"} == set(_tree(target))
    monkeypatch.undo()
    apply_clean(plan_clean(target))
    assert {} == _tree(target)


def test_clean_removes_what_was_written(target: Path) -> None:
    """Cleaning removes the files, the folders that are empty then, and the manifest; other files stay."""
    _write(target)
    (target / "torch-ext/mine.h").write_text("mine")
    plan = plan_clean(target)
    assert CleanPlan(target, tuple(sorted(FILES)), (), "abc") == plan
    apply_clean(plan)
    assert ({"torch-ext/mine.h": "mine"}, ["torch-ext"]) == (_tree(target), [path.name for path in target.iterdir()])


def test_plan_touches_nothing(target: Path) -> None:
    """Planning reads only."""
    _write(target)
    before = _tree(target)
    plan_clean(target)
    assert before == _tree(target)


def test_second_clean_does_nothing(target: Path) -> None:
    """A second time there is nothing to remove, which is no error."""
    _write(target)
    apply_clean(plan_clean(target))
    plan = plan_clean(target)
    assert CleanPlan(target, (), (), "") == plan
    apply_clean(plan)
    assert {} == _tree(target)


def test_changed_files_are_kept(target: Path) -> None:
    """A file that was changed stays, and stays in the manifest until it is what was written again."""
    _write(target)
    (target / "CMakeLists.txt").write_text("mine")
    plan = plan_clean(target)
    assert ("CMakeLists.txt",) == plan.keep
    apply_clean(plan)
    assert {"CMakeLists.txt", MANIFEST} == set(_tree(target))
    (target / "CMakeLists.txt").write_text(FILES["CMakeLists.txt"])
    apply_clean(plan_clean(target))
    assert {} == _tree(target)


def test_files_of_two_runs_are_removed(target: Path) -> None:
    """A file that a later run no longer writes is still removed."""
    write_project({"old.txt": "old"}, target, unique_id="one")
    write_project({"new.txt": "new"}, target, unique_id="two")
    plan = plan_clean(target)
    assert (("new.txt", "old.txt"), "two") == (plan.remove, plan.unique_id)


def test_target_and_not_the_running_folder(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are taken from the target, wherever the program runs."""
    _write(target)
    elsewhere = tmp_path / "elsewhere"
    _write(elsewhere)
    monkeypatch.chdir(elsewhere)
    before = _tree(elsewhere)
    apply_clean(plan_clean(target))
    assert ({}, before) == (_tree(target), _tree(elsewhere))


def test_removed_files_are_no_problem(target: Path) -> None:
    """What somebody has removed by hand is neither planned nor missed."""
    _write(target)
    (target / "CMakeLists.txt").unlink()
    plan = plan_clean(target)
    assert ("CMakeLists.txt" not in plan.remove, ()) == (True, plan.keep)
    (target / "cmake/kernel.cmake").unlink()
    apply_clean(plan)
    assert {} == _tree(target)


@pytest.mark.parametrize(
    "name",
    [
        "../outside/x",
        "sub/../../outside/x",
        "{outside}/x",
        "link/x",
        "link-to-x",
        "sub/../../outside\\x",
        "..\\outside\\x",
        "C:x",
        "C:\\x",
        "//{outside}/x",
        "",
        ".",
        "..",
        "a\0b",
        "\ud800",
        "x" * 5000,
        "sub",
    ],
)
def test_hostile_manifest_removes_nothing(target: Path, tmp_path: Path, name: str) -> None:
    """A manifest of somebody else's can name nothing outside the target, and nothing through a link."""
    outside = tmp_path / "outside"
    for folder in (outside, target / "sub"):
        folder.mkdir(parents=True)
        (folder / "x").write_text("")
    (target / "link").symlink_to(outside)
    (target / "link-to-x").symlink_to(outside / "x")
    for odd in ("C:x", "C:\\x", "..\\outside\\x"):
        (target / odd).write_text("")
    before = (sorted(tmp_path.rglob("*")), sorted(outside.rglob("*")))
    _manifest(target, name.format(outside=outside) if "{" in name else name)
    plan = plan_clean(target)
    assert () == plan.remove
    apply_clean(plan)
    (target / MANIFEST).unlink(missing_ok=True)
    assert before == (sorted(tmp_path.rglob("*")), sorted(outside.rglob("*")))


def test_link_that_came_after_the_plan(target: Path, tmp_path: Path) -> None:
    """A folder that was replaced by a link between planning and cleaning is not followed."""
    _write(target)
    outside = tmp_path / "outside"
    plan = plan_clean(target)
    (target / "cmake").rename(outside)
    (target / "cmake").symlink_to(outside)
    apply_clean(plan)
    assert ["kernel.cmake"] == [path.name for path in outside.iterdir()]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"unique-id": "x", "files": []}', "[" * 100_000, "\xff"])
def test_damaged_manifest(target: Path, text: str) -> None:
    """A manifest that cannot be read is an error with its path, and removes nothing."""
    target.mkdir()
    (target / MANIFEST).write_text(text, "latin-1")
    with pytest.raises(BuilderError, match="is damaged"):
        plan_clean(target)


def _built(folder: Path, home: Path) -> None:
    """What CMake leaves in a folder in which it has built a project."""
    (folder / "CMakeFiles").mkdir(parents=True)
    (folder / "CMakeFiles" / "a.o").write_text("")
    (folder / "CMakeCache.txt").write_text(f"# CMake\nCMAKE_HOME_DIRECTORY:INTERNAL={home.as_posix()}\n#\n")


@pytest.mark.parametrize("names", [["build-ext"], ["build-ext/editable"], ["build-ext/editable", "build-ext"]])
def test_what_was_built_of_it_goes_too(target: Path, names: list[str]) -> None:
    """The folders in which CMake or pip has built the project are a part of what cleaning removes."""
    _write(target)
    for name in names:
        _built(target / name, target)
    plan = plan_clean(target)
    assert tuple(names) == plan.built
    apply_clean(plan)
    assert [] == list(target.iterdir())


def test_folders_that_were_built_of_something_else_stay(target: Path, tmp_path: Path) -> None:
    """A folder of that name stays when CMake built another project in it, or did not build it, or it is a link."""
    _write(target)
    _built(target / "build-ext", tmp_path)
    assert () == plan_clean(target).built
    (target / "build-ext" / "CMakeCache.txt").unlink()
    assert () == plan_clean(target).built
    _built(tmp_path / "elsewhere", target)
    (target / "build-ext").rename(tmp_path / "mine")
    (target / "build-ext").symlink_to(tmp_path / "elsewhere")
    apply_clean(plan_clean(target))
    assert (tmp_path / "elsewhere" / "CMakeCache.txt").is_file()
