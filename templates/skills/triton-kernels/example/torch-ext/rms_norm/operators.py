"""The kernel, and the operator that launches it."""

import torch
import triton
import triton.language as tl

from ._ops import add_op_namespace_prefix


@triton.jit
def _rms_norm_kernel(
    out_ptr,  # noqa: ANN001 Triton's annotations are for constants
    x_ptr,  # noqa: ANN001
    weight_ptr,  # noqa: ANN001
    x_stride,  # noqa: ANN001
    columns,  # noqa: ANN001
    eps,  # noqa: ANN001
    BLOCK: tl.constexpr,  # noqa: N803 Triton's custom for constants
) -> None:
    """Normalise one row: each program has a row, and holds it whole."""
    # Programs are numbered in 32 bits; a tensor of more than 2**31 elements needs offsets in 64.
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, BLOCK)
    inside = column < columns
    x = tl.load(x_ptr + row * x_stride + column, mask=inside, other=0.0).to(tl.float32)
    weight = tl.load(weight_ptr + column, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(x * x, axis=0) / columns + eps)
    tl.store(out_ptr + row * columns + column, (x * scale * weight).to(out_ptr.dtype.element_ty), mask=inside)


def _require(fits: bool, message: str) -> None:
    """Refuse arguments that the kernel cannot compute with."""
    if not fits:
        raise RuntimeError("rms_norm: " + message)


@torch.library.custom_op(add_op_namespace_prefix("rms_norm"), mutates_args=("out",))
def _rms_norm(out: torch.Tensor, input: torch.Tensor, weight: torch.Tensor, eps: float) -> None:  # noqa: A002
    """Check the tensors and launch the kernel, one program for each row."""
    columns = input.size(-1)
    _require(out.shape == input.shape, f"out has shape {tuple(out.shape)}, but the input {tuple(input.shape)}")
    _require(out.dtype == input.dtype == weight.dtype, "out, input and weight must have one dtype")
    _require(weight.shape == (columns,), f"weight has shape {tuple(weight.shape)}, but rows have {columns} elements")
    _require(out.is_contiguous() and weight.is_contiguous(), "out and weight must be contiguous")
    if input.numel() == 0:
        return
    x = input.reshape(-1, columns)
    block = triton.next_power_of_2(columns)
    warps = min(max(block // 512, 1), 16)
    _rms_norm_kernel[(x.size(0),)](out, x, weight, x.stride(0), columns, eps, BLOCK=block, num_warps=warps)


@_rms_norm.register_fake
def _rms_norm_fake(out: torch.Tensor, input: torch.Tensor, weight: torch.Tensor, eps: float) -> None:  # noqa: A002
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""
