"""ReLU, as a function and as a layer."""

from typing import Optional

import torch

from . import layers
from ._ops import add_op_namespace_prefix, ops

__all__ = ["layers", "relu"]


@torch.library.register_fake(add_op_namespace_prefix("relu"))
def _relu_fake(out: torch.Tensor, input: torch.Tensor) -> None:  # noqa: A002 the op's schema names its arguments
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""


def relu(x: torch.Tensor, out: Optional[torch.Tensor] = None) -> torch.Tensor:
    """Replace the negative elements of a tensor by zero.

    The function has no backward pass: no gradient flows from the result to ``x``.

    Args:
        x: Tensor of any shape and memory layout; float32, float64, float16, bfloat16, uint8, int8, int16, int32
            or int64. NaN stays NaN.
        out: Tensor for the result, with the shape, dtype and device of ``x``. It can be ``x`` itself. A new
            tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        RuntimeError: ``x`` has another dtype, ``out`` does not fit ``x``, or the two overlap in part.

    """
    if out is None:
        out = torch.empty_like(x)
    ops.relu.default(out, x)  # the op has one overload, which need not be looked for
    return out
