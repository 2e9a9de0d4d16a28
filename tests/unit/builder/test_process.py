"""Programs are run to their end, and end with us."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import become, prepared, run, run_bytes

PYTHON = sys.executable
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")


def test_output_is_returned() -> None:
    """What a program prints on standard output is the answer, without the last end of line."""
    assert "one\ntwo" == run([PYTHON, "-c", "print('one'); print('two')"])


def test_errors_do_not_mix_with_the_answer() -> None:
    """A warning on standard error is no part of the answer."""
    assert "answer" == run([PYTHON, "-c", "import sys; print('warning', file=sys.stderr); print('answer')"])


def test_bytes_come_as_they_are() -> None:
    """What a program is given and what it prints are the same bytes, whatever they are; a failure has its words."""
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    given = bytes(range(256)) * 1000 + b"\r\n\n"
    assert given == run_bytes([PYTHON, "-c", script], given)
    with pytest.raises(ProcessError) as caught:
        run_bytes([PYTHON, "-c", "import sys; sys.exit('no')"])
    assert (1, "no") == (caught.value.returncode, caught.value.output)


def test_lines_come_as_they_are_printed() -> None:
    """With a listener, both streams arrive line by line, and are returned too."""
    seen: list[str] = []
    script = "import os; os.write(1, b'one\\n'); os.write(2, b'two\\n'); os.write(1, b'three')"
    output = run([PYTHON, "-c", script], on_line=seen.append)
    assert (["one", "two", "three"], "one\ntwo\nthree") == (seen, output)


def test_only_the_last_lines_are_kept() -> None:
    """A talkative compiler does not fill the memory: the error carries the last 200 lines, the listener gets all."""
    seen: list[str] = []
    script = "import sys\nfor number in range(1000): print(number)\nsys.exit(1)"
    with pytest.raises(ProcessError) as raised:
        run([PYTHON, "-c", script], on_line=seen.append)
    assert "\n".join(map(str, range(800, 1000))) == raised.value.output
    assert [str(number) for number in range(1000)] == seen


def test_failure_carries_what_was_said() -> None:
    """A failing program's command, status and words, those on standard error included, are in the error."""
    command = [PYTHON, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    with pytest.raises(ProcessError) as raised:
        run(command)
    error = raised.value
    assert (tuple(command), 3, "out\nerr") == (error.command, error.returncode, error.output)
    assert str(error).endswith("failed with status 3")


def test_a_program_that_takes_too_long_is_stopped() -> None:
    """Within its time a program answers; one that hangs is ended, and the error says which and when."""
    assert "done" == run([PYTHON, "-c", "print('done')"], timeout=60)
    with pytest.raises(TimeoutError) as raised:
        run([PYTHON, "-c", "import time; time.sleep(600)"], timeout=0.25)
    assert str(raised.value).endswith("did not end within 0.25 seconds")


def test_death_by_signal_is_a_failure() -> None:
    """A program that is killed has failed, with the negative number of the signal."""
    with pytest.raises(ProcessError) as raised:
        run([PYTHON, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
    assert -signal.SIGKILL == raised.value.returncode


def test_bytes_that_are_no_text_are_replaced() -> None:
    """Output in another encoding does no harm."""
    assert "a�b" == run([PYTHON, "-c", "import os; os.write(1, b'a\\xffb')"])


def test_no_shell_is_involved(tmp_path: Path) -> None:
    """Arguments arrive as they are, whatever a shell would make of them."""
    nasty = f"$(touch {tmp_path}/canary); `touch {tmp_path}/canary` > {tmp_path}/canary"
    assert nasty == run([PYTHON, "-c", "import sys; print(sys.argv[1])", nasty])
    assert [] == list(tmp_path.iterdir())


def test_folder_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs in the folder, with the given variables beside our own."""
    monkeypatch.setenv("OUR_OWN", "kept")
    script = "import os; print(os.getcwd(), os.environ['OUR_OWN'], os.environ['GIVEN'])"
    assert f"{tmp_path} kept too" == run([PYTHON, "-c", script], cwd=tmp_path, env={"GIVEN": "too"})


def test_standard_input_is_empty() -> None:
    """No program can wait for a person to type."""
    assert "''" == run([PYTHON, "-c", "import sys; print(repr(sys.stdin.read()))"])


def test_missing_program_is_named() -> None:
    """A program that does not exist is named, with what to do."""
    with pytest.raises(ToolchainError, match="'/no/such/tool' was not found") as raised:
        run(["/no/such/tool", "--version"])
    assert "Install tool and run the command again." == raised.value.hint


def test_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    """Where the folder is what does not exist, the error names the folder."""
    with pytest.raises(FileNotFoundError) as raised:
        run([PYTHON, "--version"], cwd=tmp_path / "gone")
    assert str(tmp_path / "gone") == str(raised.value.filename)


def test_listener_that_fails_stops_the_program(tmp_path: Path) -> None:
    """Any exception on our side ends the program before it goes on."""
    pid = tmp_path / "pid"

    def fail(line: str) -> None:
        pid.write_text(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([PYTHON, "-uc", "import os, time; print(os.getpid()); time.sleep(600)"], on_line=fail)
    assert not _is_alive(int(pid.read_text()))


@pytest.mark.parametrize("listener", ["None", "lambda line: None"])
def test_interrupt_stops_the_program(tmp_path: Path, listener: str) -> None:
    """Ctrl-C ends the program too, even one that ignores the interrupt and the polite request to end."""
    child = "import os, signal, sys, time; signal.signal(2, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN)"
    parent, child_pid = _start_parent(tmp_path, child, listener)
    parent.send_signal(signal.SIGINT)
    _, errors = parent.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert not _is_alive(child_pid)


@LINUX_ONLY
@pytest.mark.parametrize("listener", ["None", "lambda line: None"])
def test_kill_ends_the_program_too(tmp_path: Path, listener: str) -> None:
    """When we are killed with no chance to clean up, Linux ends the program."""
    parent, child_pid = _start_parent(tmp_path, "import os, sys, time", listener)
    assert _is_alive(child_pid)
    parent.kill()
    parent.communicate(timeout=60)
    assert _becomes(False, child_pid)


def _start_parent(folder: Path, child: str, listener: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a process that runs a program with `run`, and wait until that one runs."""
    pid = folder / "pid"
    script = (
        f"{child}\nopen('{pid}.part', 'w').write(str(os.getpid()))\nos.rename('{pid}.part', '{pid}')\ntime.sleep(600)"
    )
    code = textwrap.dedent(f"""
        import sys
        from kernel_builder.process import prepared, run, run_bytes
        run([sys.executable, "-c", {script!r}], on_line={listener})
    """)
    parent = subprocess.Popen([PYTHON, "-c", code], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not pid.exists() and time.monotonic() < deadline and parent.poll() is None:
        time.sleep(0.01)
    return parent, int(pid.read_text())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # An orphan that nobody has collected is dead all the same.
    return not (status.is_file() and ") Z " in status.read_text())


def _becomes(alive: bool, pid: int) -> bool:
    deadline = time.monotonic() + 60
    while _is_alive(pid) != alive and time.monotonic() < deadline:
        time.sleep(0.01)
    return _is_alive(pid) == alive


def test_a_prepared_program_answers_what_it_is_given() -> None:
    """It starts before its input is known, and its output is what `run` would give."""
    with prepared([sys.executable, "-c", "import sys; print(sys.stdin.read().upper())"]) as ask:
        assert "LATE" == ask("late", 60)


def test_a_prepared_program_fails_as_others_do() -> None:
    """A status that is not zero, and more time than it may take, are errors."""
    with (
        prepared([sys.executable, "-c", "import sys; sys.exit('no: ' + sys.stdin.read())"]) as ask,
        pytest.raises(ProcessError) as caught,
    ):
        ask("question", 60)
    assert (1, "no: question") == (caught.value.returncode, caught.value.output)
    with (
        prepared([sys.executable, "-c", "import sys, time; sys.stdin.read(); time.sleep(600)"]) as ask,
        pytest.raises(TimeoutError, match=r"did not end within 0\.2 seconds"),
    ):
        ask("", 0.2)


def test_a_prepared_program_that_is_not_asked_is_stopped(tmp_path: Path) -> None:
    """Nothing is left running, whether it still waits or does not read its input at all."""
    pid = tmp_path / "pid"
    code = (
        f"import os, sys; open({str(pid)!r}, 'w').write(str(os.getpid())); os.rename({str(pid)!r}, {str(pid)!r} + '-');"
    )
    with prepared([sys.executable, "-c", f"{code} sys.stdin.read()"]):
        while not Path(f"{pid}-").exists():
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path(f"{pid}-").read_text()), 0)
    with prepared([sys.executable, "-c", "pass"]) as ask:
        assert "" == ask("x" * 1_000_000, 60)


def test_a_program_takes_our_place(tmp_path: Path) -> None:
    """It runs in the folder that it is given, under our process number, and its exit status is ours."""
    code = """
import os, sys
from pathlib import Path
from kernel_builder.process import become
print(os.getpid())
code = "import os, sys; print(os.getpid()); print(os.getcwd()); sys.exit(5)"
become([sys.executable, "-c", code], cwd=Path(sys.argv[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    first, second, folder = done.stdout.splitlines()
    assert (5, first, str(tmp_path)) == (done.returncode, second, folder)


def test_no_program_to_take_our_place(tmp_path: Path) -> None:
    """A missing program is named, and we are still there."""
    with pytest.raises(ToolchainError, match="the program 'no-such-program' was not found"):
        become(["no-such-program"], cwd=tmp_path)
