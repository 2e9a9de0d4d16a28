"""The facts of a framework that builds are made against: asked by the same script that a generated project asks."""

import json
import sys
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run
from kernel_builder.resources import templates_dir

__all__ = ["ask_facts"]


def ask_facts(framework: str, name: str) -> dict[str, str]:
    """Ask the running interpreter for its `torch` or `tvm-ffi`; takes the time of a Python start.

    Args:
        framework: the name of its table in `build.toml`.
        name: its name in a sentence.

    Returns:
        What `facts.py` of a generated project prints; all of it as CMake code is the fact `cmake`.

    Raises:
        ToolchainError: when it has none, or one that cannot be used.
    """
    script = templates_dir() / "project" / "compiled" / "cmake" / "facts.py"
    try:
        facts: dict[str, str] = json.loads(run([Path(sys.executable), script, framework, "--format", "json"]))
    except ProcessError as error:
        hint = f"Install {name} in this environment and run again."
        raise ToolchainError(error.output.strip(), hint=hint) from None
    return facts
