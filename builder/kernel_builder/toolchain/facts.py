"""The facts of a framework that builds are made against: read by the code that a generated project reads them with."""

import json
import runpy
import sys
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.resources import templates_dir

__all__ = ["ask_facts"]


def ask_facts(framework: str, name: str, *, python: Path | None = None, place: Path | None = None) -> dict[str, str]:
    """Read the facts of a `torch` or `tvm-ffi` without importing it: a matter of milliseconds.

    Args:
        framework: the name of its table in `build.toml`.
        name: its name in a sentence.
        python: the interpreter whose it is; by default this one.
        place: a folder that this interpreter is to look into first.

    Returns:
        What `facts.py` of a generated project says; all of it as CMake code is the fact `cmake`.

    Raises:
        ToolchainError: when there is none, or one that cannot be used, or the interpreter does not run.
    """
    script = templates_dir() / "project" / "compiled" / "cmake" / "facts.py"
    try:
        if python is not None or place is not None:
            return _ask(python or Path(sys.executable), script, framework, place)
        facts: dict[str, str] = runpy.run_path(str(script))["facts_of"](framework)
    except SystemExit as problem:
        hint = f"Install {name} in {'this environment' if python is None else 'that environment'} and run again."
        raise ToolchainError(str(problem.code), hint=hint) from None
    return facts


def _ask(python: Path, script: Path, framework: str, place: Path | None) -> dict[str, str]:
    """What another interpreter says, or this one with a folder before its own.

    Raises:
        SystemExit: as the script raises it.
    """
    unfit = f"{python} is no Python interpreter that runs here"
    hint = "Name one, such as bin/python of a virtual environment."
    env = {"PYTHONPATH": None if place is None else str(place)}
    try:
        facts = json.loads(run([python, "-B", script, framework, "json"], env=env))
    except (PermissionError, ValueError):
        facts = None
    except ProcessError as error:
        raise SystemExit(error.output.strip() or unfit) from None
    if not isinstance(facts, dict):
        raise ToolchainError(unfit, hint=hint)
    return facts
