"""relu must be torch.relu, for tensors of Torch and of other libraries, and under torch.compile."""

import pytest
import relu_tvm_ffi as relu
import torch
from relu_tvm_ffi._ops import add_op_namespace_prefix, ops

FLOATING_DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGER_DTYPES = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (33, 65), (2, 3, 5, 7), (1_000_003,)]
LAYOUTS = {
    "transposed": lambda x: x.transpose(1, 3),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "with gaps": lambda x: x[:, ::2, 1:],
    "from an odd element on": lambda x: x.flatten()[1:],
    "expanded": lambda x: x[:1].expand(5, *x.shape[1:]),
}


def find_device() -> torch.device:
    """Return the device that this build is for: the accelerator of this machine, or the CPU."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    try:
        relu.relu(torch.zeros(1, device=accelerator))
    except ValueError:
        return torch.device("cpu")
    return accelerator or torch.device("cpu")


DEVICE = find_device()


def make_tensor(shape: tuple, dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor of positive and negative numbers, the same at each call."""
    if DEVICE.type == "xpu" and dtype == torch.float64 and not torch.xpu.get_device_properties(DEVICE).has_fp64:
        pytest.skip("this device has no float64")
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
@pytest.mark.parametrize("dtype", INTEGER_DTYPES, ids=str)
def test_integer_limits(dtype: torch.dtype) -> None:
    """The smallest and the largest integers are handled."""
    limits = torch.iinfo(dtype)
    x = torch.tensor([limits.min, limits.min + 1, 0, 1, limits.max], dtype=dtype, device=DEVICE)
    expected = torch.tensor([0, max(0, limits.min + 1), 0, 1, limits.max], dtype=dtype, device=DEVICE)
    assert_same(expected, relu.relu(x))


# Memory


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_input_layouts(layout: str, dtype: torch.dtype) -> None:
    """The memory layout of the input does not matter."""
    x = LAYOUTS[layout](make_tensor((4, 6, 8, 10), dtype))
    assert_same(torch.relu(x), relu.relu(x))


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
def test_new_tensor_leaves_the_input_alone() -> None:
    """Without an output, the input keeps its values."""
    x = make_tensor((64,), torch.float32)
    before = x.clone()
    assert relu.relu(x).data_ptr() != x.data_ptr()
    assert_same(before, x)


@pytest.mark.kernels_ci
def test_arrays_of_other_libraries() -> None:
    """The native function takes what knows DLPack, an array of NumPy for example."""
    if DEVICE.type != "cpu":
        pytest.skip("NumPy has arrays in the memory of the CPU only")
    np = pytest.importorskip("numpy")
    x = np.linspace(-1, 1, 11, dtype=np.float32)
    out = np.empty_like(x)
    ops.relu(out, x)
    np.testing.assert_array_equal(np.maximum(x, 0), out)


# Errors


@pytest.mark.kernels_ci
def test_output_must_fit() -> None:
    """An output of another shape or dtype is refused; what the library throws is an exception of Python."""
    x = make_tensor((3,), torch.float32)
    with pytest.raises(ValueError, match="out has shape"):
        relu.relu(x, out=torch.empty(2, 3, device=DEVICE))
    with pytest.raises(TypeError, match="out has dtype float16, but the input has dtype float32"):
        relu.relu(x, out=torch.empty(3, device=DEVICE, dtype=torch.float16))


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64], ids=str)
def test_dtype_must_be_supported(dtype: torch.dtype) -> None:
    """The dtypes that torch.relu refuses are refused."""
    with pytest.raises(TypeError, match=r"the input has dtype .*, which is not supported"):
        relu.relu(torch.zeros(3, dtype=dtype, device=DEVICE))


def test_an_output_with_gaps_is_refused() -> None:
    """The output must be contiguous."""
    out = LAYOUTS["with gaps"](make_tensor((4, 6, 8, 10), torch.float32))
    with pytest.raises(ValueError, match="out must be contiguous"):
        relu.relu(torch.zeros_like(out), out=out)


def test_partial_overlap_is_refused() -> None:
    """An output that covers a part of the input is refused."""
    memory = make_tensor((9,), torch.float32)
    with pytest.raises(ValueError, match="overlap in part"):
        relu.relu(memory[:-1], out=memory[1:])


def test_device_must_be_that_of_the_build() -> None:
    """A tensor of another device, of which a library must not touch the memory, is refused."""
    if DEVICE.type == "cpu":
        pytest.skip("there is no second device")
    with pytest.raises(ValueError, match="a device that this build is not for"):
        relu.relu(torch.zeros(3))
    with pytest.raises(ValueError, match="out is on another device"):
        relu.relu(torch.zeros(3, device=DEVICE), out=torch.empty(3))


# Torch


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema, fake implementation and functionalization agree with what the operator does."""
    x = make_tensor((2, 3), torch.float32)
    namespace, name = add_op_namespace_prefix("relu").split("::")
    op = getattr(getattr(torch.ops, namespace), name)
    torch.library.opcheck(op.default, (torch.empty_like(x), x))


@pytest.mark.kernels_ci
def test_compiles_without_graph_breaks_or_recompilation() -> None:
    """The function is a part of one graph, which serves all tensors of its shape."""

    def model(x: torch.Tensor) -> torch.Tensor:
        return relu.relu(relu.relu(x - 1) + x)

    torch.compiler.reset()
    x = make_tensor((16, 16), torch.float32)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    assert_same(model(x), compiled(x))
    with torch.compiler.set_stance("fail_on_recompile"):
        assert_same(model(x + 1), compiled(x + 1))


def test_no_gradient_rather_than_a_wrong_one() -> None:
    """There is no backward pass, and a tensor that requires a gradient is taken all the same."""
    x = make_tensor((4, 6), torch.float32).requires_grad_()
    assert not relu.relu(x).requires_grad
    assert_same(torch.relu(x).detach(), relu.relu(x))
