"""Whether the loader can load a build."""

from pathlib import Path

from kernel_builder.errors import ProcessError
from kernel_builder.process import run
from kernels.metadata import read_metadata

__all__ = ["check_load"]

# The folder that we are called from is no place to import from: a project may have a json.py of its own.
_LOAD = """
import sys
sys.path[:] = [place for place in sys.path if place]
from kernels import get_local_kernel
get_local_kernel(sys.argv[1], *sys.argv[2:])
"""


def check_load(tree: Path, python: Path) -> list[str]:
    """Load a build in a process of its own, as a user would; the error's own words are the problem.

    Raises:
        kernels.errors.KernelsError: when the metadata of the build cannot be read, which `check_contents` reports.
    """
    # A build for the CPU is a build for any Torch, but one that is made for an accelerator has to be asked for it.
    backend = ["cpu"] if read_metadata(tree).backend.type == "cpu" else []
    try:
        # No bytecode: the tree must stay as it was built.
        run([python, "-B", "-c", _LOAD, tree, *backend])
    except ProcessError as error:
        return [f"the build does not load:\n{error.output}"]
    return []
