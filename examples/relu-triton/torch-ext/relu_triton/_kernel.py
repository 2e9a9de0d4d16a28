"""The kernel in Triton."""

from contextlib import AbstractContextManager, nullcontext

import torch
import triton
import triton.language as tl

_BLOCK = 1024


@triton.jit
def _relu_kernel(out, x, count, BLOCK: tl.constexpr):  # noqa: ANN001, ANN202, N803 Triton's own types
    first = tl.program_id(0).to(tl.int64) * BLOCK  # a large tensor has more elements than an int32 counts
    offsets = first + tl.arange(0, BLOCK)
    inside = offsets < count
    value = tl.load(x + offsets, mask=inside)
    # This way round, a NaN passes, as in torch.relu.
    tl.store(out + offsets, tl.where(value < 0, tl.zeros_like(value), value), mask=inside)


_IS_COMPILED = isinstance(_relu_kernel, triton.runtime.JITFunction)


def relu_contiguous(out: torch.Tensor, x: torch.Tensor) -> None:
    """Write relu of ``x`` to ``out``: contiguous tensors of one shape, dtype and device, with at least one element."""
    if x.device.type == "cpu" and _IS_COMPILED:
        message = "Triton computes on a CPU in its interpreter only: set TRITON_INTERPRET=1 before Triton is imported"
        raise RuntimeError(message)
    count = x.numel()
    with _device_of(x):
        _relu_kernel[(triton.cdiv(count, _BLOCK),)](out, x, count, BLOCK=_BLOCK)


def _device_of(x: torch.Tensor) -> AbstractContextManager:
    """Make the device of a tensor the current one, on which Triton launches."""
    return nullcontext() if x.device.type == "cpu" else torch.get_device_module(x.device).device_of(x)
