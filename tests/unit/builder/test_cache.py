"""Where things are kept that are worth keeping between builds."""

import sys
from pathlib import Path

import pytest

from kernel_builder.cache import cache_dir


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
