"""The kernel against a reference in float64: values, shapes, layouts, errors, torch.compile."""

from types import ModuleType

import pytest
import torch

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
# Rows of one element, odd ones, one that is a multiple of every vector width, one with a rest; and no row at all.
SHAPES = [(1,), (3, 1), (2, 3, 7), (4, 64), (5, 1000), (2, 4096), (3, 4097), (0, 64)]
EPS = 1e-6


def make(*shape: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return the same numbers at each call."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(dtype).to(device)


def reference(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute in float64, and round once."""
    wide = x.cpu().double()
    scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPS)
    return (wide * scale * weight.cpu().double()).to(x.dtype).to(x.device)


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values(kernel: ModuleType, device: torch.device, shape: tuple, dtype: torch.dtype) -> None:
    """The result is that of the reference, within what the dtype can hold."""
    x, weight = make(*shape, dtype=dtype, device=device), make(shape[-1], dtype=dtype, device=device)
    torch.testing.assert_close(kernel.rms_norm(x, weight, EPS), reference(x, weight))


@pytest.mark.kernels_ci
def test_squares_do_not_overflow(kernel: ModuleType, device: torch.device) -> None:
    """Sums are made in float32: the squares of large float16 numbers are within its range."""
    x = make(2, 256, dtype=torch.float16, device=device) * 10_000
    weight = torch.ones(256, dtype=torch.float16, device=device)
    torch.testing.assert_close(kernel.rms_norm(x, weight, EPS), reference(x, weight))


LAYOUTS = {
    "transposed": lambda memory: memory.t(),
    "every other row": lambda memory: memory[::2],
    "from an odd element on": lambda memory: memory.flatten()[1:4097].view(64, 64),
}


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(kernel: ModuleType, device: torch.device, layout: str) -> None:
    """The memory layout of the input does not matter."""
    x = LAYOUTS[layout](make(65, 66, dtype=torch.bfloat16, device=device))
    weight = make(x.size(-1), dtype=torch.bfloat16, device=device)
    torch.testing.assert_close(kernel.rms_norm(x, weight, EPS), reference(x, weight))


@pytest.mark.kernels_ci
def test_in_place(kernel: ModuleType, device: torch.device) -> None:
    """The output can be the input."""
    x = make(4, 100, dtype=torch.float32, device=device)
    weight = make(100, dtype=torch.float32, device=device)
    expected = reference(x, weight)
    assert kernel.rms_norm(x, weight, EPS, out=x) is x
    torch.testing.assert_close(x, expected)


def test_wrong_arguments_are_refused(kernel: ModuleType, device: torch.device) -> None:
    """What the kernel cannot compute is an error, not a wrong result or a crash."""
    x = make(4, 100, dtype=torch.float32, device=device)
    weight = make(100, dtype=torch.float32, device=device)
    for arguments in (
        (x, weight[:99]),
        (x, weight.half()),
        (x, weight, EPS, x.new_empty(4, 99)),
        (x, weight, EPS, x.half()),
        (x, weight, EPS, x.new_empty(100, 4).t()),
    ):
        with pytest.raises(RuntimeError, match="rms_norm"):
            kernel.rms_norm(*arguments)


@pytest.mark.kernels_ci
def test_the_operator_is_declared_rightly(kernel: ModuleType, device: torch.device) -> None:
    """The schema and the fake implementation say what the operator does; torch.compile relies on both."""
    x, weight = make(4, 64, dtype=torch.float32, device=device), make(64, dtype=torch.float32, device=device)
    torch.library.opcheck(kernel.functions.ops.rms_norm.default, (torch.empty_like(x), x, weight, EPS))


@pytest.mark.kernels_ci
def test_torch_compile_without_graph_breaks(kernel: ModuleType, device: torch.device) -> None:
    """Code that calls the kernel compiles as one graph, which serves other tensors of the shape."""

    def model(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return kernel.rms_norm(x * 2, weight, EPS) + 1

    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    x, weight = make(4, 64, dtype=torch.float32, device=device), make(64, dtype=torch.float32, device=device)
    torch.testing.assert_close(compiled(x, weight), reference(x * 2, weight) + 1)
    with torch.compiler.set_stance("fail_on_recompile"):
        torch.testing.assert_close(compiled(x + 1, weight), reference((x + 1) * 2, weight) + 1)
