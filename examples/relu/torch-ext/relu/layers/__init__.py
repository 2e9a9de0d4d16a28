"""Layers whose ``forward`` can replace that of a layer in a model."""

import torch
from torch import nn

from .._ops import ops  # noqa: TID252 a kernel is imported under a name of the loader's choice

__all__ = ["ReLU"]


class ReLU(nn.Module):
    """ReLU, in the place of ``torch.nn.ReLU``."""

    has_backward: bool = False
    can_torch_compile: bool = True

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 the name in torch.nn.ReLU
        """Return a new tensor with the negative elements of ``input`` replaced by zero."""
        out = torch.empty_like(input)
        ops.relu.default(out, input)
        return out
