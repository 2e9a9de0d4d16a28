"""RMS normalization with the widest registers that the CPU has."""

from typing import Tuple

import torch

from ._ops import add_op_namespace_prefix, ops

__all__ = ["paths", "rms_norm"]


@torch.library.register_fake(add_op_namespace_prefix("rms_norm"))
def _rms_norm_fake(
    input: torch.Tensor,  # noqa: A002 the op's schema names its arguments
    weight: torch.Tensor,  # noqa: ARG001
    eps: float,  # noqa: ARG001
    path: str,  # noqa: ARG001
) -> torch.Tensor:
    return torch.empty_like(input, memory_format=torch.contiguous_format)


def paths() -> Tuple[str, ...]:
    """Return the names of the code paths that this CPU can run, the best first."""
    return tuple(ops.paths())


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-6, path: str = "") -> torch.Tensor:
    """Divide each row by the root of the mean of its squares, and multiply it by ``weight``.

    Args:
        x: Tensor of float32 and shape ``(..., n)``, on the CPU.
        weight: Tensor of float32 and shape ``(n,)``, on the CPU.
        eps: Is added to the mean of the squares.
        path: The code path, one of ``paths()``; the best one by default.

    Returns:
        A new contiguous tensor of the shape of ``x``.

    Raises:
        RuntimeError: a dtype or a shape does not fit, or the CPU has no such path.

    """
    return ops.rms_norm(x, weight, eps, path)
