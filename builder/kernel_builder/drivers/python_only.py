"""Makes one variant of a Python-only kernel: there is nothing to compile, and nothing has to be installed."""

from kernel_builder.drivers.base import BuildRequest, Made
from kernel_builder.matrix import BuildTarget
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.render import ops_id, render_ops
from kernel_builder.provenance import Provenance
from kernel_builder.tree import check_places, install_text

__all__ = ["make_python_only"]


def make_python_only(request: BuildRequest, provenance: Provenance, target: BuildTarget) -> Made:
    """Write what a build has beside the author's own files: `_ops.py`, and the metadata."""
    config, backend = request.config, target.row.compute.backend
    folder = request.work_dir / target.name
    check_places(folder)
    folder.mkdir(parents=True, exist_ok=True)
    install_text(request.work_dir / ".gitignore", "*\n")
    install_text(folder / "_ops.py", render_ops(config, backend, provenance.unique_id))
    metadata = build_metadata(config, backend, ops_id(config, backend, provenance.unique_id), provenance)
    return Made(files=(folder / "_ops.py",), metadata=metadata, toolchain={}, compiled=None)
