"""CUDA, as its programs describe it."""

from pathlib import Path

import pytest
from support.machines import LINUX, Tools, by_id, machine, statuses

from kernel_builder.doctor.cuda import examine_cuda
from kernel_builder.doctor.model import Status
from kernel_builder.matrix import load_matrix
from kernels.backend import Compute, MajorMinor

NVCC = """nvcc: NVIDIA (R) Cuda compiler driver
Copyright (c) 2005-2025 NVIDIA Corporation
Built on Wed_Aug_20_01:58:59_PM_PDT_2025
Cuda compilation tools, release {release}, V{release}.88
Build cuda_{release}.r{release}/compiler.36424714_0"""


def test_nothing(tools: Tools) -> None:
    """Without nvcc and a driver: what was looked for, and how to install the compiler of the CUDA of Torch."""
    found = by_id(examine_cuda(machine("cu130")))
    assert {"nvcc": "no", "cuda-gpu": "no"} == statuses(list(found.values()))
    assert found["nvcc"].remedy is not None
    assert "'cuda-toolkit[nvcc,cccl,cudart]==13.0.*'" in found["nvcc"].remedy.commands[0]


def test_a_cuda_without_wheels(tools: Tools) -> None:
    """The compiler of CUDA 12 is not among the Python packages, so only NVIDIA's own toolkit is named."""
    remedy = by_id(examine_cuda(machine("cu126")))["nvcc"].remedy
    assert remedy is not None
    assert ("Install NVIDIA's CUDA Toolkit 12.6 and set CUDA_HOME to its folder.", ()) == (remedy.step, remedy.commands)


def test_no_torch_for_cuda(tools: Tools) -> None:
    """With a Torch for something else, any CUDA will do, and there is nothing to fit."""
    remedy = by_id(examine_cuda(machine("cpu")))["nvcc"].remedy
    assert remedy is not None
    assert remedy.commands[0].endswith(" 'cuda-toolkit[nvcc,cccl,cudart]'")
    tools.add("nvcc", NVCC.format(release="13.0"))
    assert {"nvcc": "yes", "cuda-toolkits": "yes", "cuda-gpu": "no"} == statuses(examine_cuda(machine("cpu")))


@pytest.mark.parametrize(
    ("release", "status", "detail"),
    [
        ("13.0", "yes", "nvcc 13.0.88 is for the CUDA 13.0 of Torch"),
        ("13.2", "no", "nvcc is of CUDA 13.2, Torch of CUDA 13.0"),
        ("12.6", "no", "nvcc is of CUDA 12.6, Torch of CUDA 13.0"),
    ],
)
def test_fits_torch(tools: Tools, release: str, status: str, detail: str) -> None:
    """The compiler is to be of the very version that the variants of Torch are named after."""
    path = tools.add("nvcc", NVCC.format(release=release))
    found = by_id(examine_cuda(machine("cu130")))
    assert (f"{release}.88, {path}", status, detail) == (
        found["nvcc"].detail,
        found["cuda-version"].status.value,
        found["cuda-version"].detail,
    )


def test_toolkits(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every toolkit is named with what it builds of the matrix, and so are the versions that none is for."""
    for release in ("12.0", "13.0"):
        Tools(tmp_path / release / "bin").add("nvcc", NVCC.format(release=release))
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "13.0"))
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "12.0"))
    found = by_id(examine_cuda(machine("cu130")))["cuda-toolkits"].detail.split("; ")
    torches = {row.torch for row in load_matrix().on(LINUX) if row.compute == Compute("cuda", MajorMinor(13, 0))}
    assert f"13.0.88 ({tmp_path / '13.0'}) builds cu130 of Torch {', '.join(map(str, sorted(torches)))}" == found[0]
    assert f"12.0.88 ({tmp_path / '12.0'})" == found[1]
    assert found[2].startswith("none is for cu126, ")


def test_a_broken_compiler(tools: Tools) -> None:
    """A compiler that says nothing of use, or nothing at all, is unknown, and nothing follows from it."""
    tools.add("nvcc", "segmentation fault")
    assert {"nvcc": "unknown", "cuda-gpu": "no"} == statuses(examine_cuda(machine("cu130")))
    tools.hang("nvcc")
    assert {"nvcc": "unknown", "cuda-gpu": "no"} == statuses(examine_cuda(machine("cu130")))


def test_gpus(tools: Tools) -> None:
    """The GPUs, their capability and the driver are those that nvidia-smi lists."""
    row = "NVIDIA H100 80GB HBM3, 9.0, 570.86.15"
    tools.add("nvidia-smi", f"{row}\n{row}")
    found = by_id(examine_cuda(machine("cu130")))["cuda-gpu"]
    expected = "2 x NVIDIA H100 80GB HBM3 (compute capability 9.0), driver 570.86.15"
    assert (Status.YES, expected) == (found.status, found.detail)


def test_a_driver_that_does_not_answer(tools: Tools) -> None:
    """What nvidia-smi says of a broken driver is passed on."""
    said = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    tools.add("nvidia-smi", said, status=9)
    found = by_id(examine_cuda(machine("cu130")))["cuda-gpu"]
    assert (Status.NO, said) == (found.status, found.said)
    tools.add("nvidia-smi", "garbage")
    assert Status.UNKNOWN is by_id(examine_cuda(machine("cu130")))["cuda-gpu"].status
    tools.hang("nvidia-smi")
    assert Status.UNKNOWN is by_id(examine_cuda(machine("cu130")))["cuda-gpu"].status


def test_the_library_alone(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver without its program, as in some containers, is unknown."""
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.so.1")
    found = by_id(examine_cuda(machine("cu130")))["cuda-gpu"]
    assert (Status.UNKNOWN, "the driver's library libcuda.so.1 is here, nvidia-smi is not") == (
        found.status,
        found.detail,
    )


def test_what_is_needed(tools: Tools) -> None:
    """Building needs the compiler and no GPU; loading needs a GPU and no compiler."""
    tools.add("nvcc", NVCC.format(release="13.0"))
    found = by_id(examine_cuda(machine("cu130")))
    expected = {
        "nvcc": ("local:cuda",),
        "cuda-version": ("local:cuda",),
        "cuda-toolkits": (),
        "cuda-gpu": ("load:cuda",),
    }
    assert expected == {name: one.question.needed_for for name, one in found.items()}
