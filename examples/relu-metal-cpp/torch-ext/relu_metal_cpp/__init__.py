"""ReLU for the GPUs of Apple."""

from typing import Optional

import torch

from ._ops import add_op_namespace_prefix, ops

__all__ = ["relu"]


@torch.library.register_fake(add_op_namespace_prefix("relu"))
def _relu_fake(out: torch.Tensor, input: torch.Tensor) -> None:  # noqa: A002 the op's schema names its arguments
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""


def relu(x: torch.Tensor, out: Optional[torch.Tensor] = None) -> torch.Tensor:
    """Replace the negative elements of a tensor by zero.

    The function has no backward pass: no gradient flows from the result to ``x``.

    Args:
        x: Contiguous tensor of any shape; float32, float16 or bfloat16. NaN stays NaN.
        out: Tensor for the result, contiguous, with the shape, dtype and device of ``x``. It can be ``x`` itself. A
            new tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        RuntimeError: ``x`` has another dtype or gaps, ``out`` does not fit ``x``, or the two overlap in part.

    """
    if out is None:
        out = torch.empty_like(x)
    ops.relu(out, x)
    return out
