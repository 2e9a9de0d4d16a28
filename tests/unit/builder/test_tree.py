"""A build tree is installed whole or not at all, whatever fails."""

import contextlib
import ctypes
import errno
import functools
import itertools
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel_builder.errors import BuilderError
from kernel_builder.tree import build_lock, install_text, install_tree, same_trees, staging_dir

OLD = {"__init__.py": "old", "sub/module.py": "old", "only-old.txt": ""}
NEW = {"__init__.py": "new", "sub/module.py": "new", "only-new.txt": ""}
CALLS = ("fsync", "open", "chmod", "rename", "close", "unlink", "rmdir")


@pytest.fixture(params=["exchange", "no exchange"])
def _exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of system: one that can exchange two folders in a step and one that cannot."""
    if request.param == "no exchange":
        monkeypatch.setattr(ctypes, "CDLL", lambda *arguments, **keywords: object())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a build goes; there is none yet."""
    return tmp_path / "build" / "torch-cpu"


def _fill(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def _install(target: Path, files: dict[str, str]) -> None:
    with staging_dir(target) as stage:
        install_tree(_fill(stage, files), target)


@pytest.mark.usefixtures("_exchange")
def test_first_build_and_the_next(target: Path) -> None:
    """A build takes its place, the next one replaces it wholly, and nothing is left beside it."""
    _install(target, OLD)
    assert OLD == _read(target)
    _install(target, NEW)
    assert NEW == _read(target)
    assert [target] == list(target.parent.iterdir())


def test_modes_do_not_depend_on_the_umask(target: Path) -> None:
    """Files are 644 and folders 755, whatever the staged ones were."""
    before = os.umask(0o077)
    try:
        _install(target, OLD)
    finally:
        os.umask(before)
    modes = {path.relative_to(target).as_posix(): path.stat().st_mode & 0o7777 for path in [target, *target.rglob("*")]}
    assert {".": 0o755, "sub": 0o755, **dict.fromkeys(OLD, 0o644)} == modes


class _Fault:
    """Makes the n-th call of a function fail, and counts the calls."""

    def __init__(self, call: Callable[..., Any], at: int) -> None:
        self.call, self.at, self.calls = call, at, 0

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.calls += 1
        if self.calls == self.at:
            raise OSError(errno.EIO, "injected")
        return self.call(*arguments, **keywords)


@pytest.mark.usefixtures("_exchange")
@pytest.mark.parametrize("first", [False, True], ids=["again", "first"])
def test_every_fault_leaves_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool) -> None:
    """Whichever call to the system fails, the target is the old tree or the new one, and a retry finishes the work."""
    hit = Counter[str]()
    for name in CALLS:
        for at in itertools.count(1):
            target = tmp_path / f"{name}-{at}" / "torch-cpu"
            if not first:
                _install(target, OLD)
            fault = _Fault(getattr(os, name), at)
            with monkeypatch.context() as patch:
                patch.setattr(os, name, fault)
                with contextlib.suppress(OSError):
                    _install(target, NEW)
            assert _read(target) in ({} if first else OLD, NEW), (name, at)
            _install(target, NEW)
            assert (NEW, [target]) == (_read(target), list(target.parent.iterdir())), (name, at)
            if fault.calls < at:
                break
            hit[name] += 1
    # Each of three files and of three folders was synced; what was hit proves that the faults were real.
    assert hit["fsync"] == len(NEW) + 3
    assert {"fsync", "open", "close"} <= set(hit)


KILLED = """
import ctypes, os, sys
from pathlib import Path
from kernel_builder.tree import install_tree, staging_dir
target, at, exchange = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "exchange"
if not exchange:
    ctypes.CDLL = lambda *arguments, **keywords: object()
events = 0
def hook(event, arguments):
    global events
    if event.split(".")[0] in ("open", "os", "ctypes", "shutil"):
        events += 1
        if events == at:
            os._exit(9)
with staging_dir(target) as stage:
    (stage / "sub").mkdir()
    for name in ("__init__.py", "sub/module.py", "only-new.txt"):
        (stage / name).write_text("" if name == "only-new.txt" else "new")
    sys.addaudithook(hook)
    install_tree(stage, target)
"""


@pytest.mark.parametrize("exchange", ["exchange", "no exchange"])
def test_every_death_is_mended_by_the_next_build(tmp_path: Path, exchange: str) -> None:
    """A death at any call leaves the old tree or the new one; without exchange, or none until the next build begins."""
    target = tmp_path / "build" / "torch-cpu"
    outcomes = []
    for at in range(1, 200):
        _install(target, OLD)
        command = [sys.executable, "-c", KILLED, str(target), str(at), exchange]
        done = subprocess.run(command, check=False)
        found = _read(target)
        assert found in ((OLD, NEW) if exchange == "exchange" else (OLD, NEW, {}))
        with staging_dir(target):
            assert _read(target) in (OLD, NEW)
        assert [target] == list(target.parent.iterdir())
        outcomes.append(done.returncode)
        if done.returncode == 0:
            break
    assert (0, {9}) == (outcomes[-1], set(outcomes[:-1]))


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_leftovers_that_cannot_be_written_are_removed(public_dir: Path) -> None:
    """A stage that a crash left read-only, as a copy from the Nix store is, does not stop the next build."""
    target = public_dir / "build" / "torch-cpu"
    stage = _fill(target.with_name(".stage-torch-cpu"), OLD)
    for folder in (stage / "sub", stage):
        folder.chmod(0o555)
    if os.geteuid() == 0:  # root may do anything: try as somebody else
        for path in [target.parent, stage, *stage.rglob("*")]:
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        with staging_dir(target) as fresh:
            assert [] == list(fresh.iterdir())
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


