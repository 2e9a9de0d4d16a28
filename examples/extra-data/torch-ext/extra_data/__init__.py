"""Numbers of four bits, two in a byte, back to float32: by a table that comes with the kernel."""

import torch

from ._ops import add_op_namespace_prefix, ops
from ._tables import FORMATS, table

__all__ = ["FORMATS", "dequantize"]


@torch.library.register_fake(add_op_namespace_prefix("dequantize"))
def _dequantize_fake(codes: torch.Tensor, table: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    shape = (*codes.shape[:-1], 2 * codes.shape[-1])
    return codes.new_empty(shape, dtype=torch.float32)


def dequantize(codes: torch.Tensor, number_format: str) -> torch.Tensor:
    """Look up each half of each byte.

    Args:
        codes: Tensor of uint8 and shape ``(..., n)``, on the CPU. The lower four bits come first.
        number_format: One of ``FORMATS``: ``"int4"`` or ``"fp4_e2m1"``.

    Returns:
        A new tensor of float32 and shape ``(..., 2 * n)``.

    Raises:
        ValueError: there is no such format.
        RuntimeError: ``codes`` has another dtype.

    """
    return ops.dequantize(codes, table(number_format))
