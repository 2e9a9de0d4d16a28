"""Layers whose ``forward`` can replace that of a layer in a model."""

import torch
from torch import nn

from .functions import rms_norm

__all__ = ["RMSNorm"]


class RMSNorm(nn.Module):
    """RMSNorm, in the place of a layer with a ``weight`` and a ``variance_epsilon``, as Llama has."""

    has_backward: bool = False
    can_torch_compile: bool = True

    weight: torch.Tensor
    variance_epsilon: float

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension."""
        return rms_norm(hidden_states, self.weight, self.variance_epsilon)
