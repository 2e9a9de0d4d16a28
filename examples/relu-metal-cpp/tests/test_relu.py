"""relu must be torch.relu, on the GPU of a Mac."""

import pytest
import relu_metal_cpp as relu
import torch
from relu_metal_cpp._ops import ops

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (33, 65), (2, 3, 5, 7), (1_000_003,)]
DEVICE = torch.device("mps")

pytestmark = pytest.mark.skipif(not torch.backends.mps.is_available(), reason="this machine has no GPU for Metal")


def make_tensor(shape: tuple, dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor of positive and negative numbers, the same at each call."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(dtype).to(DEVICE)


def assert_same(expected: torch.Tensor, actual: torch.Tensor) -> None:
    """Assert that values, dtype, shape and device are equal; NaN equals NaN."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_result_is_that_of_torch(shape: tuple, dtype: torch.dtype) -> None:
    """Every dtype and size gives what torch.relu gives."""
    x = make_tensor(shape, dtype)
    assert_same(torch.relu(x), relu.relu(x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_every_16_bit_number(dtype: torch.dtype) -> None:
    """Of all 65536 bit patterns, the negative numbers become zero and the others stay."""
    patterns = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    expected = torch.where(patterns < 0, torch.zeros_like(patterns), patterns)
    assert_same(expected, relu.relu(patterns.to(DEVICE)).cpu())


@pytest.mark.kernels_ci
def test_in_place() -> None:
    """The output can be the input, from any element of its memory on, and the rest of the memory is left alone."""
    memory = make_tensor((35, 65), torch.float32)
    expected = memory.clone()
    expected[1:-1].relu_()
    view = memory[1:-1]
    assert relu.relu(view, out=view) is view
    assert_same(expected, memory)


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema, fake implementation and functionalization agree with what the op does."""
    x = make_tensor((2, 3), torch.float32)
    torch.library.opcheck(ops.relu.default, (torch.empty_like(x), x))


def test_what_does_not_fit_is_refused() -> None:
    """Another dtype, another shape, gaps, and an output that covers a part of the input are errors."""
    x = make_tensor((4, 6), torch.float32)
    with pytest.raises(RuntimeError, match="dtype Int, which is not supported"):
        relu.relu(x.to(torch.int32))
    with pytest.raises(RuntimeError, match=r"out has shape \[6\], but the input has shape \[4, 6\]"):
        relu.relu(x, out=x[0])
    with pytest.raises(RuntimeError, match="must be contiguous"):
        relu.relu(x[:, ::2], out=torch.empty(4, 3, device=DEVICE))
    with pytest.raises(RuntimeError, match="single memory location"):
        relu.relu(x[:-1], out=x[1:])
