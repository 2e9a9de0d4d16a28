"""Skills: folders of instructions that AI coding assistants read, rendered from `templates/skills` and installed.

A skill is put together from parts, which `templates/skills/skills.json` lists: what all skills share, what the
compiled ones share, and what is its own. Where two parts have a file of one name, the later part's counts. A file whose
name ends in `.jinja` is a template; every other file is taken as it is.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from kernel_builder.errors import BuilderError, ExistingFilesError
from kernel_builder.resources import templates_dir
from kernel_builder.tree import install_tree, staging_dir

__all__ = [
    "MANIFEST",
    "Installed",
    "Skill",
    "assistants",
    "global_folder",
    "install_skills",
    "list_skills",
    "project_folder",
    "render_skill",
]

#: Lists the files that are the skill's, so that a later version knows which of them are no longer needed.
MANIFEST = ".kernel-builder.json"

_FOLDER = "skills"
_SUFFIX = ".jinja"
_LOCK = ".kernel-builder.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill that this version has.

    Attributes:
        name: the name of its folder.
        description: what it is for and when to use it, as its front matter says.
    """

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What came of installing one skill in one place.

    Attributes:
        skill: the name of the skill.
        path: its folder.
        state: `"added"`, `"replaced"` or `"up to date"`.
    """

    skill: str
    path: Path
    state: str


def list_skills() -> tuple[Skill, ...]:
    """The skills of this version; the first is the default of the command line."""
    return tuple(Skill(name=name, description=facts["description"]) for name, facts in _facts()["skills"].items())


def assistants() -> tuple[str, ...]:
    """The assistants whose folders are known."""
    return tuple(_facts()["assistants"])


def project_folder(assistant: str, project_dir: Path) -> Path:
    """Where an assistant looks for the skills of a project.

    Raises:
        BuilderError: when a link leads from there out of the project.
    """
    folder = project_dir / str(_facts()["assistants"][assistant]["project"])
    if not folder.resolve().is_relative_to(project_dir.resolve()):
        message = f"{folder} leads out of the project through a link"
        raise BuilderError(message, hint="Replace the link by a folder, or name the place with --dest.")
    return folder


def global_folder(assistant: str) -> Path:
    """Where an assistant looks for the skills of a user.

    Raises:
        BuilderError: when the home folder of the user is not known.
    """
    try:
        home = Path.home()
    except RuntimeError as error:
        message = f"the home folder is not known: {error}"
        raise BuilderError(message, hint="Set HOME, or name the place with --dest.") from None
    if not home.is_absolute():
        message = f"the home folder is not known: {str(home)!r} is no absolute path"
        raise BuilderError(message, hint="Set HOME, or name the place with --dest.")
    config = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    places = {"home": home, "config": config if config.is_absolute() else home / ".config"}
    return Path(str(_facts()["assistants"][assistant]["global"]).format_map(places))


def render_skill(name: str) -> dict[str, str]:
    """The files of a skill, by POSIX path within its folder; the same for the same version of the package."""
    from kernel_builder.project.environment import environment

    # The marks of blocks stand on lines of their own, which are no part of the text.
    env = environment().overlay(trim_blocks=True, lstrip_blocks=True)
    facts = _facts()["skills"][name]
    variables = {**facts, "skill": name}
    files: dict[str, str] = {}
    for part in (*facts["parts"], name):
        for path in _files(templates_dir() / _FOLDER / part):
            template = f"{_FOLDER}/{part}/{path}"
            if path.endswith(_SUFFIX):
                files[path.removesuffix(_SUFFIX)] = env.get_template(template).render(variables)
            else:
                files[path] = (templates_dir() / template).read_text("utf-8")
    files[MANIFEST] = json.dumps({"skill": name, "files": sorted([*files, MANIFEST])}, indent=2) + "\n"
    return dict(sorted(files.items()))


def install_skills(names: Sequence[str], folders: Sequence[Path], *, force: bool = False) -> list[Installed]:
    """Install skills, each into a folder of its own name in every one of `folders`.

    Every place is looked at before anything is written. A skill that is there already, and is the same, stays as it is;
    one that differs is replaced in one step. Files in it that no version of the skill wrote are the user's, and stay.

    Args:
        names: the skills.
        folders: folders of skills; made when they do not exist.
        force: whether a skill that differs may be replaced.

    Raises:
        ExistingFilesError: when a skill differs and `force` was not given; lists the files.
        BuilderError: when a file or a link is in the way, or a folder cannot be written to.
    """
    plans = [_plan(name, folder) for folder in folders for name in names]
    different = [str(plan.path / file) for plan in plans for file in plan.different]
    if different and not force:
        listing = "\n".join(f"  {file}" for file in different)
        message = f"skills are there already and differ from those of this version:\n{listing}"
        raise ExistingFilesError(message, hint="Pass --force to replace these files; others in the folders stay.")
    return [plan.carry_out() for plan in plans]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to do for one skill in one place.

    Attributes:
        skill: its name.
        path: its folder.
        files: what is to be in there.
        kept: files of the user in there.
        different: files in there that would be overwritten or removed.
        state: what the skill will have become.
    """

    skill: str
    path: Path
    files: dict[str, str]
    kept: tuple[str, ...]
    different: tuple[str, ...]
    state: str

    def carry_out(self) -> Installed:
        """Write the skill, unless it is up to date."""
        if self.state != "up to date":
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _lock(self.path.parent), staging_dir(self.path) as stage:
                for file, text in self.files.items():
                    _parent(stage / file).write_text(text, "utf-8", newline="\n")
                modes = {file: _copy(self.path / file, _parent(stage / file)) for file in self.kept}
                install_tree(stage, self.path)
                for file, mode in modes.items():
                    (self.path / file).chmod(mode)
        return Installed(skill=self.skill, path=self.path, state=self.state)


