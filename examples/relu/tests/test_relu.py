"""relu must be torch.relu: in its values, in its memory layouts, and under torch.compile."""

import inspect
from typing import Optional

import pytest
import relu
import torch
from relu._ops import ops
from torch import nn

FLOATING_DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGER_DTYPES = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (33, 65), (2, 3, 5, 7), (1_000_003,)]


def find_device() -> Optional[torch.device]:
    """Return the device that this build has a kernel for, or None where the machine has no such device."""
    kernel = ops.relu.default
    if kernel.has_kernel_for_dispatch_key(torch._C.DispatchKey.CPU):  # noqa: SLF001 no public name
        return torch.device("cpu")
    # ROCm devices are called "cuda" as well.
    return torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None


DEVICE = find_device()
pytestmark = pytest.mark.skipif(DEVICE is None, reason="this machine has no device for this build of the kernel")


def make_tensor(shape: tuple, dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor of positive and negative numbers, the same at each call."""
    if DEVICE.type == "mps" and dtype == torch.float64:
        pytest.skip("Metal has no float64")
    generator = torch.Generator().manual_seed(0)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype).to(DEVICE)
    limits = torch.iinfo(dtype)
    return torch.randint(limits.min, limits.max, shape, generator=generator, dtype=dtype).to(DEVICE)


def assert_same(expected: torch.Tensor, actual: torch.Tensor) -> None:
    """Assert that values, dtype, shape and device are equal; NaN equals NaN."""
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


# Values


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", FLOATING_DTYPES + INTEGER_DTYPES, ids=str)
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
@pytest.mark.parametrize("dtype", FLOATING_DTYPES, ids=str)
def test_special_values(dtype: torch.dtype) -> None:
    """NaN stays NaN, and infinities and the smallest numbers are on the right side of zero."""
    make_tensor((), dtype)  # skips a dtype that the device does not have
    inf, nan, tiny = float("inf"), float("nan"), torch.finfo(dtype).tiny
    x = torch.tensor([inf, -inf, nan, -nan, tiny, -tiny, 0.0, -0.0] * 3, dtype=dtype, device=DEVICE)
    expected = torch.tensor([inf, 0.0, nan, nan, tiny, 0.0, 0.0, 0.0] * 3, dtype=dtype, device=DEVICE)
    assert_same(expected, relu.relu(x))


@pytest.mark.parametrize("dtype", FLOATING_DTYPES, ids=str)
def test_sign_of_zero_on_cpu(dtype: torch.dtype) -> None:
    """On a CPU, torch.relu keeps the sign of zero, and so do we; on other devices Torch does as the device does."""
    if DEVICE.type != "cpu":
        pytest.skip("the sign of zero differs from device to device")
    x = torch.tensor([-0.0, 0.0, -1.0] * 11, dtype=dtype)
    assert torch.signbit(torch.relu(x)).tolist() == torch.signbit(relu.relu(x)).tolist()


@pytest.mark.parametrize("dtype", INTEGER_DTYPES, ids=str)
def test_integer_limits(dtype: torch.dtype) -> None:
    """The smallest and the largest integers are handled."""
    limits = torch.iinfo(dtype)
    x = torch.tensor([limits.min, limits.min + 1, 0, 1, limits.max], dtype=dtype, device=DEVICE)
    expected = torch.tensor([0, max(0, limits.min + 1), 0, 1, limits.max], dtype=dtype, device=DEVICE)
    assert_same(expected, relu.relu(x))


# Memory


LAYOUTS = {
    "transposed": lambda x: x.transpose(1, 3),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "with gaps": lambda x: x[:, ::2, 1:],
    "from an odd element on": lambda x: x.flatten()[1:],
    "expanded": lambda x: x[:1].expand(5, *x.shape[1:]),
}


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_input_layouts(layout: str, dtype: torch.dtype) -> None:
    """The memory layout of the input does not matter."""
    x = LAYOUTS[layout](make_tensor((4, 6, 8, 10), dtype))
    assert_same(torch.relu(x), relu.relu(x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_tensors_that_threads_divide(layout: str) -> None:
    """On a CPU, large tensors take another way than small ones, in all layouts."""
    x = LAYOUTS[layout](make_tensor((8, 16, 32, 64), torch.float32))
    assert_same(torch.relu(x), relu.relu(x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", ["transposed", "channels last", "with gaps", "from an odd element on"])
def test_output_layouts(layout: str) -> None:
    """The memory layout of the output does not matter, and memory between its elements is left alone."""
    memory = torch.full((4, 6, 8, 10), 42.0, device=DEVICE)
    out = LAYOUTS[layout](memory)
    x = make_tensor(tuple(out.shape), torch.float32)
    expected = memory.clone(memory_format=torch.preserve_format)
    LAYOUTS[layout](expected).copy_(torch.relu(x))
    assert relu.relu(x, out=out) is out
    assert_same(torch.relu(x), out)
    if layout != "channels last":  # that layout is a copy of the memory
        assert_same(expected, memory)


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", ["transposed", "with gaps", "from an odd element on"])
def test_in_place(layout: str) -> None:
    """The output can be the input, and the rest of the memory is left alone."""
    memory = make_tensor((4, 6, 8, 10), torch.float32)
    expected = memory.clone()
    LAYOUTS[layout](expected).relu_()
    view = LAYOUTS[layout](memory)
    relu.relu(view, out=view)
    assert_same(expected, memory)


@pytest.mark.kernels_ci
def test_new_tensor_leaves_the_input_alone() -> None:
    """Without an output, the input keeps its values."""
    x = make_tensor((64,), torch.float32)
    before = x.clone()
    assert relu.relu(x).data_ptr() != x.data_ptr()
    assert_same(before, x)


# Errors


def test_shapes_must_agree() -> None:
    """An output of another shape is refused; it is not broadcast to."""
    with pytest.raises(RuntimeError, match=r"out has shape \[2, 3\], but the input has shape \[3\]"):
        relu.relu(make_tensor((3,), torch.float32), out=make_tensor((2, 3), torch.float32))


def test_dtypes_must_agree() -> None:
    """An output of another dtype is refused."""
    with pytest.raises(RuntimeError, match="out has dtype Half, but the input has dtype Float"):
        relu.relu(make_tensor((3,), torch.float32), out=make_tensor((3,), torch.float16))


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64], ids=str)
def test_dtype_must_be_supported(dtype: torch.dtype) -> None:
    """The dtypes that torch.relu refuses are refused."""
    with pytest.raises(RuntimeError, match=r"dtype \w+, which is not supported"):
        relu.relu(torch.zeros(3, dtype=dtype, device=DEVICE))


def test_devices_must_agree() -> None:
    """An output on another device is refused."""
    if DEVICE.type == "cpu":
        pytest.skip("there is no second device")
    with pytest.raises(RuntimeError, match="out is on cpu, but the input is on"):
        relu.relu(make_tensor((3,), torch.float32), out=torch.empty(3))


def test_partial_overlap_is_refused() -> None:
    """An output that covers a part of the input is refused."""
    memory = make_tensor((9,), torch.float32)
    with pytest.raises(RuntimeError, match="single memory location"):
        relu.relu(memory[:-1], out=memory[1:])


def test_output_with_several_elements_in_one_place_is_refused() -> None:
    """An expanded output is refused."""
    with pytest.raises(RuntimeError, match="single memory location"):
        relu.relu(make_tensor((4,), torch.float32), out=torch.empty(1, device=DEVICE).expand(4))


# Torch


@pytest.mark.kernels_ci
@pytest.mark.parametrize("shape", [(8,), (2, 3)], ids=str)
def test_op_is_well_formed(shape: tuple) -> None:
    """Schema, fake implementation and functionalization agree with what the op does."""
    x = make_tensor(shape, torch.float32)
    torch.library.opcheck(ops.relu.default, (torch.empty_like(x), x))


@pytest.mark.kernels_ci
def test_compiles_without_graph_breaks_or_recompilation() -> None:
    """The function and the layer are parts of one graph, which serves all tensors of its shape."""

    def model(x: torch.Tensor) -> torch.Tensor:
        return relu.layers.ReLU()(relu.relu(x - 1) + x)

    torch.compiler.reset()
    x = make_tensor((16, 16), torch.float32)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    assert_same(model(x), compiled(x))
    with torch.compiler.set_stance("fail_on_recompile"):
        assert_same(model(x + 1), compiled(x + 1))


@pytest.mark.parametrize("layout", ["transposed", "with gaps"])
def test_no_gradient_rather_than_a_wrong_one(layout: str) -> None:
    """There is no backward pass; the copies of the layouts with gaps must not be taken for one."""
    x = make_tensor((4, 6, 8, 10), torch.float32).requires_grad_()
    assert not relu.relu(LAYOUTS[layout](x)).requires_grad
    out = relu.relu(LAYOUTS[layout](x), out=torch.empty(LAYOUTS[layout](x).shape, device=DEVICE))
    assert not out.requires_grad


@pytest.mark.kernels_ci
def test_layer_is_torch_relu() -> None:
    """The layer gives what torch.nn.ReLU gives and leaves its input alone."""
    x = make_tensor((4, 5), torch.float32)
    before = x.clone()
    assert_same(nn.ReLU()(x), relu.layers.ReLU()(x))
    assert_same(before, x)


def test_layer_can_replace_torch_relu() -> None:
    """The layer is pure, and its forward takes what that of torch.nn.ReLU takes."""
    layer = relu.layers.ReLU
    members = {name for name in vars(layer) if not name.startswith("__")}
    assert members == {"forward", "has_backward", "can_torch_compile"}
    assert list(inspect.signature(layer.forward).parameters) == list(inspect.signature(nn.ReLU.forward).parameters)
