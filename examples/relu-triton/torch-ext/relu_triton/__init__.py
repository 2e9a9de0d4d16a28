"""ReLU in Triton, as a function."""

from typing import Optional

import torch

# Written by kernel-builder: gives the operators of this build a name that no other build has.
from ._ops import add_op_namespace_prefix

__all__ = ["relu"]

_FLOATING_DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
_DTYPES = (*_FLOATING_DTYPES, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def _overlap_in_part(out: torch.Tensor, x: torch.Tensor) -> bool:
    """Say whether ``out`` is another view of the memory of ``x`` than ``x`` itself."""
    if out.numel() == 0 or out.untyped_storage().data_ptr() != x.untyped_storage().data_ptr():
        return False
    return (out.data_ptr(), out.stride()) != (x.data_ptr(), x.stride())


# As an operator of Torch it is one step for torch.compile, which does not look into it.
@torch.library.custom_op(add_op_namespace_prefix("relu"), mutates_args=("out",))
def _relu(out: torch.Tensor, x: torch.Tensor) -> None:
    # Here and not above: Triton is large, and need not be installed where a kernel is only looked at.
    from ._kernel import relu_contiguous  # noqa: PLC0415

    if _overlap_in_part(out, x):
        message = "out and the input overlap in part"
        raise ValueError(message)
    if x.numel() == 0:
        return
    if out.is_contiguous():
        relu_contiguous(out, x.contiguous())
        return
    result = torch.empty_like(out, memory_format=torch.contiguous_format)
    relu_contiguous(result, x.contiguous())
    out.copy_(result)


def relu(x: torch.Tensor, out: Optional[torch.Tensor] = None) -> torch.Tensor:
    """Replace the negative elements of a tensor by zero.

    The function has no backward pass: no gradient flows from the result to ``x``.

    Args:
        x: Tensor of any shape and memory layout; float32, float64, float16, bfloat16, uint8, int8, int16, int32
            or int64. NaN stays NaN.
        out: Tensor for the result, with the shape, dtype and device of ``x``. It can be ``x`` itself, but no other
            view of its memory. A new tensor is made when it is absent.

    Returns:
        ``out``, or the new tensor.

    Raises:
        ValueError: ``x`` has another dtype, ``out`` does not fit ``x``, or the two overlap in part.
        RuntimeError: ``x`` is on the CPU, and Triton is not interpreted there.

    """
    if x.dtype not in _DTYPES:
        message = f"the input has dtype {x.dtype}, which is not supported"
        raise ValueError(message)
    if out is None:
        out = torch.empty_like(x)
    for name in ("shape", "dtype", "device"):
        if getattr(out, name) != getattr(x, name):
            message = f"out has {name} {getattr(out, name)}, but the input has {name} {getattr(x, name)}"
            raise ValueError(message)
    _relu(out, x.detach())
    return out
