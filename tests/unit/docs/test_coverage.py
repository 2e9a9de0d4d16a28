"""The page on what is shown of the examples is that of a run, and the run's tests and examples are those of today."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from support.coverage import HOW, STAGES, CoverageWriter
from support.projects import EXAMPLES, ROOT
from support.scripts import load_script

from kernel_builder.config.reader import load_config

pytest_plugins = ["pytester"]


SCRIPT = load_script("update_coverage")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the last run has written."""
    found: dict[str, Any] = json.loads(SCRIPT.DOCUMENT.read_text("utf-8"))
    return found


def test_the_page_is_that_of_the_run(document: dict[str, Any]) -> None:
    """The page was not edited, nor its script without writing the page anew."""
    assert SCRIPT.PAGE.read_text("utf-8") == SCRIPT.write_page(document)


def test_every_example_is_rendered_for_each_backend(document: dict[str, Any]) -> None:
    """No example or backend is forgotten, and none is left of one that is no more."""
    shown = {(cell["example"], cell["backend"]) for cell in document["cells"]}
    rendered = {(cell["example"], cell["backend"]) for cell in document["cells"] if cell["stage"] == "renders"}
    there = {(example.name, one) for example in EXAMPLES for one in load_config(example).general.backends}
    assert (there, there) == (shown, rendered)


def test_every_cell_is_from_a_test_that_says_so(document: dict[str, Any]) -> None:
    """Each test of the run is still there, and says what it shows."""
    tests = {test for cell in document["cells"] for test in cell["tests"]}
    assert [] == [test for test in sorted(tests) if not _says(*test.split("::"))]


def test_every_stage_of_the_cpu_is_shown(document: dict[str, Any]) -> None:
    """What this project can show on every machine, it does: all of an example's way on the CPU, with real tools."""
    for example in EXAMPLES:
        if "cpu" in load_config(example).general.backends:
            stages = {cell["stage"] for cell in document["cells"] if _is(cell, example.name, "cpu", "yes")}
            compiled = bool(load_config(example).components("cpu"))
            assert stages == (set(STAGES) if compiled else {"renders", "loads", "computes"}), example.name


def test_a_run_is_written_down(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """What passes counts, also from other processes; what fails or is skipped does not."""
    pytester.makeconftest("from support.coverage import covers\n__all__ = ['covers']\n")
    pytester.makepyfile("""
        import pytest
        @pytest.mark.parametrize("backend", ["cpu", "cuda", "rocm"])
        def test_it(backend, covers):
            covers("relu", backend, "loads", "computes", how="in part")
            assert backend != "cuda"
            if backend == "rocm":
                pytest.skip("not here")
    """)
    pytester.inline_run("-p", "no:randomly", plugins=[CoverageWriter(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))["cells"]
    tests = ["test_a_run_is_written_down.py::test_it"]
    cell = {"example": "relu", "backend": "cpu", "how": HOW[1], "tests": tests}
    assert [{**cell, "stage": "computes"}, {**cell, "stage": "loads"}] == found


def _is(cell: dict[str, Any], example: str, backend: str, how: str) -> bool:
    return (example, backend, how) == (cell["example"], cell["backend"], cell["how"])


def _says(module: str, name: str) -> bool:
    functions = ast.walk(ast.parse((ROOT / module).read_text("utf-8")))
    bodies = [node for node in functions if isinstance(node, ast.FunctionDef) and node.name == name]
    calls = [call for body in bodies for call in ast.walk(body) if isinstance(call, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == "covers" for call in calls)
