"""Findings as lines of text."""

from collections.abc import Iterable
from itertools import groupby

from kernel_builder.checks.findings import Finding

__all__ = ["listing", "printable"]


def listing(findings: Iterable[Finding]) -> list[str]:
    """A line for each finding: its severity, its place, what is wrong, and in brackets its check and code.

    The remedy follows on a line of its own, once for neighbours that have the same one. A message of several lines
    keeps them. Every line is `printable`.
    """
    lines: list[str] = []
    for remedy, group in groupby(findings, lambda finding: finding.remedy):
        for finding in group:
            place = f"{printable(finding.place)}: " if finding.file else ""
            text = f"{finding.severity}: {place}{finding.message} [{finding.check}: {finding.code}]"
            first, *others = map(printable, text.splitlines())
            lines += [first, *(f"    {line}" for line in others)]
        if remedy:
            lines.append(f"  {printable(remedy)}")
    return lines


def printable(line: str) -> str:
    r"""A line in which what a terminal would obey is written as in Python: `\x1b`.

    Names come from files that others made.
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
