"""Whether the loader can load a build."""

from pathlib import Path

from kernel_builder.errors import ProcessError
from kernel_builder.process import run

__all__ = ["check_load"]

# The folder that we are called from is no place to import from: a project may have a json.py of its own.
_LOAD = """
import sys
sys.path[:] = [place for place in sys.path if place]
from kernels import get_local_kernel
get_local_kernel(sys.argv[1])
"""


def check_load(tree: Path, python: Path) -> list[str]:
    """Load a build in a process of its own, as a user would; the error's own words are the problem."""
    try:
        # No bytecode: the tree must stay as it was built.
        run([python, "-B", "-c", _LOAD, tree])
    except ProcessError as error:
        return [f"the build does not load:\n{error.output}"]
    return []
