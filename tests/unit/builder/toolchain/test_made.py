"""What is made for the cache is made once, and whole."""

import threading
from pathlib import Path

import pytest

from kernel_builder.toolchain.made import make_once


def test_what_is_made_is_made_once(tmp_path: Path) -> None:
    """A folder that is there is taken as it is, and one that is not there is made as a whole."""
    folder, stages = tmp_path / "cache" / "thing", list[Path]()
    for _ in range(2):
        assert folder == make_once(folder, stages.append)
    assert (1, False, True) == (len(stages), stages[0].exists(), folder.is_dir())


def test_two_at_once(tmp_path: Path) -> None:
    """Whoever comes while another one makes it waits, and takes what that one made."""
    folder, made = tmp_path / "cache" / "thing", list[str]()

    def slowly(stage: Path) -> None:
        made.append("first")
        other.start()
        waits.wait()
        (stage / "file").touch()

    waits = threading.Event()
    arguments = (folder, lambda stage: made.append("second"), waits.set)
    other = threading.Thread(target=make_once, args=arguments)
    make_once(folder, slowly)
    other.join()
    assert (["first"], True) == (made, (folder / "file").exists())


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """What was half made when it failed is removed."""

    def fail(stage: Path) -> None:
        (stage / "file").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_once(tmp_path / "cache" / "thing", fail)
    assert [".lock"] == [path.name for path in (tmp_path / "cache").iterdir()]
