"""The table of Torch's stable ABI."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from kernel_builder.binary.elf import open_elf
from kernel_builder.checks.abi.torch_abi import torch_shims


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("aoti_torch_delete_tensor_object", None),
        ("torch_call_dispatcher", (2, 10)),
        ("torch_c10_cuda_check_msg", (2, 10)),
        ("torch_from_blob", (2, 11)),
        ("torch_library_def_with_tags", (2, 12)),
        ("torch_exception_get_what", (2, 13)),
        ("aoti_torch_cpu__grouped_mm", (2, 12)),
        ("aoti_torch_mps_grid_sampler_2d_backward", (2, 13)),
    ],
)
def test_some_functions(name: str, since: tuple[int, int] | None) -> None:
    """A function has the release that it is guarded with, or the first that has it; the oldest ones have none."""
    assert since == torch_shims()[name]


@pytest.mark.skipif(sys.platform != "linux" or find_spec("torch") is None, reason="Torch's ELF libraries are read")
def test_torch_exports_no_others() -> None:
    """Every C function of these names that the installed Torch exports is in the table."""
    spec = find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    with open_elf(Path(spec.origin).parent / "lib" / "libtorch_cpu.so") as elf:
        names = {one.name for one in elf.symbols() if one.defined and re.match(r"(aoti_)?torch_", one.name)}
    assert set() == names - {*torch_shims()}
    assert len(names) > 300
