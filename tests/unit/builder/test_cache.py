"""Where things are kept that are worth keeping between builds."""

import sys
from pathlib import Path

import pytest

from kernel_builder.cache import cache_dir, make_once


def test_the_folder_is_that_of_our_own_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KERNEL_BUILDER_CACHE names it, from the current folder where it is relative; nothing is made."""
    monkeypatch.setenv("KERNEL_BUILDER_CACHE", str(tmp_path / "cache"))
    assert tmp_path / "cache" / "things" == cache_dir("things")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERNEL_BUILDER_CACHE", "here")
    assert tmp_path / "here" / "things" == cache_dir("things")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders for caches")
def test_the_folder_is_that_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, Linux's own variable counts, and without that the home."""
    monkeypatch.delenv("KERNEL_BUILDER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg" / "kernel-builder" / "things" == cache_dir("things")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tmp_path / "home" / ".cache" / "kernel-builder" / "things" == cache_dir("things")


def test_what_is_made_is_made_once(tmp_path: Path) -> None:
    """A folder that is there is taken as it is, and one that is not there is made as a whole."""
    folder = tmp_path / "cache" / "thing"
    stages: list[Path] = []
    for _ in range(2):
        assert folder == make_once(folder, stages.append)
    assert (1, False, True) == (len(stages), stages[0].exists(), folder.is_dir())


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """What was half made when it failed is removed."""

    def fail(stage: Path) -> None:
        (stage / "file").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_once(tmp_path / "cache" / "thing", fail)
    assert [".lock"] == [path.name for path in (tmp_path / "cache").iterdir()]
