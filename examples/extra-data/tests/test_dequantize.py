"""The tables come with the build, and every code gives the number of its table."""

import json
from pathlib import Path

import extra_data
import pytest
import torch
from extra_data._ops import ops
from extra_data._tables import table

TABLES = json.loads((Path(extra_data.__file__).parent / "data" / "tables.json").read_text("utf-8"))


@pytest.mark.kernels_ci
@pytest.mark.parametrize("name", TABLES)
def test_every_code(name: str) -> None:
    """Each of the 256 bytes gives the two numbers of its halves, the lower one first."""
    codes = torch.arange(256, dtype=torch.uint8)
    expected = [TABLES[name][half] for code in range(256) for half in (code & 15, code >> 4)]
    assert torch.equal(torch.tensor(expected, dtype=torch.float32), extra_data.dequantize(codes, name))


@pytest.mark.kernels_ci
def test_shapes_and_layouts() -> None:
    """The last dimension doubles, and the memory layout does not matter."""
    codes = torch.randint(0, 256, (3, 4, 5), dtype=torch.uint8).transpose(0, 2)
    assert extra_data.dequantize(codes, "int4").shape == (5, 4, 6)
    expected = extra_data.dequantize(codes.contiguous(), "int4")
    assert torch.equal(expected, extra_data.dequantize(codes, "int4"))
    assert extra_data.dequantize(codes[:0], "int4").shape == (0, 4, 6)


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema and fake implementation agree with what the op does."""
    torch.library.opcheck(ops.dequantize.default, (torch.zeros(2, 3, dtype=torch.uint8), table("int4")))


@pytest.mark.kernels_ci
def test_what_does_not_fit_is_refused() -> None:
    """The message names what there is."""
    with pytest.raises(ValueError, match="there is no format 'nf4'; there are int4, fp4_e2m1"):
        extra_data.dequantize(torch.zeros(1, dtype=torch.uint8), "nf4")
    with pytest.raises(RuntimeError, match="the codes have dtype Float, and must have uint8"):
        extra_data.dequantize(torch.zeros(1), "int4")
