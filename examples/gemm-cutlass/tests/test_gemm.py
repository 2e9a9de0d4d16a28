"""gemm must be torch.mm in its values, whatever the memory layout, and under torch.compile."""

from typing import Optional

import gemm_cutlass
import pytest
import torch

DTYPES = [torch.float16, torch.bfloat16]
#: Rows, columns and the length of the sums: of one tile, of less than is read at once, of parts of tiles, and of many.
SIZES = [(128, 128, 32), (1, 8, 8), (7, 24, 40), (129, 136, 72), (300, 520, 1024), (1024, 1024, 64)]

DEVICE = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
pytestmark = pytest.mark.skipif(DEVICE is None, reason="this machine has no device for this build of the kernel")


def make_matrix(rows: int, columns: int, dtype: torch.dtype, seed: int = 0) -> torch.Tensor:
    """Return a matrix of positive and negative numbers, the same at each call."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((rows, columns), generator=generator).to(dtype).to(DEVICE)


def assert_is_product(
    actual: torch.Tensor, a: torch.Tensor, b: torch.Tensor, bias: Optional[torch.Tensor] = None
) -> None:
    """Assert that a result is the product, but for one rounding and the order of float32 sums."""
    # Not every GPU computes with float64.
    expected = torch.mm(a.cpu().double(), b.cpu().double())
    if bias is not None:
        expected = expected + bias.cpu().double()
    # A sum of products loses at most so much for each of them; a product of these numbers is about 1.
    slack = 1e-6 * a.shape[1]
    torch.testing.assert_close(actual.cpu().double(), expected, rtol=torch.finfo(a.dtype).eps, atol=slack)
    assert (a.dtype, expected.shape, a.device) == (actual.dtype, actual.shape, actual.device)


# Values


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_product(size: tuple, dtype: torch.dtype) -> None:
    """Every size gives the product."""
    rows, columns, length = size
    a, b = make_matrix(rows, length, dtype), make_matrix(length, columns, dtype, seed=1)
    assert_is_product(gemm_cutlass.gemm(a, b), a, b)


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bias(size: tuple, dtype: torch.dtype) -> None:
    """The bias is added to every row, before the one rounding."""
    rows, columns, length = size
    a, b = make_matrix(rows, length, dtype), make_matrix(length, columns, dtype, seed=1)
    bias = make_matrix(1, columns, dtype, seed=2)[0]
    assert_is_product(gemm_cutlass.gemm(a, b, bias), a, b, bias)


@pytest.mark.kernels_ci
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_close_to_torch(dtype: torch.dtype) -> None:
    """The result is that of torch.mm, but for the last place."""
    a, b = make_matrix(256, 128, dtype), make_matrix(128, 256, dtype, seed=1)
    torch.testing.assert_close(gemm_cutlass.gemm(a, b), torch.mm(a, b), rtol=2 * torch.finfo(dtype).eps, atol=1e-3)


@pytest.mark.kernels_ci
def test_a_unit_matrix_changes_nothing() -> None:
    """Each element of the result comes from the right place: a product with the unit matrix is exact."""
    a = make_matrix(200, 136, torch.float16)
    unit = torch.eye(136, dtype=torch.float16, device=DEVICE)
    assert torch.equal(a, gemm_cutlass.gemm(a, unit))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("size", [(0, 8, 8), (8, 0, 8)], ids=str)
def test_empty(size: tuple) -> None:
    """A product without elements is made, and nothing is computed."""
    rows, columns, length = size
    a, b = make_matrix(rows, length, torch.float16), make_matrix(length, columns, torch.float16)
    assert (rows, columns) == gemm_cutlass.gemm(a, b).shape


@pytest.mark.kernels_ci
def test_sums_of_nothing() -> None:
    """Without anything to sum, the bias alone is left, or zero."""
    a, b = make_matrix(4, 0, torch.float16), make_matrix(0, 8, torch.float16)
    bias = make_matrix(1, 8, torch.float16)[0]
    assert torch.equal(torch.zeros((4, 8), dtype=torch.float16, device=DEVICE), gemm_cutlass.gemm(a, b))
    assert torch.equal(bias.expand(4, 8), gemm_cutlass.gemm(a, b, bias))


# Memory


LAYOUTS = {
    "transposed": lambda x: x.t().contiguous().t(),
    "with gaps": lambda x: torch.stack([x, x], dim=2)[:, :, 0],
    "from an odd element on": lambda x: torch.cat([x.new_zeros(1), x.flatten()])[1:].view(x.shape),
}


@pytest.mark.kernels_ci
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """The memory layout of no tensor matters, and a tensor that is given for the result gets it."""
    a, b = make_matrix(64, 32, torch.bfloat16), make_matrix(32, 72, torch.bfloat16, seed=1)
    bias = make_matrix(1, 72, torch.bfloat16, seed=2)
    change = LAYOUTS[layout]
    out = change(torch.full((64, 72), float("nan"), dtype=torch.bfloat16, device=DEVICE))
    assert gemm_cutlass.gemm(change(a), change(b), change(bias)[0], out=out) is out
    assert_is_product(out, a, b, bias[0])


# Errors


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((2, 8), (16, 8), "a has 8 columns, but b has 16 rows"),
        ((2, 12), (12, 8), "have to be multiples of 8, and are 12 and 8"),
        ((2, 8), (8, 8, 1), "a and b have 2 and 3 dimensions, not 2"),
    ],
)
def test_shapes_must_agree(a: tuple, b: tuple, words: str) -> None:
    """Matrices that do not fit are refused."""
    x, y = (torch.zeros(shape, dtype=torch.float16, device=DEVICE) for shape in (a, b))
    with pytest.raises(RuntimeError, match=words):
        gemm_cutlass.gemm(x, y, out=torch.zeros((2, 8), dtype=torch.float16, device=DEVICE))


def test_dtypes_must_agree() -> None:
    """Matrices of two dtypes, and of one that is not supported, are refused."""
    half, single = make_matrix(8, 8, torch.float16), make_matrix(8, 8, torch.float32)
    with pytest.raises(RuntimeError, match="b has dtype Float, but a has dtype Half"):
        gemm_cutlass.gemm(half, single)
    with pytest.raises(RuntimeError, match="a has dtype Float, which is not supported"):
        gemm_cutlass.gemm(single, single)


def test_the_result_must_not_overlap() -> None:
    """The result cannot be written over what it is made of."""
    a = make_matrix(8, 8, torch.float16)
    with pytest.raises(RuntimeError, match="memory"):
        gemm_cutlass.gemm(a, a, out=a)


# torch.compile


@pytest.mark.kernels_ci
def test_compiled() -> None:
    """A model that is compiled as one graph gives the same."""
    a, b = make_matrix(64, 64, torch.float16), make_matrix(64, 64, torch.float16, seed=1)
    compiled = torch.compile(gemm_cutlass.gemm, fullgraph=True)
    assert torch.equal(gemm_cutlass.gemm(a, b), compiled(a, b))
