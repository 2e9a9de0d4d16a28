"""ReLU with a backward pass, as a function and as a layer."""

import torch

from . import (
    _autograd,  # noqa: F401 - registers what Torch has to know of the operators
    layers,
)
from ._ops import ops

__all__ = ["layers", "relu"]


def relu(x: torch.Tensor) -> torch.Tensor:
    """Replace the negative elements of a tensor by zero.

    Gradients of any order flow back to ``x``, and ``torch.compile`` takes the function into its graph.

    Args:
        x: Tensor of any shape and memory layout; float32, float64, float16 or bfloat16. NaN stays NaN.

    Returns:
        A new tensor.

    Raises:
        RuntimeError: ``x`` has another dtype.

    """
    return ops.relu(x)
