"""The functions that transformers looks for in a kernel for attention."""

from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812 - as everywhere

from .calls import calls

__all__ = ["flash_attn_forward", "flash_attn_func", "flash_attn_varlen_func"]


def flash_attn_func(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    dropout_p: float = 0.0,
    softmax_scale: float | None = None,
    causal: bool = False,
) -> torch.Tensor:
    """Attention; all tensors are of the shape (batch, position, head, feature)."""
    calls.append("flash_attn_func")
    q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
    out = F.scaled_dot_product_attention(
        q, k, v, dropout_p=dropout_p, is_causal=causal, scale=softmax_scale, enable_gqa=True
    )
    return out.transpose(1, 2)


def flash_attn_varlen_func(*_arguments: Any) -> torch.Tensor:
    """Transformers wants it to be there."""
    raise NotImplementedError


def flash_attn_forward(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_more: Any,
) -> tuple[torch.Tensor, None]:
    """The interface of transformers itself: tensors of the shape (batch, head, position, feature)."""
    calls.append("flash_attn_forward")
    causal = attention_mask is None
    out = F.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, is_causal=causal, scale=scaling, enable_gqa=True
    )
    return out.transpose(1, 2), None
