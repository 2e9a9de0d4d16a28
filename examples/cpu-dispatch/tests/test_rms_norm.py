"""Every code path that this CPU can run gives what Torch gives."""

import platform

import cpu_dispatch
import pytest
import torch
from cpu_dispatch._ops import ops
from torch.nn import functional

SHAPES = [(1,), (31,), (32,), (33,), (4, 100), (2, 3, 64), (1000, 257), (0,), (0, 8)]


@pytest.mark.kernels_ci
def test_paths() -> None:
    """What runs everywhere is the last, and what the CPU has is found."""
    assert cpu_dispatch.paths()[-1] == "baseline"
    assert set(cpu_dispatch.paths()) <= {"baseline", "avx2", "avx512"}
    if platform.machine() in ("arm64", "aarch64"):
        assert cpu_dispatch.paths() == ("baseline",)
    else:
        expected = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
        assert ("avx2" in cpu_dispatch.paths()) is expected


@pytest.mark.kernels_ci
@pytest.mark.parametrize("path", ["", *cpu_dispatch.paths()])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_path_is_rms_norm(path: str, shape: tuple) -> None:
    """Whatever the length of a row, and whichever instructions are used, the result is that of Torch."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(shape[-1], generator=torch.Generator().manual_seed(1))
    expected = functional.rms_norm(x, (shape[-1],), weight, 1e-6)
    torch.testing.assert_close(cpu_dispatch.rms_norm(x, weight, path=path), expected)


@pytest.mark.kernels_ci
def test_layouts() -> None:
    """The memory layouts do not matter."""
    x, weight = torch.randn(8, 6, 4).transpose(0, 2), torch.randn(16)[::2]
    expected = functional.rms_norm(x, (8,), weight, 1e-6)
    torch.testing.assert_close(cpu_dispatch.rms_norm(x, weight), expected)


@pytest.mark.kernels_ci
def test_op_is_well_formed() -> None:
    """Schema and fake implementation agree with what the op does."""
    torch.library.opcheck(ops.rms_norm.default, (torch.randn(3, 8), torch.randn(8), 1e-6, ""))


@pytest.mark.kernels_ci
def test_what_does_not_fit_is_refused() -> None:
    """The message names what there is."""
    x = torch.zeros(2, 4)
    with pytest.raises(RuntimeError, match=r"this CPU has no path sse9; it has .*baseline"):
        cpu_dispatch.rms_norm(x, torch.zeros(4), path="sse9")
    with pytest.raises(RuntimeError, match=r"weight has shape \[3\]"):
        cpu_dispatch.rms_norm(x, torch.zeros(3))
    with pytest.raises(RuntimeError, match="must have float32, and have Double and Float"):
        cpu_dispatch.rms_norm(x.double(), torch.zeros(4))