def _plan(name: str, folder: Path) -> _Plan:
    path, files = folder / name, render_skill(name)
    _check_place(path)
    found = tuple(_files(path)) if path.is_dir() else ()
    ours = files.keys() | _written(path)
    kept = tuple(file for file in found if file not in ours)
    for file in kept:
        # The places of folders and files change hands only when a skill does, and a user's file has no other place.
        if file in _folders(files) or any(parent in files for parent in _folders([file])):
            message = f"{path / file} is in the way of a file of the skill"
            raise BuilderError(message, hint="Move it elsewhere and run the command again.")
    different = tuple(file for file in found if file in ours and _text(path / file) != files.get(file))
    missing = files.keys() - set(found)
    state = ("replaced" if found else "added") if different or missing else "up to date"
    return _Plan(skill=name, path=path, files=files, kept=kept, different=different, state=state)


def _check_place(path: Path) -> None:
    """Refuse a place that is no folder or cannot be written to, and links, which could lead anywhere."""
    nearest = next(place for place in (path, *path.parents) if os.path.lexists(place))
    links = [place for place in (path, *path.rglob("*")) if place.is_symlink()]
    if links:
        message = f"{links[0]} is a link, and links are not followed"
    elif not nearest.is_dir():
        message = f"{nearest} is not a folder"
    elif not os.access(nearest, os.W_OK):
        message = f"{nearest} cannot be written to"
    else:
        return
    raise BuilderError(message, hint=f"Make room for a folder {path.name} there and run the command again.")


def _written(path: Path) -> set[str]:
    """The files that an earlier version wrote, as far as its manifest can be read."""
    try:
        files = json.loads((path / MANIFEST).read_text("utf-8"))["files"]
        return {str(file) for file in files}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def _files(folder: Path) -> Iterator[str]:
    """The files below a folder as sorted POSIX paths; bytecode does not count."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def _folders(files: Sequence[str] | dict[str, str]) -> set[str]:
    """The folders, as POSIX paths, that files lie in."""
    return {parent.as_posix() for file in files for parent in PurePosixPath(file).parents}


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        return None


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _copy(source: Path, target: Path) -> int:
    """Copy a file with its times; its mode is returned, because a tree that is installed gets modes of its own."""
    shutil.copy2(source, target)
    return source.stat().st_mode & 0o777


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time write to a folder of skills; nothing is left in it afterwards."""
    from filelock import FileLock

    lock = folder / _LOCK
    with FileLock(lock):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # another process waits for it, on a system that keeps it then
                lock.unlink()


@cache
def _facts() -> dict[str, Any]:
    """What `skills.json` says."""
    facts: dict[str, Any] = json.loads((templates_dir() / _FOLDER / "skills.json").read_text("utf-8"))
    return facts
