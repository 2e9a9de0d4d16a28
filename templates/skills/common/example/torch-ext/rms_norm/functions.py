"""What Python code calls."""

from typing import Optional

import torch

from . import operators  # noqa: F401 registers what belongs to the operators
from ._ops import ops

__all__ = ["rms_norm"]


def rms_norm(
    x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-6, out: Optional[torch.Tensor] = None
) -> torch.Tensor:
    """Divide each row by the root of its mean square, and multiply it by the weight.

    The sums are made in float32. There is no backward pass: no gradient flows from the result.

    Args:
        x: tensor of at least one dimension; float32, float16 or bfloat16. The last dimension is normalised.
        weight: as long as the last dimension of ``x``, of its dtype.
        eps: what is added to the mean square.
        out: contiguous tensor for the result, with the shape, dtype and device of ``x``; it can be ``x`` itself.
            A new tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    """
    if out is None:
        out = torch.empty_like(x, memory_format=torch.contiguous_format)
    ops.rms_norm(out, x.contiguous(), weight.contiguous(), eps)
    return out
