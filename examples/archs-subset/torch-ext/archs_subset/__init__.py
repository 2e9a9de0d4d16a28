"""Sums of rows, with code of its own for devices that have thread block clusters."""

import torch

from ._ops import add_op_namespace_prefix, ops

__all__ = ["row_sum", "uses_clusters"]


@torch.library.register_fake(add_op_namespace_prefix("row_sum"))
def _row_sum_fake(input: torch.Tensor) -> torch.Tensor:  # noqa: A002 the op's schema names its arguments
    return input.new_empty(input.shape[:1])


def row_sum(x: torch.Tensor) -> torch.Tensor:
    """Sum each row of a matrix. The order of the sum does not change from run to run.

    Args:
        x: Tensor of float32 and shape ``(m, n)``, on a GPU.

    Returns:
        A new tensor of shape ``(m,)``.

    Raises:
        RuntimeError: ``x`` is of another dtype or shape.

    """
    return ops.row_sum(x)


def uses_clusters(x: torch.Tensor) -> bool:
    """Tell whether ``row_sum`` uses thread block clusters on the device of a tensor."""
    return ops.uses_clusters(x)
