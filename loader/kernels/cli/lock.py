"""`kernels lock`: pin the kernels of a project, and say what has changed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.cli.output import say, show

if TYPE_CHECKING:
    from kernels.lock import LockResult

__all__ = ["add_parser", "run"]

_EPILOG = """\
The pyproject.toml of the project says which kernels it needs, for instance:

  [tool.kernels.dependencies]
  "my-org/my-kernel" = 1

examples:
  kernels lock
  kernels lock path/to/project
  kernels lock --check"""

_SHORT = 12


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "lock",
        help="pin the kernels of a project to commits",
        description="Pin the kernels of a project to the commits that they have now, in its kernels.lock.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "project_dir", metavar="PROJECT_DIR", nargs="?", type=Path, default=Path(), help="the project; . by default"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; say what is wrong with the lock that is there"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from kernels.lock import check_lock, lock_project

    if arguments.check:
        problems = check_lock(arguments.project_dir, progress=_progress)
        show(*problems or ["The lock is as it should be."])
        return 1 if problems else 0
    result = lock_project(arguments.project_dir, progress=_progress)
    for warning in result.warnings:
        say(f"kernels: warning: {warning}")
    show(*_changes(result))
    say(f"Wrote {result.path}")
    return 0


def _progress(repo_id: str, done: int, known: int) -> None:
    say(f"[{done}/{known}] {repo_id}")


def _changes(result: "LockResult") -> list[str]:
    """A line for each repository that is locked, or was."""
    lines = []
    for repo_id in sorted(result.locks.keys() | result.before.keys()):
        old = result.before.get(repo_id, "")[:_SHORT]
        new = result.locks[repo_id].sha[:_SHORT] if repo_id in result.locks else ""
        if old == new:
            change = f"{new} (unchanged)"
        elif old and new:
            change = f"{old} → {new}"
        else:
            change = f"{new} (new)" if new else f"{old} (removed)"
        lines.append(f"{repo_id}: {change}")
    return lines
