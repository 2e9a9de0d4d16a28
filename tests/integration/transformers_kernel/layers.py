"""Layers for the classes and functions that transformers makes extensible."""
# mypy: allow-subclassing-any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everywhere

from .calls import calls

__all__ = ["RMSNorm", "StatefulRMSNorm", "StatefulRMSNormLayout", "apply_rotary_transformers"]


class RMSNorm(nn.Module):
    """Uses the weight of the layer that it stands in for."""

    weight: torch.Tensor
    variance_epsilon: float

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Each row divided by its root mean square, times the weight."""
        calls.append("RMSNorm")
        return F.rms_norm(hidden_states, self.weight.shape, self.weight, self.variance_epsilon)


class StatefulRMSNorm(nn.Module):
    """Uses what its layout has."""

    weight: torch.Tensor
    epsilon: float

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Each row divided by its root mean square, times the weight."""
        calls.append("StatefulRMSNorm")
        return F.rms_norm(hidden_states, self.weight.shape, self.weight, self.epsilon)


class StatefulRMSNormLayout(nn.Module):
    """What transformers puts in the place of its own class, so that the layer finds what it needs."""

    def __init__(self, hidden_size: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.epsilon = eps


class apply_rotary_transformers(nn.Module):  # noqa: N801 - the name that transformers gives it
    """Rotary position embedding."""

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, unsqueeze_dim: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rotate queries and keys."""
        calls.append("apply_rotary_transformers")
        cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
        rotated_q, rotated_k = (torch.cat((-x.chunk(2, -1)[1], x.chunk(2, -1)[0]), -1) for x in (q, k))
        return q * cos + rotated_q * sin, k * cos + rotated_k * sin
