"""The same sources give the same bytes, whoever builds them, wherever and whenever."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.projects import ROOT, contents, copy_relu, git, variant_name

_NOBODY = 65534
# Another user that may still read a Python which lies in somebody's home.
_AS_NOBODY = ["setpriv", "--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups"]
_MAY_READ = ["--inh-caps", "+dac_read_search,+dac_override", "--ambient-caps", "+dac_read_search,+dac_override"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="kernels-elsewhere-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _build(project: Path, *, prefix: list[str], umask: int, env: dict[str, str]) -> dict[str, tuple[int, bytes]]:
    command = [*prefix, sys.executable, "-m", "kernel_builder", "build", str(project), "--driver", "local"]
    result = subprocess.run(
        command, env={**os.environ, **env}, umask=umask, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    tree = project / "build" / variant_name()
    return {name: (stat.S_IMODE((tree / name).stat().st_mode), data) for name, data in contents(tree).items()}


@pytest.mark.parametrize("with_git", [True, False], ids=["commit", "no-git"])
def test_two_builds_are_byte_identical(tmp_path: Path, open_folder: Path, *, with_git: bool) -> None:
    """Folder, umask, time zone, locale and (as root) user leave no trace in a build."""
    here, there = copy_relu(tmp_path / "here"), open_folder / "a rather long way" / "there"
    there.parent.mkdir()
    if with_git:
        git(here, "init", "--quiet")
        git(here, "add", ".")
        git(here, "commit", "--quiet", "--message", "first")
        git(here, "clone", "--quiet", str(here), str(there))
    else:
        copy_relu(there)
    one = _build(here, prefix=[], umask=0o022, env={"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"})

    as_other_user = os.geteuid() == 0 and shutil.which("setpriv") is not None
    if as_other_user:
        for path in (there.parent, *there.parent.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "USER": "somebody", "HOME": str(open_folder)}
    prefix = [*_AS_NOBODY, *_MAY_READ] if as_other_user else []
    other = _build(there, prefix=prefix, umask=0o077, env=env)
    assert one == other
    if os.geteuid() == 0 and not as_other_user:
        pytest.skip("setpriv is missing: all but the build as another user was compared")


def test_no_path_of_the_machine_is_in_a_build(built_relu: Path) -> None:
    """Neither the project's folder nor that of the environment stands in any file of a build."""
    tree = built_relu / "build" / variant_name()
    places = [os.fsencode(place) for place in (built_relu, ROOT, sys.prefix)]
    assert [] == [(name, place) for name, data in contents(tree).items() for place in places if place in data]
