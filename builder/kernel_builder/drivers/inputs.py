"""Whether what was compiled is what `build.toml` lists.

A header that is not listed is not in the hash of the sources, not covered by the commit, and not there when Nix builds
the kernel; so a build that takes one in is refused.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from kernel_builder.process import run

__all__ = ["unlisted_inputs"]


def unlisted_inputs(
    ninja: Path, cmake_dir: Path, project_dir: Path, *, listed: Iterable[str], generated: dict[str, str]
) -> list[str]:
    """The files of a project that the compiler read and that no key of `build.toml` names.

    Args:
        ninja: the program, which recorded what each object was made from.
        cmake_dir: CMake's build folder.
        project_dir: the project.
        listed: what `build.toml` names, as POSIX paths within the project.
        generated: what `create-pyproject` writes into a project, which does not count while it is up to date.

    Raises:
        ProcessError: when Ninja cannot answer.
    """
    top, environment = os.path.realpath(project_dir), os.path.realpath(sys.prefix)
    known = {os.path.realpath(project_dir / name) for name in listed}
    answer = run([ninja, "-C", cmake_dir, "-t", "deps"])
    # Most of the answer is headers of Torch and the system; only what is named within the project is looked at closely.
    named = {os.path.normpath(cmake_dir / line.strip()) for line in answer.splitlines() if line.startswith("    ")}
    paths = {os.path.realpath(path) for path in named if path.startswith((top + os.sep, str(project_dir) + os.sep))}
    inside = {Path(path) for path in paths - known if not path.startswith(environment + os.sep)}
    names = sorted(path.relative_to(top).as_posix() for path in inside if path.is_relative_to(top))
    return [
        name
        for name in names
        if not any(part.startswith(".") for part in name.split("/"))  # the work folder, a virtual environment
        and generated.get(name) != Path(top, name).read_text("utf-8", errors="replace")
    ]
