"""Kernel projects on disk for tests, and the commands that are run on them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELU = ROOT / "examples" / "relu"
#: The folder of each example.
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/build.toml"))

#: Compiles in a fraction of a second: it has no operators and needs no header of Torch.
_TINY = {
    "build.toml": """\
[general]
name = "tiny"
version = 1
license = "Apache-2.0"
backends = ["cpu"]

[torch]
src = ["torch-ext/binding.cpp"]

[kernel.tiny_cpu]
backend = "cpu"
depends = ["torch"]
src = ["tiny_cpu/tiny.cpp"]
""",
    # What nothing refers to would be left out of the library.
    "torch-ext/binding.cpp": """\
#include "registration.h"

extern "C" int tiny_value() __attribute__((weak));

static int volatile value = tiny_value ? tiny_value() : 0;

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
""",
    "torch-ext/tiny/__init__.py": '"""A kernel without operators."""\n\nfrom ._ops import ops\n\n__all__ = ["ops"]\n',
    "tiny_cpu/tiny.cpp": 'extern "C" int tiny_value() { return 1; }\n',
}

#: Python only: its one function is an operator of Torch, which gives the identity of a tensor.
_TINY_NOARCH = {
    "build.toml": """\
[general]
name = "tiny-noarch"
version = 1
license = "Apache-2.0"
backends = ["cuda", "cpu", "rocm"]

[torch-noarch]
cuda-capabilities = ["8.0", "9.0"]
rocm-archs = ["gfx942"]
""",
    "torch-ext/tiny_noarch/__init__.py": '''\
"""A kernel in Python."""

import torch

from ._ops import add_op_namespace_prefix, ops

__all__ = ["same"]


@torch.library.custom_op(add_op_namespace_prefix("same"), mutates_args=())
def _same(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


def same(x: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor."""
    return ops.same(x)
''',
}

#: Compiles in two seconds against tvm-ffi: its one function doubles a tensor of float32 in its place.
_TINY_TVM_FFI = {
    "build.toml": """\
[general]
name = "tiny-ffi"
version = 1
license = "Apache-2.0"
backends = ["cpu"]

[tvm-ffi]
src = ["tvm-ffi-ext/binding.cpp", "tvm-ffi-ext/twice.h"]

[kernel.tiny_cpu]
backend = "cpu"
depends = []
src = ["tiny_cpu/tiny.cpp"]
""",
    "tvm-ffi-ext/tiny_ffi/__init__.py": '''\
"""A kernel on tvm-ffi."""

from ._ops import ops

__all__ = ["twice"]

twice = ops.twice
''',
    "tvm-ffi-ext/twice.h": "#pragma once\n\nvoid twice(float *values, long count);\n",
    "tvm-ffi-ext/binding.cpp": """\
#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/function.h>

#include "twice.h"

#if !defined(CPU_KERNEL) || defined(Py_LIMITED_API) || defined(TORCH_EXTENSION_NAME)
#error "a build for the CPU, which knows neither Torch nor Python"
#endif

void twice_in_place(tvm::ffi::TensorView x) { twice(static_cast<float *>(x.data_ptr()), x.numel()); }

TVM_FFI_DLL_EXPORT_TYPED_FUNC(twice, twice_in_place)
""",
    "tiny_cpu/tiny.cpp": """\
#include "twice.h"

void twice(float *values, long count) {
  for (long i = 0; i < count; ++i) {
    values[i] *= 2;
  }
}
""",
}


def copy_example(example: Path, target: Path) -> Path:
    """A copy of an example without what building it leaves behind."""
    ignored = shutil.ignore_patterns("build", "build-ext", ".kernel-builder", "__pycache__", "*.egg-info")
    return Path(shutil.copytree(example, target, ignore=ignored))


def copy_relu(target: Path) -> Path:
    """A copy of the relu example without what building it leaves behind."""
    return copy_example(RELU, target)


def make_tiny(target: Path) -> Path:
    """A kernel project that compiles in a fraction of a second."""
    return _write(target, _TINY)


def make_tiny_noarch(target: Path) -> Path:
    """A kernel project in Python alone, for CUDA, ROCm and the CPU."""
    return _write(target, _TINY_NOARCH)


def make_tiny_tvm_ffi(target: Path) -> Path:
    """A kernel project on tvm-ffi that compiles in two seconds."""
    return _write(target, _TINY_TVM_FFI)


def _write(target: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return target


def variant_name() -> str:
    """The CPU variant that this environment builds."""
    from kernel_builder.matrix import host_platform  # noqa: PLC0415
    from kernel_builder.toolchain.torch import find_torch  # noqa: PLC0415
    from kernels.backend import Compute  # noqa: PLC0415 - with the Torch facts only where they are needed
    from kernels.variant import TorchVariant  # noqa: PLC0415

    platform = host_platform()
    facts = find_torch()
    abi = ("cxx11" if facts.cxx11_abi else "cxx98") if platform.os == "linux" else None
    return TorchVariant(facts.release, Compute("cpu"), platform, abi).variant_str


def cpu_variant(project: Path) -> str | None:
    """The one variant for the CPU of this machine that a compiled kernel is built as; `None` for others."""
    from kernel_builder.config.model import TorchExtension  # noqa: PLC0415
    from kernel_builder.config.reader import load_config  # noqa: PLC0415
    from kernel_builder.matrix import host_platform  # noqa: PLC0415
    from kernel_builder.toolchain.tvm_ffi import find_tvm_ffi  # noqa: PLC0415 - only where they are needed

    config = load_config(project)
    if not config.components("cpu"):
        return None
    if config.framework_key == "tvm-ffi":
        return f"tvm-ffi{find_tvm_ffi().release.digits}-cpu-{host_platform()}"
    abi = config.framework.stable_abi_for("cpu") if isinstance(config.framework, TorchExtension) else None
    if abi:
        return f"torch-stable-abi{''.join(map(str, abi.parts[:2]))}-cpu-{host_platform()}"
    return variant_name()


def kernel_builder(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own, the way a user would."""
    return subprocess.run(
        [sys.executable, "-m", "kernel_builder", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def run_python(code: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run code in a fresh interpreter and return what it prints; fails with its error."""
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def contents(tree: Path) -> dict[str, bytes]:
    """Every file of a tree with its bytes; bytecode does not count."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def git(project: Path, *arguments: str) -> str:
    """Run git with an author and without the machine's own settings; skips the test where there is no git."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    env = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    result = subprocess.run(
        ["git", *arguments], cwd=project, env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()
