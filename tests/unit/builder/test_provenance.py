"""What git says of a project's sources, asked of real repositories."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.configs import bound, noarch_config, torch_config

from kernel_builder.config.sources import MANIFEST
from kernel_builder.provenance import Provenance, build_inputs, find_provenance

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

CONFIG = torch_config(include=("include",), minver=bound("2.1"))
SOURCES = {
    "build.toml": "[general]\n",
    "demo_cpu.cpp": "int demo;\n",
    "include/demo.h": "#pragma once\n",
    "torch-ext/torch_binding.cpp": "int binding;\n",
    "torch-ext/demo_kernel/__init__.py": "",
    "README.md": "not part of a build\n",
}


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git with a fixed author and date, deaf to the machine's configuration."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    settings["GIT_CEILING_DIRECTORIES"] = str(tmp_path.parent)
    for who in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.com", f"GIT_{who}_DATE": "@0 +0000"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without a repository."""
    return _write(tmp_path / "project")


@pytest.fixture
def repository(project: Path) -> Path:
    """A project at the top of a repository, all committed."""
    return _commit(project)


def _write(folder: Path) -> Path:
    for name, text in SOURCES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _commit(folder: Path) -> Path:
    _git(folder, "init", "--quiet")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message", "first")
    return folder


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_clean_commit(repository: Path) -> None:
    """At a commit, the id is its first seven digits."""
    commit = _git(repository, "rev-parse", "HEAD")
    assert Provenance(commit[:7], commit, dirty=False) == find_provenance(repository, CONFIG)


def test_changed_source_is_dirty(repository: Path) -> None:
    """A tracked file that was changed makes the id dirty."""
    commit = _git(repository, "rev-parse", "HEAD")
    (repository / "demo_cpu.cpp").write_text("int changed;\n")
    assert Provenance(f"{commit[:7]}_dirty", commit, dirty=True) == find_provenance(repository, CONFIG)


@pytest.mark.parametrize("name", ["include/new.h", "torch-ext/demo_kernel/new.py"])
@pytest.mark.parametrize("ignored", [False, True], ids=["untracked", "ignored"])
def test_untracked_source_is_dirty(repository: Path, name: str, *, ignored: bool) -> None:
    """A file that the build takes in and git does not track makes the id dirty, even where .gitignore hides it."""
    if ignored:
        (repository / ".git/info/exclude").write_text("new.*\n")
    (repository / name).write_text("")
    assert find_provenance(repository, CONFIG).dirty


@pytest.mark.parametrize("name", ["notes.txt", "build/torch-cpu/__init__.py", "torch-ext/demo_kernel/_ops.py"])
def test_other_untracked_files_do_not_matter(repository: Path, name: str) -> None:
    """Notes, earlier builds and generated files are no sources."""
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("")
    assert not find_provenance(repository, CONFIG).dirty


def test_tracked_builds_do_not_matter(project: Path) -> None:
    """A repository that carries its builds is not dirty when they are built anew."""
    (project / "build").mkdir()
    (project / "build/result.txt").write_text("old")
    _commit(project)
    (project / "build/result.txt").write_text("new")
    assert not find_provenance(project, CONFIG).dirty


@pytest.mark.parametrize("change", ["stage", "remove", "rename"])
def test_every_kind_of_change_is_dirty(repository: Path, change: str) -> None:
    """A change in the index, a removal and a rename are changes."""
    if change == "stage":
        (repository / "demo_cpu.cpp").write_text("int changed;\n")
        _git(repository, "add", "demo_cpu.cpp")
    elif change == "remove":
        (repository / "demo_cpu.cpp").unlink()
    else:
        _git(repository, "mv", "README.md", "other name.md")
    assert find_provenance(repository, CONFIG).dirty


