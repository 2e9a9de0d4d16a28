"""What Torch has to know of the operators: the shapes of their results, and their derivatives."""

from typing import Any

import torch

from ._ops import add_op_namespace_prefix, ops


@torch.library.register_fake(add_op_namespace_prefix("relu"))
def _relu_fake(input: torch.Tensor) -> torch.Tensor:  # noqa: A002 the op's schema names its arguments
    return torch.empty_like(input)


@torch.library.register_fake(add_op_namespace_prefix("relu_backward"))
def _relu_backward_fake(grad: torch.Tensor, result: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    return torch.empty_like(result)


def _keep_result(ctx: Any, inputs: tuple, output: torch.Tensor) -> None:  # noqa: ARG001 Torch's own form
    # The result says as much as the input, and the next layer keeps it anyway.
    ctx.save_for_backward(output)


def _relu_backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
    (result,) = ctx.saved_tensors
    return ops.relu_backward(grad, result)


def _keep_gate(ctx: Any, inputs: tuple, output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.save_for_backward(inputs[1])


def _relu_backward_backward(ctx: Any, grad: torch.Tensor) -> tuple:
    # The backward pass is linear in the gradient, and a step function of the result.
    (result,) = ctx.saved_tensors
    return ops.relu_backward(grad, result), None


torch.library.register_autograd(add_op_namespace_prefix("relu"), _relu_backward, setup_context=_keep_result)
torch.library.register_autograd(
    add_op_namespace_prefix("relu_backward"), _relu_backward_backward, setup_context=_keep_gate
)
