"""Bringing the lock into the metadata that setuptools writes."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from setuptools import Distribution  # type: ignore[import-untyped]
from setuptools.command.egg_info import egg_info  # type: ignore[import-untyped]

from kernels.lock.egg_info import copy_lock

METADATA = Path("demo.egg-info", "kernels.lock")


def _copy(package_dir: dict[str, str] | None = None) -> None:
    """Do what setuptools does for the project in the working folder."""
    command = egg_info(Distribution({"name": "demo", "version": "1", "package_dir": package_dir}))
    command.finalize_options()
    Path(command.egg_info).mkdir(parents=True, exist_ok=True)
    copy_lock(command, "kernels.lock", f"{command.egg_info}/kernels.lock")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_lock_of_the_project_is_copied() -> None:
    """The lock in the metadata has the bytes of the one in the project, also when that has changed."""
    for text in (b"[]\r\n", b"\xff"):
        Path("kernels.lock").write_bytes(text)
        _copy()
        assert text == METADATA.read_bytes()


def test_a_lock_that_is_gone_is_removed() -> None:
    """A project that no longer has a lock has none in its metadata; one that never had one is left alone."""
    _copy()
    assert not METADATA.exists()

    METADATA.write_bytes(b"[]")
    _copy()
    assert not METADATA.exists()


@pytest.mark.parametrize("package_dir", [None, {"": "src"}])
def test_an_unpacked_source_distribution_keeps_its_lock(tmp_path: Path, package_dir: dict[str, str] | None) -> None:
    """It has the lock in its metadata only, which are read where they lie, and also when they are written elsewhere."""
    metadata = Path(package_dir[""] if package_dir else ".") / METADATA
    metadata.parent.mkdir(parents=True)
    metadata.write_bytes(b"[]")
    Path("PKG-INFO").touch()

    _copy(package_dir)
    assert b"[]" == metadata.read_bytes()

    command = egg_info(Distribution({"name": "demo", "version": "1", "package_dir": package_dir}))
    command.egg_base = str(tmp_path / "elsewhere")
    Path(command.egg_base, "demo.egg-info").mkdir(parents=True)
    command.finalize_options()
    copy_lock(command, "kernels.lock", str(tmp_path / "elsewhere" / METADATA))
    assert b"[]" == (tmp_path / "elsewhere" / METADATA).read_bytes()


def test_setuptools_knows_of_it() -> None:
    """The installed distribution has the entry point; where it is missing, install the loader anew."""
    (writer,) = entry_points(group="egg_info.writers", name="kernels.lock")

    assert copy_lock is writer.load()
