"""What git says of the sources of a build; or the hash of the sources where there is no git.

The unique id of a build comes from here. It is never random: the same sources give the same id.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.config.model import KernelConfig, NoarchExtension
from kernel_builder.config.sources import GENERATED_FOLDERS, written_files
from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run

__all__ = ["GIT", "OUTSIDE_HOOKS", "Provenance", "build_inputs", "find_provenance"]

#: The environment for git: within a git hook these name the repository of the hook, whatever the folder is.
OUTSIDE_HOOKS = dict.fromkeys(("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"))

_COMMIT_DIGITS = 7
_CONTENT_DIGITS = 12
#: Git, such that looking into a repository runs nothing of it. Git's own check of who owns it stays on: to look into
#: somebody else's can run what its settings name.
GIT = (
    "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.quotePath=false",
)  # fmt: skip
_FOREIGN = "dubious ownership"
_GENERATED = ("__pycache__", *GENERATED_FOLDERS)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the sources of a build stand.

    Attributes:
        unique_id: what makes the names of this build unique: seven digits of the commit, with `_dirty` after them when
            a source differs from it; or twelve digits of the hash of the sources.
        commit: the full id of the commit, or `None` where there is no git.
        dirty: whether a source differs from the commit.
        note: why there is no commit although there is a repository, for the person who builds.
    """

    unique_id: str
    commit: str | None = None
    dirty: bool = False
    note: str | None = None

    @classmethod
    def of_commit(cls, commit: str, *, dirty: bool) -> "Provenance":
        """The provenance of sources at a commit, of 40 or 64 hexadecimal digits."""
        commit = commit.lower()
        return cls(commit[:_COMMIT_DIGITS] + ("_dirty" if dirty else ""), commit, dirty)


def find_provenance(project_dir: Path, config: KernelConfig) -> Provenance:
    """Ask git about a kernel project, or hash its sources where there is no repository, no commit or no git.

    A project is dirty when a tracked file below its folder has changed, or when the build takes in a file that git
    does not track (one that it ignores is such a file).
    """
    inputs = build_inputs(project_dir, config)
    try:
        # In a repository that does not track build.toml, the commit says nothing of this project.
        _git(project_dir, "ls-files", "--error-unmatch", "--", "build.toml")
        commit = _git(project_dir, "rev-parse", "--verify", "--quiet", "HEAD").strip()
        top = Path(_git(project_dir, "rev-parse", "--show-toplevel").rstrip("\n"))
        changes = _git(project_dir, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)build")
        tracked = _git(top, "ls-files", "-z", "--recurse-submodules").split("\0")
    except (ProcessError, ToolchainError) as error:
        return Provenance(_hash_inputs(project_dir, inputs), note=_why_no_commit(project_dir, error))
    known = {top.resolve() / name for name in tracked}
    dirty = bool(changes) or any((project_dir / path).resolve() not in known for path in inputs)
    return Provenance.of_commit(commit, dirty=dirty)


def build_inputs(project_dir: Path, config: KernelConfig) -> tuple[str, ...]:
    """The files that a build takes in, as sorted POSIX paths within the project; missing ones are left out.

    `build.toml`, the sources, the files below the include folders, and the Python files of the extension; what
    `create-pyproject` wrote is not one of them.
    """
    framework = config.framework
    names = {"build.toml"}
    folders: list[str] = []
    for part in (framework, *config.kernels):
        if not isinstance(part, NoarchExtension):
            names.update(part.src)
            folders += part.include
    extensions = tuple(f".{extension}" for extension in framework.pyext)
    found = {name for folder in folders for name in _below(project_dir, folder)} - written_files(project_dir)
    found |= {name for name in _below(project_dir, config.python_dir) if name.endswith(extensions)}
    names |= found - {f"{config.python_dir}/_ops.py"}
    return tuple(sorted(name for name in names if (project_dir / name).is_file()))


def _below(project_dir: Path, folder: str) -> Iterable[str]:
    for current, folders, files in os.walk(project_dir / folder):
        # The top folder may itself be an include folder: what we and others generate below it is no source.
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _GENERATED)
        for name in files:
            if name == ".git":
                continue  # the mark of a submodule
            yield (Path(current) / name).relative_to(project_dir).as_posix()


def _hash_inputs(project_dir: Path, inputs: Iterable[str]) -> str:
    hasher = hashlib.sha256()
    for name in inputs:
        contents = (project_dir / name).read_bytes()
        hasher.update(f"{len(name.encode())} {name} {len(contents)} ".encode())
        hasher.update(contents)
    return hasher.hexdigest()[:_CONTENT_DIGITS]


def _why_no_commit(project_dir: Path, error: ProcessError | ToolchainError) -> str | None:
    if isinstance(error, ProcessError) and _FOREIGN in error.output:
        return (
            f"git does not look into the repository of {project_dir}, because it belongs to another user; the build is "
            "named after the hash of its sources, not after the commit "
            f"(if you trust it: git config --global --add safe.directory {project_dir})"
        )
    if isinstance(error, ToolchainError) and any(
        (folder / ".git").exists() for folder in (project_dir, *project_dir.parents)
    ):
        return "git is not installed; the build is named after the hash of its sources, not after the commit"
    return None


def _git(project_dir: Path, *arguments: str) -> str:
    return run([*GIT, *arguments], cwd=project_dir, env=OUTSIDE_HOOKS)
