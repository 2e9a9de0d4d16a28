"""A build that is killed at any moment leaves the old tree, the new one or none, and the next build succeeds."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.projects import contents, kernel_builder, make_tiny, variant_name

_KILLS = 50

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def _write_value(project: Path, value: int) -> None:
    # The Python file tells which version a tree is; the C++ file makes the compiler run.
    (project / "torch-ext" / "tiny" / "value.py").write_text(f"VALUE = {value}\n", "utf-8")
    (project / "tiny_cpu" / "tiny.cpp").write_text(f'extern "C" int tiny_value() {{ return {value}; }}\n', "utf-8")


def _command(project: Path) -> list[str]:
    return [sys.executable, "-m", "kernel_builder", "build", str(project), "--driver", "local"]


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_a_killed_build_never_leaves_half_a_tree(tmp_path: Path) -> None:
    """50 kills at random moments: each time the tree is a whole one, and the next build brings the new one."""
    project = make_tiny(tmp_path / "tiny")
    tree = project / "build" / variant_name()
    for value in (-1, 0):  # the second, like every build that is killed, finds the first one's objects
        _write_value(project, value)
        started = time.monotonic()
        assert kernel_builder("build", project, "--driver", "local").returncode == 0
        whole = time.monotonic() - started
    old = contents(tree)
    seed = random.randrange(2**32)  # noqa: S311 - not cryptography
    chance = random.Random(seed)  # noqa: S311
    killed = value = 0
    while killed < _KILLS:
        value += 1
        where = f"seed {seed}, round {value}, {killed} killed"
        assert value < 4 * _KILLS, f"{where}: most builds ended before they could be killed"
        _write_value(project, value)
        build = subprocess.Popen(_command(project), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole))
        build.send_signal(signal.SIGKILL)
        killed += build.wait() == -signal.SIGKILL
        left = contents(tree) if tree.exists() else None

        result = kernel_builder("build", project, "--driver", "local")
        assert result.returncode == 0, f"{where}: {result.stderr}"
        new = contents(tree)
        assert f"VALUE = {value}\n".encode() == new["value.py"], where
        assert left in (None, old, new), where
        assert [tree.name] == [path.name for path in tree.parent.iterdir()], where
        old = new


def test_an_interrupt_stops_the_compiler_and_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C ends the build with status 130 and one word, stops the compiler, and leaves no stage behind."""
    project = make_tiny(tmp_path / "tiny")
    slow = "".join(f'extern "C" int f{n}(int x) {{ return x * {n}; }}\n' for n in range(60_000))
    (project / "tiny_cpu" / "tiny.cpp").write_text(slow, "utf-8")
    build = subprocess.Popen(
        _command(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert build.stderr is not None
    for line in build.stderr:
        if line.rstrip().endswith(": compile"):
            break
    time.sleep(1)
    build.send_signal(signal.SIGINT)
    _, rest = build.communicate(timeout=30)
    assert 130 == build.returncode
    assert "Traceback" not in rest
    assert [] == _running_in(project)
    assert not (project / "build").exists() or [] == list((project / "build").iterdir())


def _running_in(project: Path) -> list[str]:
    if Path("/proc/self/cmdline").exists():
        commands = [_command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    else:
        listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        commands = listing.splitlines()
    return [command for command in commands if str(project) in command]


def _command_line(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""  # it ended meanwhile
