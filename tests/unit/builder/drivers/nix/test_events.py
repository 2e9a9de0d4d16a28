"""What Nix says while it works. The lines are those of Nix 2.8 and 2.34."""

import json
from typing import Any

import pytest

from kernel_builder.drivers.base import End, Event, Log, Note, Progress, Stage
from kernel_builder.drivers.nix.events import Listener, name_in_store

DRV = "/nix/store/nw2s30cqn6q982m93bf45hhgyamww1d1-relu-torch213-cxx11-cpu-x86_64-linux.drv"
CPU = "torch213-cxx11-cpu-x86_64-linux"
OTHER = "/nix/store/c1j9f6wqq4m3qrs21si4n6j54h2f5pip-torch-2.13.0.drv"


def _hear(*lines: str | dict[str, Any]) -> tuple[Listener, list[Event]]:
    events: list[Event] = []
    listener = Listener(events.append, {DRV: CPU})
    for line in lines:
        listener(line if isinstance(line, str) else f"@nix {json.dumps(line)}")
    return listener, events


def test_build() -> None:
    """The build of a variant goes by the variant's name; what Ninja counts is progress."""
    _, events = _hear(
        {"action": "start", "id": 1, "level": 0, "text": "", "type": 102},
        {"action": "start", "fields": [DRV, "", 1, 1], "id": 2, "level": 3, "text": "building", "type": 105},
        {"action": "result", "fields": ["buildPhase"], "id": 2, "type": 104},
        {"action": "result", "fields": ["compile"], "id": 2, "type": 104},
        {"action": "result", "fields": ["\x1b[1m[2/3] Building CXX object\x1b[0m"], "id": 2, "type": 101},
        {"action": "result", "fields": [1, 2, 3, 4], "id": 1, "type": 105},
        {"action": "stop", "id": 2},
        {"action": "stop", "id": 1},
    )
    expected = [
        Stage(CPU, "build"),
        Stage(CPU, "build"),
        Stage(CPU, "compile"),
        Progress(CPU, 2, 3),
        Log(CPU, "[2/3] Building CXX object"),
        End(CPU),
    ]
    assert expected == events


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ([OTHER, "", 1, 1], 105, Stage("torch-2.13.0", "build")),
        ([OTHER, "ssh://me@host", 1, 1], 105, Stage("torch-2.13.0", "build on ssh://me@host")),
        ([OTHER, "file:///cache"], 108, Stage("torch-2.13.0", "fetch from file:///cache")),
        ([OTHER, "daemon", "ssh://host"], 100, Stage("torch-2.13.0", "copy")),
    ],
)
def test_what_a_build_needs(fields: list[Any], kind: int, expected: Stage) -> None:
    """What is built, fetched or copied for a variant goes by its own name, and where it is done."""
    _, events = _hear(
        {"action": "start", "fields": fields, "id": 7, "level": 3, "text": "", "type": kind},
        {"action": "stop", "id": 7},
    )
    assert [expected, End("torch-2.13.0")] == events


def test_errors_and_warnings() -> None:
    """Errors are kept, warnings are notes, and talk is left out; without colours and links of a terminal."""
    link = "\x1b]8;;https://nix.dev\x1b\\manual\x1b]8;;\x1b\\"
    listener, events = _hear(
        {"action": "msg", "level": 0, "msg": "\x1b[31;1merror:\x1b[0m builder failed"},
        {"action": "msg", "level": 0, "msg": f"see the {link}"},
        {"action": "msg", "level": 1, "msg": "\x1b[35;1mwarning:\x1b[0m Git tree is dirty"},
        {"action": "msg", "level": 4, "msg": "evaluating file"},
    )
    assert (["error: builder failed", "see the manual"], [Note("Git tree is dirty")]) == (listener.errors, events)


def test_account_of_what_went_wrong() -> None:
    """The last lines of the log of a build that failed come before Nix's words, unless these have them."""
    start = {"action": "start", "fields": [OTHER, "", 1, 1], "id": 5, "type": 105}
    lines = [{"action": "result", "fields": [f"line {number}"], "id": 5, "type": 101} for number in range(40)]
    plain = {"action": "msg", "level": 0, "msg": f"error: builder for '{OTHER}' failed"}
    listener, _ = _hear(start, *lines, {"action": "stop", "id": 5}, plain)
    expected = [f"The last lines of the log of {OTHER}:", *(f"    line {number}" for number in range(15, 40))]
    assert [*expected, plain["msg"]] == listener.account.splitlines()
    full = {"action": "msg", "level": 0, "msg": f"error: builder for '{OTHER}' failed:\n > line 39"}
    assert full["msg"] == _hear(start, *lines, full)[0].account
    other = {"action": "msg", "level": 0, "msg": "error: interrupted"}
    assert "error: interrupted" == _hear(start, *lines, other)[0].account


def test_lines_that_are_no_events() -> None:
    """The answer of a command, and what is cut off, is kept as it came; what is not known does not disturb."""
    lines = ['{"names": []}', "@nix {cut off", "@nix 1", ""]
    listener, events = _hear(
        *lines,
        {"action": "stop", "id": 99},
        {"action": "result", "id": 99, "type": 101, "fields": ["x"]},
        {"action": "new"},
        {"action": "start", "id": 3, "type": 105},
    )
    assert (lines, [Stage("", "build")]) == (listener.lines, events)


@pytest.mark.parametrize(
    ("path", "name"), [(DRV, f"relu-{CPU}"), ("/nix/store/abc-a", "a"), ("/nix/store/abc", "abc"), ("", "")]
)
def test_name_in_store(path: str, name: str) -> None:
    """A path of the store goes by what follows its hash."""
    assert name == name_in_store(path)
