"""Git repositories for tests: real ones, deaf to the settings of the machine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

__all__ = ["Repository", "needs_git", "own_git"]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def own_git(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let git have a fixed author and date, and know nothing of the machine, a workflow or what is above a folder.

    Args:
        monkeypatch: sets the environment.
        folder: where the repositories are.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    settings["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
    for who in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.com", f"GIT_{who}_DATE": "@0 +0000"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


class Repository:
    """A repository with the branch `main`."""

    def __init__(self, top: Path, files: Mapping[str, str | bytes | None]) -> None:
        self.top = top
        top.mkdir()
        self.git("-c", "init.defaultBranch=main", "init", "--quiet")
        self.commit(files)

    def git(self, *arguments: str) -> str:
        """Run git; what it printed."""
        done = subprocess.run(["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files by their POSIX paths; `None` removes one."""
        for name, contents in files.items():
            path = self.top / name
            if contents is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    def commit(self, files: Mapping[str, str | bytes | None] | None = None) -> str:
        """Write files, commit whatever has changed, even what is ignored, and return the id of the commit."""
        self.write(files or {})
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, files: Mapping[str, str | bytes | None]) -> str:
        """Commit files on a new branch that starts from `main`; the id of the commit."""
        self.git("checkout", "--quiet", "-b", name, "main")
        return self.commit(files)
