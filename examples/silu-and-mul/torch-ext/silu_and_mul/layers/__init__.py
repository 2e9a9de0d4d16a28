"""Layers whose ``forward`` can replace that of a layer in a model."""

import torch
from torch import nn

from .._ops import ops  # noqa: TID252 a kernel is imported under a name of the loader's choice

__all__ = ["SiluAndMul", "SiluAndMulInference"]


class SiluAndMul(nn.Module):
    """SiLU of the first half of each row times the second half; it can be trained."""

    has_backward: bool = True
    can_torch_compile: bool = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a new tensor of shape ``(..., d)`` for ``x`` of shape ``(..., 2 * d)``."""
        return ops.silu_and_mul(x)


class SiluAndMulInference(nn.Module):
    """The same without a backward pass: for models that are not trained, it keeps nothing for one."""

    has_backward: bool = False
    can_torch_compile: bool = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a new tensor of shape ``(..., d)`` for ``x`` of shape ``(..., 2 * d)``."""
        out = x.new_empty((*x.shape[:-1], x.shape[-1] // 2))
        ops.silu_and_mul_out(out, x)
        return out
