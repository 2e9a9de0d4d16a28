"""relu must be torch.relu: in its values, in its memory layouts, and under torch.compile."""

import os
import subprocess
import sys

import pytest
import relu_triton as relu
import torch
from relu_triton._ops import ops

pytest.importorskip("triton", reason="the kernel is in Triton")

FLOATING_DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGER_DTYPES = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
SHAPES = [(), (0,), (3, 0, 2), (1,), (7,), (33, 65), (2, 3, 5, 7), (100_003,)]
LAYOUTS = {
    "transposed": lambda x: x.transpose(1, 3),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "with gaps": lambda x: x[:, ::2, 1:],
    "from an odd element on": lambda x: x.flatten()[1:],
    "expanded": lambda x: x[:1].expand(5, *x.shape[1:]),
}
DEVICE = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")


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
    if DEVICE.type == "cpu" and dtype == torch.bfloat16:
        # Triton's interpreter takes some of the numbers below the smallest normal one for others.
        patterns = patterns[(patterns.float().abs() >= torch.finfo(dtype).tiny) | patterns.isnan() | (patterns == 0)]
    expected = torch.where(patterns < 0, torch.zeros_like(patterns), patterns)
    assert_same(expected, relu.relu(patterns.to(DEVICE)).cpu())


# Memory


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_input_layouts(layout: str, dtype: torch.dtype) -> None:
    """The memory layout of the input does not matter."""
    x = LAYOUTS[layout](make_tensor((4, 6, 8, 10), dtype))
    assert_same(torch.relu(x), relu.relu(x))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", ["transposed", "with gaps", "from an odd element on"])
def test_output_layouts(layout: str) -> None:
    """The memory layout of the output does not matter, and memory between its elements is left alone."""
    memory = torch.full((4, 6, 8, 10), 42.0, device=DEVICE)
    out = LAYOUTS[layout](memory)
    x = make_tensor(tuple(out.shape), torch.float32)
    expected = memory.clone()
    LAYOUTS[layout](expected).copy_(torch.relu(x))
    assert relu.relu(x, out=out) is out
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


def test_output_must_fit() -> None:
    """An output of another shape or dtype is refused."""
    x = make_tensor((3,), torch.float32)
    with pytest.raises(ValueError, match="out has shape"):
        relu.relu(x, out=torch.empty(2, 3, device=DEVICE))
    with pytest.raises(ValueError, match="out has dtype"):
        relu.relu(x, out=torch.empty(3, device=DEVICE, dtype=torch.float16))


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64], ids=str)
def test_dtype_must_be_supported(dtype: torch.dtype) -> None:
    """The dtypes that torch.relu refuses are refused."""
    with pytest.raises(ValueError, match=r"the input has dtype .*, which is not supported"):
        relu.relu(torch.zeros(3, dtype=dtype, device=DEVICE))


def test_partial_overlap_is_refused() -> None:
    """An output that covers a part of the input is refused."""
    memory = make_tensor((9,), torch.float32)
    with pytest.raises(ValueError, match="overlap in part"):
        relu.relu(memory[:-1], out=memory[1:])


def test_without_the_interpreter_a_cpu_is_refused() -> None:
    """Triton has no compiler for a CPU; the error says what to set."""
    code = """
import relu_triton, torch
try:
    relu_triton.relu(torch.zeros(1))
except RuntimeError as error:
    print(error)
"""
    command, env = [sys.executable, "-c", code], {**os.environ, "TRITON_INTERPRET": "0"}
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=True)  # noqa: S603 our own code
    assert "set TRITON_INTERPRET=1" in result.stdout


# Torch


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema, fake implementation and functionalization agree with what the operator does."""
    x = make_tensor((2, 3), torch.float32)
    torch.library.opcheck(ops.relu.default, (torch.empty_like(x), x))


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
    """There is no backward pass."""
    x = make_tensor((4, 6), torch.float32).requires_grad_()
    assert not relu.relu(x).requires_grad
