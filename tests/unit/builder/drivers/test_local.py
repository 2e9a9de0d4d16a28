"""What the local driver takes care of beside the compiler."""

from pathlib import Path

import pytest
from support.projects import git, make_tiny_noarch

from kernel_builder.config.reader import load_config
from kernel_builder.drivers.base import BuildRequest, Event, Stage
from kernel_builder.drivers.local import LocalDriver
from kernel_builder.errors import CheckError


def test_a_python_file_that_changes_meanwhile_is_not_installed_as_the_commit(tmp_path: Path) -> None:
    """Once git was asked, a file that changes or appears stops the build: no variant claims a commit it is not at."""
    project = make_tiny_noarch(tmp_path / "kernel")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a kernel")
    config = load_config(project)
    installed: list[str] = []

    def report(event: Event) -> None:
        if isinstance(event, Stage) and event.name == "install":
            installed.append(event.variant)
            (project / config.python_dir / "new.py").write_text("late = True\n", "utf-8")

    with pytest.raises(CheckError, match="changed while the kernel was being built"):
        LocalDriver().build(BuildRequest(project_dir=project, config=config), report)
    assert installed == sorted(path.name for path in (project / "build").iterdir())
    assert len(installed) == 1
