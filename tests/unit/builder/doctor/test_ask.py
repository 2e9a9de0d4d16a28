"""Programs are asked, and whatever they do, there is an answer in time."""

import os
from pathlib import Path

import pytest
from support.machines import Tools

from kernel_builder.doctor.ask import Answer, ask


def test_answer(tools: Tools) -> None:
    """What a program prints is the answer; its first line is the first with something in it."""
    answer = ask([tools.add("tool", "\n  one\ntwo")])
    assert (Answer(text="\n  one\ntwo"), "one") == (answer, answer.first_line)


def test_failure(tools: Tools) -> None:
    """A program that fails says why in its own words."""
    tool = tools.add("tool", "out", error="broken", status=3)
    assert Answer(problem="failed with status 3", said="out\nbroken") == ask([tool])


def test_no_program(tools: Tools) -> None:
    """A program that is not there is an answer too."""
    assert Answer(problem="the program 'no-such-tool' was not found") == ask(["no-such-tool"])


def test_not_a_program(tools: Tools) -> None:
    """So is a file that the system cannot run."""
    (tools.folder / "tool").write_bytes(b"\x00garbage")
    (tools.folder / "tool").chmod(0o755)
    assert ask([tools.folder / "tool"]).problem.startswith("cannot be run: ")


def test_a_program_that_hangs_is_ended(tools: Tools, tmp_path: Path) -> None:
    """A program that does not answer in time is ended; that is said."""
    pid = tmp_path / "pid"
    tool = tools.add("tool", body=f"echo $$ > '{pid}'; exec /bin/sleep 600")
    assert Answer(problem="did not answer within 0.5 seconds", hangs=True) == ask([tool], patience=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_no_program_gets_the_token(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login is not in the environment of what is asked; the rest of the environment is."""
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    monkeypatch.setenv("OTHER", "there")
    tool = tools.add("tool", body='printf "%s|%s" "$HF_TOKEN" "$OTHER"')
    assert "|there" == ask([tool]).text
