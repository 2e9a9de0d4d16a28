"""A matrix product for half-precision numbers, as a function."""

from typing import Optional

import torch

from ._ops import add_op_namespace_prefix, ops

__all__ = ["gemm"]


@torch.library.register_fake(add_op_namespace_prefix("gemm"))
def _gemm_fake(out: torch.Tensor, a: torch.Tensor, b: torch.Tensor, bias: Optional[torch.Tensor] = None) -> None:
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""


def gemm(
    a: torch.Tensor, b: torch.Tensor, bias: Optional[torch.Tensor] = None, out: Optional[torch.Tensor] = None
) -> torch.Tensor:
    """Multiply two matrices, and add a bias to each row of the product.

    Products are summed as float32 and rounded once. The function has no backward pass: no gradient flows from the
    result to what it was made of.

    Args:
        a: Matrix of float16 or bfloat16, with a multiple of 8 columns.
        b: Matrix of the same dtype with as many rows as ``a`` has columns, and a multiple of 8 columns.
        bias: Tensor of the same dtype, of one dimension, with an element for each column of ``b``; nothing is added
            when it is absent.
        out: Tensor for the result, of the same dtype; it must not overlap the others. A new tensor is made when it is
            absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        RuntimeError: a tensor has another dtype, shape or device than it should have, or ``out`` overlaps another.

    """
    if out is None:
        out = a.new_empty(a.shape[:1] + b.shape[1:])
    ops.gemm(out, a, b, bias)
    return out
