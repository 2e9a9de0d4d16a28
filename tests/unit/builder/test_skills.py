"""What the skills are made of, and that installing one never loses anything."""

import importlib
import json
import os
import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.projects import contents

import kernel_builder.skills
from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.resources import templates_dir
from kernel_builder.skills import MANIFEST, install_skills, list_skills, project_folder, render_skill

NAMES = [skill.name for skill in list_skills()]
LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
LEFTOVER = re.compile(r"\{[%{#]|[%}#]\}")
FRONT = re.compile(r"\A---\n.*?^---$", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")


def _install(folder: Path, *, force: bool = False) -> list[str]:
    return [one.state for one in install_skills(["cpu-kernels"], [folder], force=force)]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder of a skill that is up to date."""
    _install(tmp_path)
    return tmp_path / "cpu-kernels"


# What they are made of


def test_the_skills() -> None:
    """There is one for each backend that is compiled, and one for Triton; CUDA's is the default."""
    expected = ["cuda-kernels", "rocm-kernels", "xpu-kernels", "cpu-kernels", "triton-kernels", "metal-kernels"]
    assert expected == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_front_matter(name: str) -> None:
    """It is YAML with exactly a name, that of the folder, and a description that is not too long for an assistant."""
    yaml: Any = importlib.import_module("yaml")
    _, front, body = render_skill(name)["SKILL.md"].split("---\n", 2)
    document = yaml.safe_load(front)
    assert ["name", "description"] == list(document)
    assert name == document["name"]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert next(skill.description for skill in list_skills() if skill.name == name) == document["description"]
    assert "Use when" in document["description"]
    assert len(document["description"]) <= 1024
    assert body.startswith("\n# ")


@pytest.mark.parametrize("name", NAMES)
def test_text_is_clean(name: str) -> None:
    """No file has a mark of the templates, trailing blanks, several empty lines at once, tabs, or a host's name."""
    for path, text in render_skill(name).items():
        assert text.endswith("\n"), path
        assert [] == [line for line in text.splitlines() if line != line.rstrip() or "\t" in line], path
        assert "\n\n\n\n" not in text, path
        assert "://" not in text, path
        if path.endswith(".md"):
            prose = BLOCK.sub("a block", FRONT.sub("the front matter", text))
            assert not LEFTOVER.search(prose), path
            assert "\n\n\n" not in prose, path
            long = [line for line in prose.splitlines() if len(line) > 130 and not line.startswith("|")]
            assert [] == long, path


@pytest.mark.parametrize("name", NAMES)
def test_a_skill_is_short_and_refers_to_all_that_it_has(name: str) -> None:
    """`SKILL.md` has at most 500 lines, its links lead to files of the skill, and every page can be reached."""
    files = render_skill(name)
    assert len(files["SKILL.md"].splitlines()) <= 500
    links = {
        (Path(path).parent / link).as_posix()
        for path, text in files.items()
        if path.endswith(".md")
        for link in LINK.findall(CODE.sub("code", BLOCK.sub("", text)))
    }
    assert set() == links - files.keys()
    assert set() == {path for path in files if path.startswith(("references/", "scripts/"))} - links


def test_every_part_is_used() -> None:
    """No folder and no file of the templates is left over."""
    root = templates_dir() / "skills"
    facts = json.loads((root / "skills.json").read_text("utf-8"))["skills"]
    used = {part for skill, one in facts.items() for part in (*one["parts"], skill)}
    assert used == {path.name for path in root.iterdir() if path.is_dir()}


def test_shared_pages_are_the_same_in_every_skill() -> None:
    """What does not depend on the skill is one text."""
    for path in ("example/benchmarks/benchmark.py", "example/tests/test_rms_norm.py", "scripts/roofline.py"):
        assert 1 == len({render_skill(name)[path] for name in NAMES})


def test_rendering_is_repeatable() -> None:
    """The same version gives the same bytes."""
    assert [render_skill(name) for name in NAMES] == [render_skill(name) for name in NAMES]


# Installing


def test_added_and_then_up_to_date(tmp_path: Path) -> None:
    """A new skill is written whole, beside nothing else; the second time nothing is written."""
    assert ["added"] == _install(tmp_path)
    expected = {path: text.encode() for path, text in render_skill("cpu-kernels").items()}
    assert expected == contents(tmp_path / "cpu-kernels")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert ["up to date"] == _install(tmp_path)
    assert ["up to date"] == _install(tmp_path, force=True)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert ["cpu-kernels"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_that_differs_is_not_replaced_unasked(installed: Path) -> None:
    """The error lists what differs, and only that; nothing is changed."""
    (installed / "SKILL.md").write_text("mine\n", "utf-8")
    before = contents(installed)
    with pytest.raises(ExistingFilesError, match="differ") as caught:
        _install(installed.parent)
    assert [f"  {installed / 'SKILL.md'}"] == str(caught.value).splitlines()[1:]
    assert "--force" in caught.value.hint
    assert before == contents(installed)


def test_force_replaces_the_skill_and_keeps_what_is_the_users(installed: Path) -> None:
    """Own files stay, with their modes; what an earlier version wrote and this one does not goes."""
    (installed / "SKILL.md").write_text("old\n", "utf-8")
    (installed / "references" / "gone.md").write_text("old\n", "utf-8")
    manifest = json.loads((installed / MANIFEST).read_text("utf-8"))
    (installed / MANIFEST).write_text(json.dumps({**manifest, "files": [*manifest["files"], "references/gone.md"]}))
    own = installed / "scripts" / "own.sh"
    own.write_bytes(b"#!/bin/sh\r\n\xff\n")
    own.chmod(0o751)
    with pytest.raises(ExistingFilesError, match=r"gone\.md"):
        _install(installed.parent)
    assert ["replaced"] == _install(installed.parent, force=True)
    expected = {path: text.encode() for path, text in render_skill("cpu-kernels").items()}
    assert {**expected, "scripts/own.sh": b"#!/bin/sh\r\n\xff\n"} == contents(installed)
    assert 0o751 == stat.S_IMODE(own.stat().st_mode)
    assert ["up to date"] == _install(installed.parent)


def test_a_skill_that_lost_a_file_is_mended(installed: Path) -> None:
    """A file that is missing is nobody's work: it comes back without --force."""
    (installed / "references" / "cpu.md").unlink()
    assert ["replaced"] == _install(installed.parent)
    assert (installed / "references" / "cpu.md").is_file()


def test_a_folder_of_the_users_is_not_taken_over(tmp_path: Path) -> None:
    """A folder without a manifest is held to the same rules: what it has of the skill's names is listed."""
    (tmp_path / "cpu-kernels").mkdir()
    (tmp_path / "cpu-kernels" / "SKILL.md").write_text("my own skill\n", "utf-8")
    (tmp_path / "cpu-kernels" / "notes.md").write_text("my notes\n", "utf-8")
    with pytest.raises(ExistingFilesError, match=r"SKILL\.md"):
        _install(tmp_path)
    assert ["replaced"] == _install(tmp_path, force=True)
    assert "my notes\n" == (tmp_path / "cpu-kernels" / "notes.md").read_text("utf-8")


def test_every_place_is_looked_at_first(tmp_path: Path) -> None:
    """When one of several places cannot be used, none is written to."""
    (tmp_path / "second" / "rocm-kernels").mkdir(parents=True)
    (tmp_path / "second" / "rocm-kernels" / "SKILL.md").write_text("mine\n", "utf-8")
    with pytest.raises(ExistingFilesError):
        install_skills(["cuda-kernels", "rocm-kernels"], [tmp_path / "first", tmp_path / "second"])
    assert ["second"] == [path.name for path in tmp_path.iterdir()]
    assert ["rocm-kernels"] == [path.name for path in (tmp_path / "second").iterdir()]


def _file_in_place(folder: Path) -> None:
    (folder / "cpu-kernels").write_text("a file\n", "utf-8")


def _file_above(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("a file\n", "utf-8")


def _link_in_place(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder / "cpu-kernels").symlink_to(folder.parent / "elsewhere")


def _link_to_nothing(folder: Path) -> None:
    (folder / "cpu-kernels").symlink_to(folder.parent / "nothing")


def _link_within(folder: Path) -> None:
    (folder.parent / "elsewhere").write_text("not ours\n", "utf-8")
    (folder / "cpu-kernels").mkdir()
    (folder / "cpu-kernels" / "SKILL.md").symlink_to(folder.parent / "elsewhere")


def _users_file_for_a_folder(folder: Path) -> None:
    (folder / "cpu-kernels").mkdir()
    (folder / "cpu-kernels" / "references").write_text("a file\n", "utf-8")


def _users_folder_for_a_file(folder: Path) -> None:
    (folder / "cpu-kernels" / "SKILL.md").mkdir(parents=True)
    (folder / "cpu-kernels" / "SKILL.md" / "note").write_text("a file\n", "utf-8")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (_file_in_place, "is not a folder"),
        (_file_above, "is not a folder"),
        (_link_in_place, "is a link"),
        (_link_to_nothing, "is a link"),
        (_link_within, "is a link"),
        (_users_file_for_a_folder, "is in the way"),
        (_users_folder_for_a_file, "is in the way"),
    ],
)
def test_what_is_in_the_way_is_named_and_left_alone(
    tmp_path: Path, prepare: Callable[[Path], None], words: str
) -> None:
    """Files and links in the way are refused, also with --force; links are never followed."""
    folder = tmp_path / "skills"
    folder.mkdir()
    prepare(folder)
    before = {path: os.lstat(path).st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(BuilderError, match=words):
        _install(folder, force=True)
    assert before == {path: os.lstat(path).st_mtime_ns for path in tmp_path.rglob("*")}


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    """A project cannot make us write outside of it; a link to a folder within it may be."""
    project = tmp_path / "project"
    (project / "tools").mkdir(parents=True)
    (project / ".claude").symlink_to(tmp_path)
    (project / ".codex").symlink_to("tools")
    with pytest.raises(BuilderError, match="leads out of the project"):
        project_folder("claude", project)
    assert project / ".codex" / "skills" == project_folder("codex", project)


def test_a_failure_leaves_the_old_skill(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full at the last moment, the old skill is there as it was, and nothing else."""
    (installed / "SKILL.md").write_text("old\n", "utf-8")
    before = contents(installed)

    def full(stage: Path, target: Path) -> None:
        message = f"no room for {stage} in {target}"
        raise OSError(message)

    with monkeypatch.context() as patch:
        patch.setattr(kernel_builder.skills, "install_tree", full)
        with pytest.raises(OSError, match="no room"):
            _install(installed.parent, force=True)
    assert before == contents(installed)
    assert ["cpu-kernels"] == [path.name for path in installed.parent.iterdir()]
    assert ["replaced"] == _install(installed.parent, force=True)


def test_several_at_once(installed: Path) -> None:
    """Calls at the same time do one after the other what each would do alone."""
    (installed / "SKILL.md").write_text("old\n", "utf-8")
    (installed / "own.md").write_text("mine\n", "utf-8")
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda _: _install(installed.parent, force=True)[0], range(16)))
    assert {"replaced", "up to date"} >= set(states)
    expected = {path: text.encode() for path, text in render_skill("cpu-kernels").items()}
    assert {**expected, "own.md": b"mine\n"} == contents(installed)
    assert ["cpu-kernels"] == [path.name for path in installed.parent.iterdir()]
