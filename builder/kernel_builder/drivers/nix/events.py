"""What Nix says and does while it works, read from its log format `internal-json`.

Each line is `@nix ` and an object with an `action`: `start` and `stop` of an activity, a `result` of one, or a `msg`.
The numbers of activities and results are those of Nix's `logging.hh`; the same number means one thing of an activity
and another of a result.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kernel_builder.drivers.base import End, Log, Note, Progress, Report, Stage

__all__ = ["Listener", "name_in_store"]

_PREFIX = "@nix "
_COPY_PATH, _BUILD, _SUBSTITUTE = 100, 105, 108
_LOG_LINE, _SET_PHASE = 101, 104
_ERROR, _WARNING = 0, 1
#: Colours, and links of terminals.
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
#: How many of the last lines of a log are shown of a build that fails.
_LAST_LINES = 25
#: How Ninja counts.
_STEP = re.compile(r"\[(\d+)/(\d+)\] ")


class Listener:
    """Takes the lines that a program of Nix prints, and reports what they tell.

    Args:
        report: told of stages, lines of logs, and what Nix warns of.
        variants: derivation → the variant that it makes; others are reported under their own names.

    Attributes:
        errors: what Nix said that went wrong.
        lines: what it printed beside events: its answer.
    """

    def __init__(self, report: Report, variants: Mapping[str, str]) -> None:
        self.errors: list[str] = []
        self.lines: list[str] = []
        self._report = report
        self._variants = variants
        self._running: dict[int, str] = {}
        self._builds: dict[int, str] = {}
        self._logs: dict[str, deque[str]] = {}

    def __call__(self, line: str) -> None:
        """Take one line."""
        event: Any = None
        if line.startswith(_PREFIX):
            with suppress(ValueError):
                event = json.loads(line.removeprefix(_PREFIX))
        if not isinstance(event, dict):
            self.lines.append(line)
        elif event.get("action") == "start":
            self._start(event)
        elif event.get("action") == "stop":
            if (name := self._running.pop(event["id"], None)) is not None:
                self._report(End(name))
        elif event.get("action") == "result":
            self._result(event)
        elif event.get("action") == "msg":
            self._message(event["level"], _ESCAPES.sub("", str(event["msg"])))

    @property
    def account(self) -> str:
        """What went wrong: the last lines of the log of each build that Nix complains of, and Nix's own words."""
        said = "\n".join(self.errors)
        parts = []
        for path, lines in self._logs.items():
            # Some releases of Nix show them in their own words.
            if path in said and lines and lines[-1] not in said:
                parts += [f"The last lines of the log of {path}:", *(f"    {line}" for line in lines)]
        return "\n".join([*self.lines, *parts, *self.errors])

    def _start(self, event: dict[str, Any]) -> None:
        fields = event.get("fields") or [""]
        kind, path, place = event.get("type"), str(fields[0]), str(fields[1]) if len(fields) > 1 else ""
        if kind == _BUILD:
            stage = f"build on {place}" if place else "build"
        elif kind == _SUBSTITUTE:
            stage = f"fetch from {place}"
        elif kind == _COPY_PATH:
            stage = "copy"
        else:
            return
        if kind == _BUILD:
            self._builds[event["id"]] = path
            self._logs[path] = deque(maxlen=_LAST_LINES)
        name = self._variants.get(path) or name_in_store(path)
        self._running[event["id"]] = name
        self._report(Stage(name, stage))

    def _result(self, event: dict[str, Any]) -> None:
        name, fields = self._running.get(event["id"]), event.get("fields") or [""]
        if name is None:
            return
        if event.get("type") == _SET_PHASE:
            self._report(Stage(name, str(fields[0]).removesuffix("Phase")))
        elif event.get("type") == _LOG_LINE:
            line = _ESCAPES.sub("", str(fields[0]))
            if step := _STEP.match(line):
                self._report(Progress(name, int(step[1]), int(step[2])))
            self._report(Log(name, line))
            if event["id"] in self._builds:
                self._logs[self._builds[event["id"]]].append(line)

    def _message(self, level: int, text: str) -> None:
        if level == _ERROR:
            self.errors.append(text)
        elif level == _WARNING:
            self._report(Note(text.removeprefix("warning:").strip()))


def name_in_store(path: str) -> str:
    """The name of what lies in the store, without its hash: `relu-source` of `/nix/store/<hash>-relu-source`."""
    name = path.rpartition("/")[2].removesuffix(".drv")
    return name.partition("-")[2] or name
