"""The facts of a framework that builds are made against: read by the code that a generated project reads them with."""

import runpy

from kernel_builder.errors import ToolchainError
from kernel_builder.resources import templates_dir

__all__ = ["ask_facts"]


def ask_facts(framework: str, name: str) -> dict[str, str]:
    """Read the facts of the `torch` or `tvm-ffi` of this interpreter, without importing it: a matter of milliseconds.

    Args:
        framework: the name of its table in `build.toml`.
        name: its name in a sentence.

    Returns:
        What `facts.py` of a generated project says; all of it as CMake code is the fact `cmake`.

    Raises:
        ToolchainError: when it has none, or one that cannot be used.
    """
    script = templates_dir() / "project" / "compiled" / "cmake" / "facts.py"
    try:
        facts: dict[str, str] = runpy.run_path(str(script))["facts_of"](framework)
    except SystemExit as problem:
        hint = f"Install {name} in this environment and run again."
        raise ToolchainError(str(problem.code), hint=hint) from None
    return facts
