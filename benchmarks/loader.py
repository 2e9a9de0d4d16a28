"""Our loader against the newest one of the peer, in one run on one machine.

    python benchmarks/loader.py

Both are driven as black boxes by the same scripts, each in an environment of its own with the same Torch and the same
Hub client, in turn. Both ask the Hub of the tests, which has a process of its own and answers as slowly as a line says.
Where the peer cannot be installed, ours is measured alone.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.loading.environments import PEER, Environment, SetupError, ours, peer
from benchmarks.loading.hub import MANY, Hub, running_hub
from benchmarks.loading.projects import make_caller, make_lockfile, make_project
from benchmarks.loading.rows import Measurement, measurements
from benchmarks.loading.run import Failure, Laboratory, Sample
from benchmarks.loading.summary import summarize
from benchmarks.results import Result, print_heading, print_result

ROOT = Path(__file__).resolve().parents[1]
TITLE = f"loader; peer: kernels {PEER}"
_RUNS, _QUICK = 7, 3
_VERSIONS = Measurement((), kernels=("versions", MANY), cold=True)


def measure(*, quick: bool = False) -> Iterator[Result]:
    """Measure every row; a peer that cannot be installed is left out."""
    environments = [ours(ROOT), *_peer()]
    with running_hub() as hub, tempfile.TemporaryDirectory() as folder:
        planned = _plan(hub, Path(folder))
        laboratory = Laboratory(hub, Path(folder), environments)
        yield from _measure(laboratory, environments, planned, _QUICK if quick else _RUNS)
        if laboratory.imports(environments[0], _VERSIONS, "torch"):
            yield Result(title="kernels versions without importing Torch", clock="-", ours=None)


def _peer() -> Iterator[Environment]:
    try:
        yield peer()
    except SetupError as error:
        print(f"{error}\nThe peer, kernels {PEER}, is not here: ours is measured alone, and no ratio is checked.")


def _plan(hub: Hub, folder: Path) -> Sequence[Measurement]:
    """Put on the Hub and into a folder what the measurements need."""
    project, lockfile, callers = folder / "project", folder / "kernels.lock", folder / "callers"
    make_project(project)
    commit = hub.fill(str(project))
    make_lockfile(lockfile, commit)
    make_caller(callers, commit)
    return measurements(str(project), commit, str(lockfile), str(callers))


def _measure(
    laboratory: Laboratory, environments: Sequence[Environment], planned: Sequence[Measurement], runs: int
) -> Iterator[Result]:
    for measurement in planned:
        samples: dict[tuple[str, str], list[Sample | Failure]] = {}
        for run in range(runs):
            # In turn, and each of them first as often as the other.
            for environment in environments[:: -1 if run % 2 else 1]:
                found = laboratory.measure(environment, measurement)
                for row in measurement.rows:
                    samples.setdefault((row.step, environment.name), []).append(found.of(row.step))
        for row in measurement.rows:
            yield summarize(
                row, {environment.name: samples[row.step, environment.name] for environment in environments}
            )


if __name__ == "__main__":
    print_heading(TITLE)
    results = []
    try:
        for result in measure():
            print_result(result)
            results.append(result)
    except SetupError as error:
        sys.exit(str(error))
    sys.exit(any(one.missed for one in results))
