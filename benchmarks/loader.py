"""Our loader against the newest one of the peer, in one run on one machine.

    python benchmarks/loader.py [--quick | --runs N] [--json FILE]

Both are driven as black boxes by the same scripts, each in an environment of its own with the same Torch and the same
Hub client, in turn; what is shown are medians, their ratio, and what we promise of it. Both ask the Hub of the tests,
which has a process of its own and answers as slowly as a line says. The exit status is 1 when a promise is missed.
Where the peer cannot be installed, ours is measured alone.
"""

import argparse
import json
import os
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
from benchmarks.loading.summary import Line, print_heading, print_line

ROOT = Path(__file__).resolve().parents[1]
_RUNS = 7
_QUICK = 3
_VERSIONS = Measurement((), kernels=("versions", MANY), cold=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show what is found, and tell whether every promise is kept."""
    options = _parser().parse_args(arguments)
    try:
        environments = [ours(ROOT), *_peer()]
        facts = {environment.name: environment.facts() for environment in environments}
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {options.runs} runs")
    for name, found in facts.items():
        print(f"{name}: kernels {found['version']} in {Path(found['file']).parent}, huggingface_hub {found['client']}")
    with running_hub() as hub, tempfile.TemporaryDirectory() as folder:
        planned = _plan(hub, Path(folder))
        laboratory = Laboratory(hub, Path(folder), environments)
        print_heading()
        lines = []
        for line in _measure(laboratory, environments, planned, options.runs):
            print_line(line)
            lines.append(line)
        imports_torch = {one.name: laboratory.imports(one, _VERSIONS, "torch") for one in environments}
    print("\nkernels versions imports Torch:", ", ".join(f"{name} {found}" for name, found in imports_torch.items()))
    missed = [line.row.title for line in lines if line.missed] + ["versions without Torch"] * imports_torch["ours"]
    if options.json:
        document = {
            "processors": os.cpu_count(),
            "python": sys.version.split()[0],
            "runs": options.runs,
            "environments": facts,
            "lines": [line.document() for line in lines],
            "versions_imports_torch": imports_torch,
            "missed": missed,
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if missed:
        print("Promises missed:", *missed, sep="\n  ")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the loader against the peer.")
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument(
        "--runs", type=int, default=_RUNS, metavar="N", help=f"how often each process runs (default: {_RUNS})"
    )
    runs.add_argument("--quick", action="store_const", dest="runs", const=_QUICK, help=f"the same as --runs {_QUICK}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write everything that was measured")
    return parser


def _peer() -> Iterator[Environment]:
    try:
        yield peer()
    except SetupError as error:
        print(f"{error}\nThe peer, kernels {PEER}, is not here: ours is measured alone, and no ratio is checked.\n")


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
) -> Iterator[Line]:
    for measurement in planned:
        samples: dict[tuple[str, str], list[Sample | Failure]] = {}
        for run in range(runs):
            # In turn, and each of them first as often as the other.
            for environment in environments[:: -1 if run % 2 else 1]:
                found = laboratory.measure(environment, measurement)
                for row in measurement.rows:
                    samples.setdefault((row.step, environment.name), []).append(found.of(row.step))
        for row in measurement.rows:
            yield Line(row, {environment.name: samples[row.step, environment.name] for environment in environments})


if __name__ == "__main__":
    sys.exit(main())
