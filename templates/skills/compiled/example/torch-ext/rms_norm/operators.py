"""What torch.compile has to know of the operators; they themselves are compiled."""

import torch

from ._ops import add_op_namespace_prefix


@torch.library.register_fake(add_op_namespace_prefix("rms_norm"))
def _rms_norm_fake(out: torch.Tensor, input: torch.Tensor, weight: torch.Tensor, eps: float) -> None:  # noqa: A002 the op's schema names its arguments
    """Tell torch.compile that the op writes to ``out`` and returns nothing."""
