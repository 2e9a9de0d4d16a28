"""Everything that we measure ourselves by, against peers, in one run on one machine: what `make bench` runs.

    python benchmarks/run.py [--quick] [--json FILE] [--publish]

Each line is a median; both sides take turns. At the end comes the table of ratios, and the exit status is 1 when a
promise is missed. `--publish` writes benchmarks/results.json, the page docs/explanation/performance.md and its plot.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import abi, build, loader, startup
from benchmarks.page import PAGE, PLOT, plot, write_page
from benchmarks.results import Result, machine, print_heading, print_result

#: The parts, by the name that they have in documents.
PARTS = {"startup": startup, "check-abi": abi, "build": build, "loader": loader}
RESULTS = Path(__file__).with_name("results.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show everything, and tell whether every promise is kept."""
    parser = argparse.ArgumentParser(description="Measure against peers.")
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write what was measured")
    parser.add_argument("--publish", action="store_true", help="write results.json, the page and its plot")
    options = parser.parse_args(arguments)
    here = machine()
    print(", ".join(f"{name} {fact}" for name, fact in here.items()))
    found: dict[str, list[Result]] = {}
    for name, part in PARTS.items():
        print_heading(part.TITLE)
        found[name] = []
        for result in part.measure(quick=options.quick):
            print_result(result)
            found[name].append(result)
    document = _document(here, found)
    for path in [options.json, *([RESULTS] if options.publish else [])]:
        if path is not None:
            path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if options.publish:
        plot(document, PLOT)
        PAGE.write_text(write_page(document), "utf-8")
    return _conclude(found)


def _document(here: dict[str, Any], found: dict[str, list[Result]]) -> dict[str, Any]:
    parts = [
        {"name": name, "title": PARTS[name].TITLE, "results": [one.document() for one in results]}
        for name, results in found.items()
    ]
    return {"date": datetime.now(timezone.utc).date().isoformat(), "machine": here, "parts": parts}


def _conclude(found: dict[str, list[Result]]) -> int:
    """The table of ratios, and what was promised and not kept."""
    print_heading("All ratios")
    for results in found.values():
        for result in results:
            if result.ratio is not None:
                print_result(result)
    missed = [result.title for results in found.values() for result in results if result.missed]
    print("\nPromises missed:" if missed else "\nEvery promise is kept.", *missed, sep="\n  ")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
