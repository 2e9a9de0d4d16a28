"""Layers for the classes that the documents make extensible."""
# mypy: allow-subclassing-any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everywhere

from .functions import calls

__all__ = ["FastAttention", "LlamaRMSNorm", "SiluAndMul", "TrainingAttention"]


class SiluAndMul(nn.Module):
    """Takes the place of the documents' own `SiluAndMul`."""

    can_torch_compile = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The first half of each row through the sigmoid linear unit, times the second half."""
        calls.append("SiluAndMul")
        d = x.shape[-1] // 2
        return F.silu(x[..., :d]) * x[..., d:]


class LlamaRMSNorm(nn.Module):
    """Takes the place of a normalization with a weight."""

    weight: torch.Tensor
    variance_epsilon: float

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Each row divided by its root mean square, times the weight."""
        calls.append("LlamaRMSNorm")
        return F.rms_norm(hidden_states, self.weight.shape, self.weight, self.variance_epsilon)


class FastAttention(nn.Module):
    """Takes the place of something that only has the name of attention."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What it was given."""
        calls.append("FastAttention")
        return x.clone()


class TrainingAttention(FastAttention):
    """As `FastAttention`."""
