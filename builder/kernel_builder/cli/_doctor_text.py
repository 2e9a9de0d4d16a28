"""A report of the doctor as text for people, and as a JSON document."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import click

from kernel_builder.doctor.gather import WAYS, Report
from kernel_builder.doctor.model import Diagnosis, Status, Verdict
from kernel_builder.doctor.project import Project

__all__ = ["report_document", "report_text"]

_WORDS = {Status.YES: "yes", Status.NO: "no", Status.UNKNOWN: "?", Status.ELSEWHERE: "-"}
_COLORS = {Status.YES: "green", Status.NO: "red", Status.UNKNOWN: "yellow", Status.ELSEWHERE: None}
_HEADINGS = {"local": "build here", "nix": "build with Nix", "load": "load here"}
_ANSWER, _QUESTION = 7, 21
_INDENT = " " * (_ANSWER + _QUESTION)
#: The last lines of what a program said are shown; the JSON document has them all.
_SAID = 6


def report_text(report: Report) -> str:
    """The report for people: at most 80 columns wide but for what cannot be broken, in colors on a terminal."""
    parts = [[f"kernel-builder {report.version} on {report.platform}"], *_topics(report.diagnoses), _table(report)]
    if report.project is not None:
        parts.append(list(_project(report.project)))
    return "\n\n".join("\n".join(part) for part in parts)


def report_document(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "kernel-builder": report.version,
        "system": str(report.platform),
        "diagnoses": [_document(one) for one in report.diagnoses],
        "backends": {backend: {way: _verdict(ways[way]) for way in WAYS} for backend, ways in report.backends.items()},
        "project": None if report.project is None else _project_document(report.project),
    }


def _document(one: Diagnosis) -> dict[str, Any]:
    remedy = one.remedy
    return {
        "id": one.question.id,
        "topic": one.question.topic,
        "question": one.question.text,
        "status": one.status.value,
        "detail": one.detail,
        "said": one.said or None,
        "remedy": None if remedy is None else {"step": remedy.step or None, "commands": list(remedy.commands)},
        "needed-for": list(one.question.needed_for),
    }


def _verdict(found: Verdict) -> dict[str, Any]:
    return {"status": found.status.value, "because": [one.question.id for one in found.because]}


def _project_document(project: Project) -> dict[str, Any]:
    return {
        "path": str(project.path),
        "diagnoses": [_document(one) for one in project.diagnoses],
        "variants": [
            {"name": one.name, "local": one.local, "nix": one.nix, "reason": one.reason or None}
            for one in project.variants
        ],
    }


def _topics(diagnoses: Iterable[Diagnosis]) -> Iterator[list[str]]:
    order = list(dict.fromkeys(one.question.topic for one in diagnoses))
    by_topic = sorted(diagnoses, key=lambda one: order.index(one.question.topic))
    for topic, members in groupby(by_topic, key=lambda one: one.question.topic):
        yield [_styled(topic, bold=True), *(line for one in members for line in _lines(one))]


def _lines(one: Diagnosis) -> Iterator[str]:
    """The answer, and below it what a program said and what mends it."""
    head, *more = _wrapped(one.detail, len(_INDENT)) or [""]
    answer = _answer(one.status)
    yield f"{answer}{one.question.text:<{_QUESTION}}{head}".rstrip()
    yield from (f"{_INDENT}{line}" for line in more)
    yield from (f"{_INDENT}| {_clean(line)}" for line in one.said.splitlines()[-_SAID:])
    if one.remedy is not None:
        yield from (f"{_INDENT}{line}" for line in _wrapped(one.remedy.step, len(_INDENT)))
        yield from (f"{_INDENT}$ {_styled(command, bold=True)}" for command in one.remedy.commands)


def _answer(status: Status) -> str:
    return "  " + _styled(f"{_WORDS[status]:<{_ANSWER - 2}}", fg=_COLORS[status])


def _table(report: Report) -> list[str]:
    """What can be done for each backend, and below it what is in the way of the rest."""
    widths = [len(heading) + 3 for heading in _HEADINGS.values()]
    heading = "".join(f"{text:<{width}}" for text, width in zip(_HEADINGS.values(), widths, strict=True))
    lines = [_styled(f"{'':<10}{heading}".rstrip(), bold=True)]
    for backend, ways in report.backends.items():
        cells = [
            _styled(f"{_WORDS[ways[way].status]:<{width}}", fg=_COLORS[ways[way].status])
            for way, width in zip(WAYS, widths, strict=True)
        ]
        lines.append(f"  {backend:<8}{''.join(cells)}".rstrip())
    return [*lines, "", *_obstacles(report)]


def _obstacles(report: Report) -> Iterator[str]:
    """For each way that is barred, the backends and the questions whose answers bar it."""
    barred: dict[tuple[str, str], list[str]] = {}
    for backend, ways in report.backends.items():
        for way in WAYS:
            if ways[way].status in (Status.NO, Status.UNKNOWN):
                barred.setdefault((way, _to_mend(ways[way])), []).append(backend)
    for (way, names), backends in barred.items():
        yield from _wrapped(f"{', '.join(backends)}: to {_HEADINGS[way]}, mend: {names}", 2)


def _to_mend(found: Verdict) -> str:
    """The questions whose answers bar a way."""
    return ", ".join(dict.fromkeys(one.question.text for one in found.because))


def _project(project: Project) -> Iterator[str]:
    """What is to be said of the folder, and its variants; those that fail for the same reason stand together."""
    yield _styled(f"Project {project.path}", bold=True)
    for one in project.diagnoses:
        yield from _lines(one)
    by_reason: dict[tuple[bool, str], list[str]] = {}
    for variant in project.variants:
        by_reason.setdefault((variant.nix, variant.reason), []).append(variant.name)
    for (nix, reason), names in by_reason.items():
        how = "can be built here" if not reason else "can be built with Nix" if nix else "cannot be built here"
        can = Status.YES if nix or not reason else Status.NO
        head, *more = _wrapped(f"{how}{reason and ': '}{reason}", _ANSWER)
        yield f"{_answer(can)}{head}"
        yield from (f"{' ' * _ANSWER}{line}" for line in more)
        yield from (f"{' ' * _ANSWER}  {name}" for name in names)


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(_clean(text), _width() - indent, break_long_words=False, break_on_hyphens=False)


def _width() -> int:
    return max(60, min(shutil.get_terminal_size().columns, 80))


def _clean(text: str) -> str:
    """A text in which nothing can move the cursor or change the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _styled(text: str, *, fg: str | None = None, bold: bool | None = None) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=fg, bold=bold)
