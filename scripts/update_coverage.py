"""Writes the page that says what is shown of each example, from a run of the tests that show it.

    python scripts/update_coverage.py [--from FILE] [PYTEST_ARGUMENT...]

--from takes the file that `pytest --write-coverage FILE` wrote in a run of all tests; without it, those that say what
they show are run. Tests hold the page to docs/reference/coverage.json and that to the examples.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.coverage import HOW, STAGES
from support.projects import EXAMPLES, ROOT

from kernel_builder.config.model import KernelConfig, NoarchExtension
from kernel_builder.config.reader import load_config

__all__ = ["DOCUMENT", "PAGE", "write_page"]

DOCUMENT = ROOT / "docs" / "reference" / "coverage.json"
PAGE = DOCUMENT.with_suffix(".md")
_INTRO = """\
# What is shown of the examples

Each cell is from a test that passed in one run; the numbers name the tests below. `scripts/update_coverage.py` runs
them and writes this page.

- **yes**: with the real compiler, or by the real loader. A build for CUDA or ROCm is compiled, checked, loaded and
  registers its operators on a machine without a GPU, under a Torch that is made of the headers of the real one and says
  that it is for that accelerator. ROCm's code is compiled for nine of its ten listed GPUs.
- **in part**: the sources are compiled by other compilers than the vendor's, or computed on a CPU in place of the GPU.
- **stand-in**: programs that note what they are called with stand in for the vendor's, up to the end of the build.
- **no**: nothing here shows it. No test ran on a GPU or on macOS.
- **-**: there is nothing to do, because a Python-only kernel has no library, or its interpreter on the CPU no compiler.

"""


def write_page(document: dict[str, Any]) -> str:
    """The page, in Markdown, of what `--write-coverage` wrote."""
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    for cell in sorted(document["cells"], key=lambda cell: HOW.index(cell["how"])):
        best.setdefault((cell["example"], cell["backend"], cell["stage"]), cell)
    tests = sorted({test for cell in best.values() for test in cell["tests"]})
    shown = {
        key: f"{cell['how']} ({', '.join(str(1 + tests.index(test)) for test in cell['tests'])})"
        for key, cell in best.items()
    }
    facts = ", ".join(f"{name} {fact}" for name, fact in document["machine"].items())
    lines = [_INTRO + f"Run on {document['date']}: {facts}.\n"]
    lines.append(f"| example | backend | {' | '.join(STAGES)} |\n|{'---|' * (len(STAGES) + 2)}")
    lines += [row for example in EXAMPLES for row in _rows(example.name, load_config(example), shown)]
    lines.append("")
    lines += [f"{number}. `{test}`" for number, test in enumerate(tests, 1)]
    return "\n".join(lines) + "\n"


def _rows(name: str, config: KernelConfig, shown: dict[tuple[str, ...], str]) -> Iterator[str]:
    for backend in config.general.backends:
        none = ["-" if _nothing_to_do(config, backend, stage) else "no" for stage in STAGES]
        cells = [shown.get((name, backend, stage), said) for stage, said in zip(STAGES, none, strict=True)]
        yield f"| {name} | {backend} | {' | '.join(cells)} |"


def _nothing_to_do(config: KernelConfig, backend: str, stage: str) -> bool:
    return isinstance(config.framework, NoarchExtension) and (
        stage in ("configures", "links", "ABI-clean") or (stage, backend) == ("compiles", "cpu")
    )


def _run(file: Path, arguments: list[str]) -> int:
    """Run the tests that say what they show; the exit status of pytest."""
    tests = sorted((ROOT / "tests" / "integration").glob("test_*.py"))
    modules = [str(path) for path in tests if "covers: Covers" in path.read_text("utf-8")]
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--write-coverage", str(file), *arguments, *modules]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own command line


def main() -> int:
    """Run the tests or take what a run wrote, and write the page; the exit status of pytest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="what a run has written already")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or Path(folder) / "coverage.json"
        if options.source is None and (status := _run(source, arguments)):
            return status
        text = source.read_text("utf-8")
    DOCUMENT.write_text(text, "utf-8")
    PAGE.write_text(write_page(json.loads(text)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
