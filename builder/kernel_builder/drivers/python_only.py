"""Makes one variant of a Python-only kernel: there is nothing to compile, and nothing has to be installed."""

from kernel_builder.drivers.base import BuildRequest, Made
from kernel_builder.matrix import BuildTarget
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.render import ops_id, render_ops
from kernel_builder.provenance import Provenance
from kernel_builder.tree import check_places, install_text
from kernels.probe import probe_system
from kernels.variant import NoarchVariant, Variant

__all__ = ["make_python_only", "runs_here"]


def make_python_only(request: BuildRequest, provenance: Provenance, target: BuildTarget) -> Made:
    """Write what a build has beside the author's own files: `_ops.py`, and the metadata."""
    config, backend = request.config, target.row.compute.backend
    folder = request.work_dir / target.name
    check_places(folder)
    folder.mkdir(exist_ok=True)
    install_text(request.work_dir / ".gitignore", "*\n")
    install_text(folder / "_ops.py", render_ops(config, backend, provenance.unique_id))
    metadata = build_metadata(config, backend, ops_id(config, backend, provenance.unique_id), provenance)
    return Made(files=(folder / "_ops.py",), metadata=metadata, toolchain={}, compiled=None)


def runs_here(variant: Variant) -> bool:
    """Whether a build can be loaded here: a compiled one always, since it was made with what is installed.

    A Python-only one is made for every backend; here it loads when there is a Torch, and that computes on its backend.
    """
    if not isinstance(variant, NoarchVariant):
        return True
    try:
        system = probe_system()
    except ImportError:  # a Torch that is installed and broken
        return False
    return system.torch is not None and variant.backend in ("cpu", system.compute.backend)
