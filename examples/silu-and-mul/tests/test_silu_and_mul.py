"""silu_and_mul must be what Torch makes of two operators: in its values, in its gradients, and under torch.compile."""

from typing import Callable, Optional

import pytest
import torch
from silu_and_mul import layers, silu_and_mul
from silu_and_mul._ops import ops
from torch import nn

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
SHAPES = [(2,), (0,), (3, 0), (0, 8), (1, 2), (7, 6), (33, 66), (2, 3, 128), (5, 4098)]


def find_device() -> Optional[torch.device]:
    """Return the device that this build has a kernel for, or None where the machine has no such device."""
    if ops.silu_and_mul.default.has_kernel_for_dispatch_key(torch._C.DispatchKey.CPU):  # noqa: SLF001 no public name
        return torch.device("cpu")
    # ROCm devices are called "cuda" as well.
    return torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None


DEVICE = find_device()
pytestmark = pytest.mark.skipif(DEVICE is None, reason="this machine has no device for this build of the kernel")


def make_tensor(shape: tuple, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return a tensor of positive and negative numbers, the same at each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).mul(3).to(dtype).to(DEVICE)


def expected_of(x: torch.Tensor) -> torch.Tensor:
    """Return the result of Torch's own operators."""
    left, right = x.chunk(2, dim=-1) if x.shape[-1] else (x, x)
    return nn.functional.silu(left) * right


def gradient(function: Callable, x: torch.Tensor) -> torch.Tensor:
    """Return the gradient of a function at ``x``, for a gradient of its result that is not the same everywhere."""
    x = x.detach().requires_grad_()
    result = function(x)
    (found,) = torch.autograd.grad(result, x, torch.arange(result.numel()).view(result.shape).cos().to(result))
    return found


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_torch(shape: tuple, dtype: torch.dtype) -> None:
    """Every dtype and size gives what Torch's operators give, within the rounding of the dtype."""
    x = make_tensor(shape, dtype)
    torch.testing.assert_close(silu_and_mul(x), expected_of(x))
    torch.testing.assert_close(gradient(silu_and_mul, x), gradient(expected_of, x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize(
    "x",
    [
        make_tensor((4, 6, 8)).transpose(0, 2) if DEVICE else None,
        make_tensor((4, 6, 8))[:, ::2, 2:] if DEVICE else None,
        make_tensor((4, 8))[:1].expand(3, 8) if DEVICE else None,
        make_tensor((33,))[1:] if DEVICE else None,
    ],
    ids=["transposed", "with gaps", "expanded", "from an odd element on"],
)
def test_layouts(x: torch.Tensor) -> None:
    """The memory layouts of input and output do not matter."""
    expected = expected_of(x)
    torch.testing.assert_close(silu_and_mul(x), expected)
    torch.testing.assert_close(gradient(silu_and_mul, x), gradient(expected_of, x))
    memory = torch.zeros((*expected.shape, 3), device=DEVICE)
    out = memory[..., 1]
    assert silu_and_mul(x, out=out) is out
    torch.testing.assert_close(out, expected)
    assert not memory[..., ::2].any()  # what lies between the elements is left alone


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_large_numbers(dtype: torch.dtype) -> None:
    """Numbers whose exponential overflows give 0 or themselves, and NaN stays NaN."""
    x = torch.tensor(
        [[-10_000.0, 10_000.0, float("nan"), float("inf"), 1.0, 2.0, 3.0, 4.0]], dtype=dtype, device=DEVICE
    )
    torch.testing.assert_close(silu_and_mul(x), expected_of(x), equal_nan=True)


@pytest.mark.kernels_ci
def test_accuracy_over_the_range() -> None:
    """From where the exponential is 0 to where it overflows, float32 is within a few last bits of float64."""
    x = torch.linspace(-90, 90, 100_001, device=DEVICE)
    pairs = torch.stack([x, torch.ones_like(x)], dim=-1)
    expected = nn.functional.silu(x.double()).float()
    torch.testing.assert_close(silu_and_mul(pairs)[:, 0], expected, rtol=1e-6, atol=1e-35)
    wide = torch.cat([x, torch.ones_like(x)])
    torch.testing.assert_close(silu_and_mul(wide), expected, rtol=1e-6, atol=1e-35)


@pytest.mark.kernels_ci
def test_derivative() -> None:
    """The gradient is the one that differences of the function give."""
    assert torch.autograd.gradcheck(silu_and_mul, (make_tensor((3, 8), torch.float64).requires_grad_(),))


@pytest.mark.kernels_ci
def test_ops_are_well_formed() -> None:
    """Schemas, fake implementations and autograd agree with what the ops do."""
    x = make_tensor((3, 8))
    torch.library.opcheck(ops.silu_and_mul.default, (x.clone().requires_grad_(),))
    torch.library.opcheck(ops.silu_and_mul_out.default, (torch.empty(3, 4, device=DEVICE), x))
    torch.library.opcheck(ops.silu_and_mul_backward.default, (expected_of(x), x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layer", [layers.SiluAndMul, layers.SiluAndMulInference])
def test_layers(layer: type) -> None:
    """Both layers are pure, compute the same, and are compiled without graph breaks or recompilation."""
    x = make_tensor((4, 16))
    torch.testing.assert_close(layer()(x), expected_of(x))
    torch.compiler.reset()
    compiled = torch.compile(layer(), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected_of(x))
    with torch.compiler.set_stance("fail_on_recompile"):
        torch.testing.assert_close(compiled(x + 1), expected_of(x + 1))
    members = {name for name in vars(layer) if not name.startswith("__")}
    assert members == {"forward", "has_backward", "can_torch_compile"}


@pytest.mark.kernels_ci
def test_only_one_layer_can_be_trained() -> None:
    """The layer without a backward pass lets no gradient through, rather than a wrong one."""
    x = make_tensor((4, 16)).requires_grad_()
    assert layers.SiluAndMul()(x).requires_grad
    assert not layers.SiluAndMulInference()(x).requires_grad
    flags = {layer.__name__: layer.has_backward for layer in (layers.SiluAndMul, layers.SiluAndMulInference)}
    assert flags == {"SiluAndMul": True, "SiluAndMulInference": False}


@pytest.mark.kernels_ci
@pytest.mark.parametrize(
    ("x", "out", "words"),
    [
        (torch.zeros(3), None, r"shape \[3\], and its last dimension cannot be divided"),
        (torch.zeros(()), None, r"shape \[\], and its last dimension cannot be divided"),
        (torch.zeros(4, dtype=torch.int32), None, "dtype Int, which is not supported"),
        (torch.zeros(4), torch.zeros(4), r"out has shape \[4\], but the input has shape \[4\]"),
        (torch.zeros(4), torch.zeros(2, dtype=torch.float64), "out has dtype Double, but the input has dtype Float"),
    ],
)
def test_what_does_not_fit_is_refused(x: torch.Tensor, out: Optional[torch.Tensor], words: str) -> None:
    """The message says what is wrong with which tensor."""
    with pytest.raises(RuntimeError, match=words):
        silu_and_mul(x.to(DEVICE), out=None if out is None else out.to(DEVICE))


@pytest.mark.kernels_ci
def test_overlap_is_refused() -> None:
    """An output in the memory of the input is refused."""
    memory = make_tensor((40,))
    with pytest.raises(RuntimeError, match="single memory location"):
        silu_and_mul(memory[:32].view(4, 8), out=memory[24:].view(4, 4))
