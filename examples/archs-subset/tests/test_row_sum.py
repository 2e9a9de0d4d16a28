"""row_sum must be the sum of each row, on whichever code path the device has."""

import archs_subset
import pytest
import torch
from archs_subset._ops import ops

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no device for this build")

SHAPES = [(1, 1), (3, 255), (3, 256), (3, 257), (70_000, 3), (5, 100_001), (0, 4), (4, 0)]


@pytest.mark.kernels_ci
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums(shape: tuple) -> None:
    """Every number of rows and columns gives the sums of float64, within the rounding of float32."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to("cuda")
    torch.testing.assert_close(archs_subset.row_sum(x), x.double().sum(1).float(), rtol=1e-5, atol=1e-3)
    assert torch.equal(archs_subset.row_sum(x), archs_subset.row_sum(x))


@pytest.mark.kernels_ci
def test_layouts() -> None:
    """The memory layout does not matter."""
    x = torch.randn(64, 48, device="cuda").t()
    torch.testing.assert_close(archs_subset.row_sum(x), x.sum(1))


@pytest.mark.kernels_ci
def test_the_path_is_that_of_the_device() -> None:
    """Clusters are used where the device has capability 9.0, and nowhere else."""
    x = torch.randn(4, 4, device="cuda")
    expected = torch.version.hip is None and torch.cuda.get_device_capability() == (9, 0)
    assert archs_subset.uses_clusters(x) is expected


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema and fake implementation agree with what the op does."""
    torch.library.opcheck(ops.row_sum.default, (torch.randn(4, 8, device="cuda"),))


@pytest.mark.kernels_ci
def test_what_does_not_fit_is_refused() -> None:
    """Another dtype or shape is named."""
    with pytest.raises(RuntimeError, match="must be a matrix of float32, and is a tensor of Double with shape"):
        archs_subset.row_sum(torch.zeros(2, 2, dtype=torch.float64, device="cuda"))
