"""relu must be torch.relu: in its values, in its gradients, and under torch.compile."""

import inspect
from typing import Callable, Optional

import pytest
import relu_backprop_compile
import torch
from relu_backprop_compile import layers, relu
from relu_backprop_compile._ops import ops
from torch import nn

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (33, 65), (2, 3, 5, 7), (100_003,)]
LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.transpose(1, 3),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "with gaps": lambda x: x[:, ::2, 1:],
    "from an odd element on": lambda x: x.flatten()[1:],
    "expanded": lambda x: x[:1].expand(5, *x.shape[1:]),
}


def find_device() -> Optional[torch.device]:
    """Return the device that this build has a kernel for, or None where the machine has no such device."""
    if ops.relu.default.has_kernel_for_dispatch_key(torch._C.DispatchKey.CPU):  # noqa: SLF001 no public name
        return torch.device("cpu")
    # ROCm devices are called "cuda" as well.
    return torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None


DEVICE = find_device()
pytestmark = pytest.mark.skipif(DEVICE is None, reason="this machine has no device for this build of the kernel")


def make_tensor(shape: tuple, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return a tensor of positive and negative numbers, the same at each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype).to(DEVICE)


def assert_same(expected: torch.Tensor, actual: torch.Tensor) -> None:
    """Assert that values, dtype, shape and device are equal; NaN equals NaN."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


def gradient(function: Callable, x: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """Return the gradient of a function at ``x`` for a gradient of its result."""
    x = x.detach().requires_grad_()
    (found,) = torch.autograd.grad(function(x), x, grad)
    return found


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_torch(shape: tuple, dtype: torch.dtype) -> None:
    """Every dtype and size gives what torch.relu gives, forward and backward."""
    x, grad = make_tensor(shape, dtype), make_tensor(shape, dtype).cos()
    assert_same(torch.relu(x), relu(x))
    assert_same(gradient(torch.relu, x, grad), gradient(relu, x, grad))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """The memory layouts of input and gradient do not matter, and the result has the one that Torch would give it."""
    x = LAYOUTS[layout](make_tensor((4, 6, 8, 10)))
    grad = make_tensor(tuple(x.shape)).cos()
    assert_same(torch.relu(x), relu(x))
    assert torch.empty_like(x).stride() == relu(x).stride()
    assert_same(gradient(torch.relu, x, grad), gradient(relu, x, grad))
    assert_same(gradient(torch.relu, x, grad[..., :1].expand_as(x)), gradient(relu, x, grad[..., :1].expand_as(x)))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_special_values(dtype: torch.dtype) -> None:
    """NaN stays NaN in both directions, and infinities and the smallest numbers are on the right side of zero."""
    inf, nan, tiny = float("inf"), float("nan"), torch.finfo(dtype).tiny
    x = torch.tensor([inf, -inf, nan, tiny, -tiny, 0.0, -0.0] * 3, dtype=dtype, device=DEVICE)
    grad = torch.ones_like(x)
    assert_same(torch.relu(x), relu(x))
    assert_same(gradient(torch.relu, x, grad), gradient(relu, x, grad))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_every_16_bit_number(dtype: torch.dtype) -> None:
    """Of all 65536 bit patterns, forward and backward give what Torch gives."""
    x = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype).to(DEVICE)
    grad = torch.ones_like(x)
    assert_same(torch.relu(x), relu(x))
    assert_same(gradient(torch.relu, x, grad), gradient(relu, x, grad))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_sign_of_zero_on_cpu(dtype: torch.dtype) -> None:
    """On a CPU, torch.relu keeps the sign of zero, and so do we; on other devices Torch does as the device does."""
    if DEVICE.type != "cpu":
        pytest.skip("the sign of zero differs from device to device")
    x = torch.tensor([-0.0, 0.0, -1.0] * 11, dtype=dtype)
    assert torch.signbit(torch.relu(x)).tolist() == torch.signbit(relu(x)).tolist()


@pytest.mark.kernels_ci
def test_derivatives_of_first_and_second_order() -> None:
    """The gradients are those that differences of the function give."""
    # Away from zero, where there is no derivative.
    x = make_tensor((3, 5), torch.float64)
    x = (x + x.sign()).requires_grad_()
    assert torch.autograd.gradcheck(relu, (x,))
    assert torch.autograd.gradgradcheck(relu, (x,))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("shape", [(8,), (2, 3), (0,)], ids=str)
def test_ops_are_well_formed(shape: tuple) -> None:
    """Schemas, fake implementations and autograd agree with what the ops do."""
    x = make_tensor(shape)
    torch.library.opcheck(ops.relu.default, (x.clone().requires_grad_(),))
    torch.library.opcheck(ops.relu_backward.default, (x.clone().requires_grad_(), relu(x)))


@pytest.mark.kernels_ci
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # Torch's compiler imports what Torch gives up
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_a_training_step_is_compiled_once(backend: str) -> None:
    """Forward and backward are one graph without breaks, which serves every tensor of the shape."""
    model = nn.Sequential(nn.Linear(16, 16, bias=False), layers.ReLU(), nn.Linear(16, 4, bias=False)).to(DEVICE)
    torch.compiler.reset()
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    x = make_tensor((32, 16))

    def step(forward: Callable, x: torch.Tensor) -> list:
        model.zero_grad()
        forward(x).square().sum().backward()
        return [weight.grad.clone() for weight in model.parameters()]

    torch.testing.assert_close(step(compiled, x), step(model, x))
    with torch.compiler.set_stance("fail_on_recompile"):
        torch.testing.assert_close(step(compiled, x + 1), step(model, x + 1))


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool], ids=str)
def test_dtype_must_have_a_gradient(dtype: torch.dtype) -> None:
    """Integers are refused."""
    with pytest.raises(RuntimeError, match=r"dtype \w+, which has no gradient"):
        relu(torch.zeros(3, dtype=dtype, device=DEVICE))


@pytest.mark.kernels_ci
def test_layer_can_replace_torch_relu() -> None:
    """The layer is pure, gives what torch.nn.ReLU gives, and its forward takes what that of torch.nn.ReLU takes."""
    x = make_tensor((4, 5))
    assert_same(nn.ReLU()(x), layers.ReLU()(x))
    members = {name for name in vars(layers.ReLU) if not name.startswith("__")}
    assert members == {"forward", "has_backward", "can_torch_compile"}
    expected = list(inspect.signature(nn.ReLU.forward).parameters)
    assert list(inspect.signature(layers.ReLU.forward).parameters) == expected
    assert relu_backprop_compile.__all__ == ["layers", "relu"]