def test_project_in_a_larger_repository(tmp_path: Path) -> None:
    """In a repository of many kernels, a change to another one does not make this one dirty."""
    project = _write(tmp_path / "kernels" / "ümlaut kernel")
    other = tmp_path / "kernels" / "other.txt"
    other.write_text("old")
    _commit(tmp_path / "kernels")
    other.write_text("new")
    assert not find_provenance(project, CONFIG).dirty
    (project / "include" / "nëw.h").write_text("")
    assert find_provenance(project, CONFIG).dirty


def test_sources_in_a_submodule_are_tracked(tmp_path: Path, repository: Path) -> None:
    """Headers of a submodule are as clean as its commit; a change to one is seen."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "library.h").write_text("")
    _commit(library)
    _git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "include/library")
    _git(repository, "commit", "--quiet", "--all", "--message", "library")
    assert not find_provenance(repository, CONFIG).dirty
    (repository / "include/library/library.h").write_text("changed")
    assert find_provenance(repository, CONFIG).dirty


def test_warnings_of_git_are_no_answers(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git prints on standard error becomes neither a commit nor a change."""
    clean = find_provenance(repository, CONFIG)
    monkeypatch.setenv("GIT_TRACE", "2")
    assert clean == find_provenance(repository, CONFIG)


def test_without_git_the_sources_are_hashed(project: Path, tmp_path: Path) -> None:
    """Where there is no repository, the same sources give the same twelve digits, wherever they are."""
    first = find_provenance(project, CONFIG)
    assert (12, None, False) == (len(first.unique_id), first.commit, first.dirty)
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    assert first == find_provenance(copy, CONFIG)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "README.md"])
def test_hash_sees_each_source(project: Path, name: str) -> None:
    """A change to any source changes the id."""
    before = find_provenance(project, CONFIG)
    with (project / name).open("a") as file:
        file.write("more")
    assert before.unique_id != find_provenance(project, CONFIG).unique_id


def test_hash_sees_where_one_file_ends(project: Path) -> None:
    """Moving text from one file to the next gives another id."""
    (project / "include/demo.h").write_text("ab")
    (project / "include/other.h").write_text("c")
    before = find_provenance(project, CONFIG)
    (project / "include/demo.h").write_text("a")
    (project / "include/other.h").write_text("bc")
    assert before.unique_id != find_provenance(project, CONFIG).unique_id


def test_hash_does_not_see_other_files(project: Path) -> None:
    """What is no part of the build does not change the id."""
    before = find_provenance(project, CONFIG)
    (project / "README.md").write_text("changed")
    (project / "include/__pycache__").mkdir()
    (project / "include/__pycache__/x.pyc").write_text("bytecode")
    assert before == find_provenance(project, CONFIG)


def test_no_commit_yet(project: Path) -> None:
    """In a repository without a commit the sources are hashed."""
    before = find_provenance(project, CONFIG)
    _git(project, "init", "--quiet")
    _git(project, "add", ".")
    assert before == find_provenance(project, CONFIG)


def test_repository_that_does_not_know_the_project(tmp_path: Path) -> None:
    """A project in an ignored folder of somebody's repository is not at that repository's commit."""
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / ".gitignore").write_text("inner\n")
    _commit(outer)
    assert find_provenance(_write(outer / "inner"), CONFIG).commit is None


