"""The kernel of the tutorial on Triton, as its page has it: computed in Triton's interpreter, compiled for GPUs."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.fetched import fetch
from support.projects import ROOT, run_python

PAGE = ROOT / "docs" / "tutorials" / "triton-kernel.md"
#: The release that Torch 2.13 for CUDA asks for; Torch for the CPU comes without it.
TRITON = "triton==3.7.1"
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: Compiles the kernel of the page ahead of time, for GPUs of two makers.
COMPILE = """
import importlib, sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from kernels import get_local_kernel
module = importlib.import_module(get_local_kernel(sys.argv[1], backend="cpu").__name__ + "._triton")
for target, kind in ((GPUTarget("cuda", 90, 32), "cubin"), (GPUTarget("hip", "gfx942", 64), "hsaco")):
    for dtype in ("fp32", "fp16", "bf16"):
        types = {"out": f"*{dtype}", "x": f"*{dtype}", "cap": "fp32", "count": "i64", "BLOCK": "constexpr"}
        source = ASTSource(fn=module._softcap_kernel, signature=types, constexprs={"BLOCK": 1024})
        print(target.backend, dtype, triton.compile(source, target=target).asm[kind][:4].hex())
"""
ELF = "7f454c46"

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def triton(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process that has Triton, with its cache in a folder of the test."""
    return {
        "PYTHONPATH": str(fetch(pytestconfig, TRITON, "--no-deps", "--no-compile")),
        "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("triton")),
        "TRITON_INTERPRET": "0",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that a reader of the page has, built."""
    folder = tmp_path_factory.mktemp("tutorial")
    _run(folder, "kernel_builder", "init", "my-org/softcap", "--framework", "torch-noarch", "--backends", "cpu,cuda")
    for path, text in _FILE.findall(PAGE.read_text("utf-8")):
        (folder / path).write_text(text, "utf-8")
    _run(folder / "softcap", "kernel_builder", "build", "--driver", "local")
    return folder / "softcap"


def _run(folder: Path, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "HOME": str(folder), **(env or {})}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stdout + result.stderr
    return result.stdout


def test_the_tests_of_the_page_pass_in_the_interpreter(project: Path, triton: Mapping[str, str]) -> None:
    """The kernel in Triton, and not Torch in its place, gives what the tests of the page expect."""
    options = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "tests")
    assert "13 passed" in _run(project, "pytest", *options, env={**triton, "TRITON_INTERPRET": "1"})


def test_the_kernel_of_the_page_compiles_for_gpus(project: Path, triton: Mapping[str, str]) -> None:
    """Each dtype compiles to code for a GPU of NVIDIA and one of AMD."""
    expected = [f"{backend} {dtype} {ELF}" for backend in ("cuda", "hip") for dtype in ("fp32", "fp16", "bf16")]
    assert expected == run_python(COMPILE, project, env=triton).splitlines()
