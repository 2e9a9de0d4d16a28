"""The build matrix, and which of its worlds a kernel is built for.

The matrix is data (`build-matrix.json`, which Nix reads too); `select` applies a kernel's backends and bounds to it.
"""

from kernel_builder.matrix.github import github_matrix
from kernel_builder.matrix.rows import Matrix, Row, load_matrix
from kernel_builder.matrix.select import BuildTarget, host_platform, select, target_for

__all__ = ["BuildTarget", "Matrix", "Row", "github_matrix", "host_platform", "load_matrix", "select", "target_for"]
