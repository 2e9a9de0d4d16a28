"""ReLU from a library that depends on tvm-ffi alone, as a function of Torch tensors."""

from typing import Optional

import torch

# Written by kernel-builder: the functions that binding.cpp exports, of this build.
from ._ops import add_op_namespace_prefix, ops

__all__ = ["relu"]


# As an operator of Torch, the function is one step of torch.compile, which does not look into it.
@torch.library.custom_op(add_op_namespace_prefix("relu"), mutates_args=("out",))
def _relu(out: torch.Tensor, x: torch.Tensor) -> None:
    ops.relu(out, x)


def relu(x: torch.Tensor, out: Optional[torch.Tensor] = None) -> torch.Tensor:
    """Replace the negative elements of a tensor by zero.

    The function has no backward pass: no gradient flows from the result to ``x``.

    Args:
        x: Tensor of any shape and memory layout; float32, float64, float16, bfloat16, uint8, int8, int16, int32
            or int64. NaN stays NaN.
        out: Contiguous tensor for the result, with the shape, dtype and device of ``x``. It can be ``x`` itself. A
            new tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        TypeError: ``x`` has another dtype, or ``out`` another than ``x``.
        ValueError: ``x`` is on another kind of device than the build is for, ``out`` does not fit ``x`` otherwise, or
            the two overlap in part.

    """
    x = x.detach()  # tvm-ffi takes no tensor that requires a gradient
    if out is None:
        out = torch.empty_like(x, memory_format=torch.contiguous_format)
    # An operator of Torch costs several times what a call of tvm-ffi costs.
    function = _relu if torch.compiler.is_compiling() else ops.relu
    function(out, x.contiguous())
    return out
