"""The example in Triton: computed in its interpreter, and compiled for GPUs that this machine does not have."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.coverage import Covers
from support.fetched import fetch
from support.projects import ROOT, run_python

from kernels.metadata import read_metadata

EXAMPLE = ROOT / "examples" / "relu-triton"
#: The release that the metadata of Torch 2.13 for CUDA asks for; Torch for the CPU comes without it.
TRITON = "triton==3.7.1"

#: Compiles the kernel of a build ahead of time, for every element type that it can be called with.
COMPILE = """
import importlib, json, sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
sys.path.insert(0, sys.argv[1])
kernel = importlib.import_module("torch-cuda._kernel")._relu_kernel
targets = {
    "sm_80": GPUTarget("cuda", 80, 32), "sm_90": GPUTarget("cuda", 90, 32), "sm_120": GPUTarget("cuda", 120, 32),
    "gfx942": GPUTarget("hip", "gfx942", 64), "gfx1100": GPUTarget("hip", "gfx1100", 32),
}
found = {}
for name, target in targets.items():
    for dtype in ("fp32", "fp64", "fp16", "bf16", "u8", "i8", "i16", "i32", "i64"):
        signature = {"out": f"*{dtype}", "x": f"*{dtype}", "count": "i64", "BLOCK": "constexpr"}
        source = ASTSource(fn=kernel, signature=signature, constexprs={"BLOCK": 1024})
        code = triton.compile(source, target=target).asm["cubin" if target.backend == "cuda" else "hsaco"]
        found.setdefault(name, []).append(code[:4].hex() + code[18:20].hex())
print(json.dumps(found))
"""
#: The first bytes of an ELF file, and what it calls the machine: EM_CUDA is 190, EM_AMDGPU is 224.
CUBIN, HSACO = "7f454c46be00", "7f454c46e000"

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def triton(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process that has Triton, with its cache in a folder of the test."""
    cache = tmp_path_factory.mktemp("triton")
    return {
        "PYTHONPATH": str(fetch(pytestconfig, TRITON, "--no-deps", "--no-compile")),
        "TRITON_CACHE_DIR": str(cache),
        "TRITON_INTERPRET": "0",
    }


@pytest.fixture(scope="module")
def built(build_example: Callable[[Path], Path]) -> Path:
    """The example, built for every backend."""
    return build_example(EXAMPLE)


def test_the_interpreter_computes_through_the_loader(built: Path, triton: Mapping[str, str]) -> None:
    """A program loads the build for the CPU and computes with it, under the name of the build."""
    code = """
import sys, torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1], backend="cpu")
print(kernel.relu(torch.tensor([-1.0, 0.5])).tolist(), kernel._ops.add_op_namespace_prefix("relu"))
"""
    kernel_id = read_metadata(built / "build" / "torch-cpu").id
    assert f"[0.0, 0.5] {kernel_id}::relu" == run_python(code, built, env={**triton, "TRITON_INTERPRET": "1"}).strip()


def test_the_kernel_compiles_for_gpus(built: Path, triton: Mapping[str, str], covers: Covers) -> None:
    """Every dtype compiles to code for GPUs of NVIDIA and of AMD, of several generations."""
    found = json.loads(run_python(COMPILE, built / "build", env=triton))
    assert {
        **dict.fromkeys(("sm_80", "sm_90", "sm_120"), [CUBIN] * 9),
        **dict.fromkeys(("gfx942", "gfx1100"), [HSACO] * 9),
    } == found
    for backend in ("cuda", "rocm"):
        covers(EXAMPLE.name, backend, "compiles")


def test_without_triton_the_kernel_loads_and_the_call_names_what_is_missing(built: Path) -> None:
    """A program that only looks at a kernel needs no Triton; one that computes is told of it."""
    code = """
import sys
sys.modules["triton"] = None  # as if it were not installed
import torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1], backend="cpu")
try:
    kernel.relu(torch.zeros(1))
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert "triton" == run_python(code, built).strip()
