"""Findings as lines of text."""

from collections.abc import Iterable
from itertools import groupby

from kernel_builder.checks.findings import Finding

__all__ = ["listing"]


def listing(findings: Iterable[Finding]) -> list[str]:
    """A line for each finding: its severity, its place, what is wrong, and in brackets its check and code.

    The remedy follows on a line of its own, once for neighbours that have the same one. A message of several lines
    keeps them.
    """
    lines: list[str] = []
    for remedy, group in groupby(findings, lambda finding: finding.remedy):
        for finding in group:
            first, *others = f"{finding.severity}: {finding} [{finding.check}: {finding.code}]".splitlines()
            lines += [first, *(f"    {line}" for line in others)]
        if remedy:
            lines.append(f"  {remedy}")
    return lines