@pytest.mark.usefixtures("_exchange")
def test_link_in_the_place_of_the_target_is_replaced(target: Path, tmp_path: Path) -> None:
    """A link is replaced by the tree; what it pointed to stays."""
    elsewhere = _fill(tmp_path / "elsewhere", OLD)
    target.parent.mkdir()
    target.symlink_to(elsewhere)
    _install(target, NEW)
    assert (False, NEW, OLD) == (target.is_symlink(), _read(target), _read(elsewhere))


def test_stage_is_removed_when_the_build_fails(target: Path) -> None:
    """A build that fails leaves nothing."""

    def fail() -> None:
        with staging_dir(target) as stage:
            _fill(stage, NEW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [] == list(target.parent.iterdir())


def test_same_trees(tmp_path: Path) -> None:
    """Trees are the same when names and contents are; bytecode does not count."""
    left, right = _fill(tmp_path / "left", OLD), _fill(tmp_path / "right", OLD)
    _fill(right, {"sub/__pycache__/module.pyc": "bytecode"})
    assert same_trees(left, right)


def test_files_that_do_not_count(tmp_path: Path) -> None:
    """What is named beside the trees may differ or be missing on either side; every other file counts."""
    left, right = _fill(tmp_path / "left", OLD), _fill(tmp_path / "right", {**OLD, "signature": "new"})
    assert (False, True, True) == (
        same_trees(left, right),
        same_trees(left, right, besides=("signature",)),
        same_trees(right, left, besides=("signature",)),
    )
    (right / "__init__.py").write_text("new", "utf-8")
    assert not same_trees(left, right, besides=("signature",))


@pytest.mark.parametrize("change", [{"sub/module.py": "OLD"}, {"more.txt": ""}])
def test_different_trees(tmp_path: Path, change: dict[str, str]) -> None:
    """A change of the same length, or one more file, makes a difference, from either side."""
    left, right = _fill(tmp_path / "left", OLD), _fill(tmp_path / "right", {**OLD, **change})
    assert (False, False) == (same_trees(left, right), same_trees(right, left))


def test_tree_that_is_not_there_is_different(tmp_path: Path) -> None:
    """A build is never the same as none."""
    assert not same_trees(_fill(tmp_path / "left", OLD), tmp_path / "right")


def test_lock_holds_others_off(tmp_path: Path) -> None:
    """A second build waits until the first is done, and says so once."""
    order: list[str] = []
    waiting = threading.Event()

    def wait() -> None:
        order.append("wait")
        waiting.set()

    def second() -> None:
        with build_lock(tmp_path / "work", wait):
            order.append("second")

    with build_lock(tmp_path / "work", lambda: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        order.append("first")
    thread.join()
    assert ["wait", "first", "second"] == order


def test_lock_is_free_after_a_failure(tmp_path: Path) -> None:
    """A build that fails gives the lock back."""
    message = "fails"
    with pytest.raises(RuntimeError, match=message), build_lock(tmp_path, lambda: None):
        raise RuntimeError(message)
    waits: list[str] = []
    with build_lock(tmp_path, functools.partial(waits.append, "wait")):
        assert [] == waits


def test_leftover_files_and_links_are_removed(target: Path, tmp_path: Path) -> None:
    """Whatever is in the place of the stage goes, and a link's target does not."""
    elsewhere = _fill(tmp_path / "elsewhere", OLD)
    target.parent.mkdir()
    stage = target.with_name(".stage-torch-cpu")
    stage.symlink_to(elsewhere)
    with staging_dir(target) as fresh:
        assert (stage, False) == (fresh, fresh.is_symlink())
    stage.write_text("a file")
    with staging_dir(target) as fresh:
        assert fresh.is_dir()
    assert OLD == _read(elsewhere)


@pytest.mark.parametrize("what", ["link", "file"])
def test_the_lock_is_not_taken_elsewhere(tmp_path: Path, what: str) -> None:
    """Every driver works in the project's own folder: a link or a file in its place is refused before it is used."""
    work_dir, elsewhere = tmp_path / ".kernel-builder", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if what == "link":
        work_dir.symlink_to(elsewhere)
    else:
        work_dir.touch()
    with pytest.raises(BuilderError, match=f"is a {what}"), build_lock(work_dir, lambda: None):
        pass
    assert [] == list(elsewhere.iterdir())


@pytest.mark.parametrize(("mode", "expected"), [(None, 0o666), (0o640, 0o640)])
def test_a_text_is_written_as_it_is(tmp_path: Path, mode: int | None, expected: int) -> None:
    """With its ends of lines, nothing beside it, and the mode that is asked for or that of a new file."""
    file = tmp_path / "a.txt"
    file.write_text("old")
    before = os.umask(0)
    try:
        install_text(file, "a\r\nb\n", mode=mode)
    finally:
        os.umask(before)
    assert (b"a\r\nb\n", expected, [file]) == (
        file.read_bytes(),
        file.stat().st_mode & 0o777,
        list(tmp_path.iterdir()),
    )


def test_a_text_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file, and not the temporary one beside it."""
    file = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(FileNotFoundError) as caught:
        install_text(file, "a")
    assert str(file) == caught.value.filename
