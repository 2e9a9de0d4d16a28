"""The variants of a kernel as the job matrix of a workflow on GitHub.

The form is that of `strategy.matrix` with `include`: one object for each job. The labels of the machines are data
(`github-runners.json`).
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from kernel_builder.matrix.select import BuildTarget

__all__ = ["github_matrix", "github_runners"]


@cache
def github_runners() -> dict[str, str]:
    """System → the label of the machine that builds for it, in the order in which a job chooses its system."""
    document = json.loads(Path(__file__).with_name("github-runners.json").read_text("utf-8"))
    labels: dict[str, str] = document["runners"]
    return labels


def github_matrix(found: Mapping[str, Sequence[BuildTarget]]) -> dict[str, list[dict[str, str]]]:
    """One job for each variant.

    A Python-only variant is the same on every system; it gets one job, on the first system that has it, so that no
    two jobs make one build.

    Args:
        found: system → its variants.
    """
    jobs: dict[str, dict[str, str]] = {}
    for system, runner in github_runners().items():
        for target in found.get(system, ()):
            job = {"backend": target.row.compute.backend, "system": system, "runner": runner}
            jobs.setdefault(target.name, {"variant": target.name, **job})
    return {"include": list(jobs.values())}
