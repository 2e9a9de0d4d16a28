"""SiLU of one half of each row times the other half, as functions and as layers."""

from typing import Any, Optional

import torch

from . import layers
from ._ops import add_op_namespace_prefix, ops

__all__ = ["layers", "silu_and_mul"]


def silu_and_mul(x: torch.Tensor, out: Optional[torch.Tensor] = None) -> torch.Tensor:
    """Compute ``silu(x[..., :d]) * x[..., d:]``, where the last dimension of ``x`` has ``2 * d`` elements.

    Gradients flow back to ``x``, but not through ``out``.

    Args:
        x: Tensor of shape ``(..., 2 * d)`` and any memory layout; float32, float64, float16 or bfloat16.
        out: Tensor of shape ``(..., d)`` for the result, with the dtype and device of ``x`` and apart from its
            memory. A new tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        RuntimeError: ``x`` has another dtype or an odd last dimension, ``out`` does not fit, or the two overlap.

    """
    if out is None:
        return ops.silu_and_mul(x)
    ops.silu_and_mul_out(out, x)
    return out


@torch.library.register_fake(add_op_namespace_prefix("silu_and_mul_out"))
def _out_fake(out: torch.Tensor, input: torch.Tensor) -> None:  # noqa: A002 the op's schema names its arguments
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""


@torch.library.register_fake(add_op_namespace_prefix("silu_and_mul"))
def _fake(input: torch.Tensor) -> torch.Tensor:  # noqa: A002
    return input.new_empty((*input.shape[:-1], input.shape[-1] // 2))


@torch.library.register_fake(add_op_namespace_prefix("silu_and_mul_backward"))
def _backward_fake(grad: torch.Tensor, input: torch.Tensor) -> torch.Tensor:  # noqa: A002, ARG001
    return torch.empty_like(input, memory_format=torch.contiguous_format)


def _keep_input(ctx: Any, inputs: tuple, output: torch.Tensor) -> None:  # noqa: ARG001 Torch's own form
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
    (x,) = ctx.saved_tensors
    return ops.silu_and_mul_backward(grad, x)


torch.library.register_autograd(add_op_namespace_prefix("silu_and_mul"), _backward, setup_context=_keep_input)