def test_no_git_program(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without git the sources are hashed, though there is a repository."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert (12, None) == ((found := find_provenance(repository, CONFIG)).commit is None and len(found.unique_id), None)


def test_repository_of_somebody_else(repository: Path, tmp_path: Path) -> None:
    """Where another user owns the repository, nothing that its settings name is run; a note says why and what to do."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    canary = tmp_path / "canary"
    (repository / ".gitattributes").write_text("* filter=x\n")
    _git(repository, "config", "filter.x.clean", f"touch {canary}; cat")
    (repository / "build.toml").touch()
    for path in [repository, *repository.rglob("*")]:
        os.chown(path, 65534, 65534)
    found = find_provenance(repository, CONFIG)
    assert (None, 12) == (found.commit, len(found.unique_id))
    assert found.note is not None
    assert "git config --global --add safe.directory" in found.note
    assert not canary.exists()


def test_programs_that_a_repository_names_do_not_run(repository: Path, tmp_path: Path) -> None:
    """Asking git starts neither a hook nor the file monitor of the repository."""
    canary = tmp_path / "canary"
    script = repository / ".git/hooks/post-index-change"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    _git(repository, "config", "core.fsmonitor", str(script))
    (repository / "demo_cpu.cpp").touch()
    assert not find_provenance(repository, CONFIG).dirty
    assert not canary.exists()
    _git(repository, "status")
    assert canary.exists()


def test_index_is_left_alone(repository: Path) -> None:
    """Asking takes no lock and writes nothing, so it cannot disturb git at work beside us."""
    (repository / "demo_cpu.cpp").touch()
    (repository / ".git/index.lock").write_text("")
    index = (repository / ".git/index").read_bytes()
    assert not find_provenance(repository, CONFIG).dirty
    assert index == (repository / ".git/index").read_bytes()


def test_inputs(project: Path) -> None:
    """The inputs are build.toml, the sources, the include folders and the Python files, sorted; nothing twice."""
    (project / "torch-ext/demo_kernel/data.json").write_text("")
    (project / "torch-ext/demo_kernel/_ops.py").write_text("")
    expected = sorted(name for name in SOURCES if name != "README.md")
    assert tuple(expected) == build_inputs(project, CONFIG)


def test_missing_sources_are_left_out(project: Path) -> None:
    """A source that does not exist is no input; the reader of build.toml complains of it."""
    (project / "demo_cpu.cpp").unlink()
    assert "demo_cpu.cpp" not in build_inputs(project, CONFIG)


def test_inputs_of_a_python_only_kernel(project: Path) -> None:
    """Of a Python-only kernel the inputs are build.toml and the Python files."""
    assert ("build.toml", "torch-ext/demo_kernel/__init__.py") == build_inputs(project, noarch_config("cuda"))


def test_top_folder_as_include_folder(project: Path) -> None:
    """Builds, work folders and hidden folders below an include folder are no sources."""
    before = build_inputs(project, torch_config(include=(".",)))
    for name in ("build", "build-ext", ".kernel-builder", "result"):
        (project / name).mkdir()
        (project / name / "generated.h").write_text("")
    assert before == build_inputs(project, torch_config(include=(".",)))
    assert "README.md" in before


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"files": 3}', "no json", "[" * 100_000])
def test_damaged_manifest_hides_nothing(project: Path, manifest: str) -> None:
    """A manifest that cannot be read is no input, and takes nothing away from them."""
    before = build_inputs(project, torch_config(include=(".",)))
    (project / MANIFEST).write_text(manifest)
    assert before == build_inputs(project, torch_config(include=(".",)))


def test_manifest_hides_no_source(project: Path) -> None:
    """Whatever a manifest lists, the sources that build.toml names and the Python files stay inputs."""
    before = build_inputs(project, CONFIG)
    hidden = ("build.toml", "demo_cpu.cpp", "torch-ext/torch_binding.cpp", "torch-ext/demo_kernel/__init__.py")
    (project / MANIFEST).write_text(json.dumps({"unique-id": "x", "files": dict.fromkeys(hidden, "0")}))
    assert before == build_inputs(project, CONFIG)


def test_rendered_files_are_no_inputs(project: Path) -> None:
    """Writing the project files in place does not change the id of the build, even into an include folder."""
    config = torch_config(include=("torch-ext", "."))
    before = find_provenance(project, config)
    (project / "torch-ext/registration.h").write_text("generated")
    (project / MANIFEST).write_text('{"unique-id": "x", "files": {"torch-ext/registration.h": "0"}}')
    assert before == find_provenance(project, config)


def test_the_repository_of_a_hook_is_not_asked(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git names its own repository to the hooks that it runs; a project in another one keeps its commit."""
    expected = find_provenance(repository, CONFIG)
    other = _commit(_write(tmp_path / "other"))
    (other / "demo_cpu.cpp").write_text("int changed;\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert expected == find_provenance(repository, CONFIG)
