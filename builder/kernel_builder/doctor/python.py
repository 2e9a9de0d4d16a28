"""Python, the two distributions, Torch, and what the loader would load."""

import importlib.metadata
import importlib.util
import platform
import sys
import sysconfig
from pathlib import Path

from kernel_builder.doctor.here import Here, torch_for
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import install, pip_install
from kernels.backend import BACKENDS, COMPILED_BACKENDS, Compute

__all__ = ["examine_loader", "examine_packages", "examine_python", "examine_torch"]

_COMPILE = uses("local", *COMPILED_BACKENDS)
_BUILD, _LOAD = uses("local", *BACKENDS), uses("load", *BACKENDS)
#: Which accelerator Torch is built for is the loader's to say.
_ACCELERATORS = uses("local", *(backend for backend in BACKENDS if backend != "cpu"))


def examine_python(here: Here) -> list[Diagnosis]:
    """The interpreter, and whether extension modules can be compiled for it."""
    running = Question(id="python", topic="Python", text="Python")
    threads = ", free-threaded" if here.loader.get("free_threaded") else ""
    found = running.yes(f"{platform.python_version()}{threads}, {sys.executable}")
    return [found, _headers(here)]


def _headers(here: Here) -> Diagnosis:
    question = Question(id="python-headers", topic="Python", text="Python's C headers", needed_for=_COMPILE)
    folder = Path(sysconfig.get_path("include"))
    if (folder / "Python.h").is_file():
        return question.yes(str(folder))
    own = "Use a Python that comes with its headers, such as one of uv, conda or python.org."
    belongs_to_system = here.platform.os == "linux" and sys.base_prefix == "/usr"
    remedy = install("python-headers", here.platform, otherwise=own) if belongs_to_system else Remedy(step=own)
    return question.no(f"there is no Python.h in {folder}", remedy)


def examine_packages() -> list[Diagnosis]:
    """The two distributions, and whether they are of the same version, as they have to be."""
    builder = importlib.metadata.version("kernel-builder")
    loader = importlib.metadata.version("kernels")
    own = Question(id="kernel-builder", topic="Python", text="kernel-builder")
    other = Question(id="kernels", topic="Python", text="kernels (the loader)", needed_for=(*_BUILD, *_LOAD))
    if loader == builder:
        return [own.yes(builder), other.yes(loader)]
    remedy = Remedy(commands=pip_install(f"kernels=={builder}"))
    return [own.yes(builder), other.no(f"{loader} does not fit kernel-builder {builder}", remedy)]


def examine_torch(here: Here) -> list[Diagnosis]:
    """Torch, and the packages beside it that kernels can need."""
    question = Question(id="torch", topic="Torch", text="Torch", needed_for=(*_BUILD, *_LOAD))
    tvm_ffi = Question(id="tvm-ffi", topic="Torch", text="tvm-ffi")
    return [_torch(question, here), _package(tvm_ffi, "tvm_ffi", "apache-tvm-ffi"), _triton(here)]


def _torch(question: Question, here: Here) -> Diagnosis:
    if here.torch is None:
        return question.no(here.torch_problem, torch_for("cpu", here))
    abi = f", C++ ABI {here.loader['cxx_abi']}" if here.loader.get("cxx_abi") else ""
    made_for = f", built for {_spoken(here.compute)}" if here.compute else ""
    return question.yes(f"{here.torch.version}{made_for}{abi}, {here.torch.root}")


def _package(question: Question, module: str, distribution: str) -> Diagnosis:
    if importlib.util.find_spec(module) is None:
        return question.no("only some kernels need it; is not installed", Remedy(commands=pip_install(distribution)))
    try:
        return question.yes(importlib.metadata.version(distribution))
    except importlib.metadata.PackageNotFoundError:
        return question.yes("a version that no package accounts for")


def _triton(here: Here) -> Diagnosis:
    question = Question(id="triton", topic="Torch", text="Triton")
    if here.platform.os != "linux":
        return question.elsewhere("is made for Linux")
    return _package(question, "triton", "triton")


def examine_loader(here: Here, backends: tuple[str, ...]) -> list[Diagnosis]:
    """What the loader takes this machine for, and for each accelerator whether Torch is built for it."""
    question = Question(id="loader", topic="Torch", text="the loader", needed_for=(*_LOAD, *_ACCELERATORS))
    answer = here.loader_answer
    if here.compute is None:
        remedy = Remedy(
            step="Mend what the message names, usually by installing Torch again.",
            commands=pip_install("--force-reinstall", "torch"),
        )
        status = question.unknown if answer.hangs else question.no
        return [status(f"the loader {answer.problem or 'gave no answer'}", remedy, said=answer.said)]
    computes = "the CPU" if here.compute.backend == "cpu" else f"{_spoken(here.compute)} and the CPU"
    torch = f" with Torch {here.loader['torch']}" if here.loader.get("torch") else ""
    found = question.yes(f"loads builds for {computes} on {here.platform}{torch}")
    return [found, *(_torch_of(backend, here) for backend in backends if backend != "cpu" and backend in here.backends)]


def _torch_of(backend: str, here: Here) -> Diagnosis:
    question = Question(
        id=f"torch-{backend}",
        topic=_NAMES.get(backend, backend),
        text=f"Torch for {_NAMES.get(backend, backend)}",
        needed_for=(*uses("local", backend), *uses("load", backend)),
    )
    if here.compute is not None and here.compute.backend == backend:
        return question.yes(f"{here.torch.version if here.torch else 'is there'}, for {_spoken(here.compute)}")
    installed = (
        f"Torch {here.torch.version} is built for {_spoken(here.compute)}" if here.torch else "there is no Torch"
    )
    return question.no(installed, torch_for(backend, here))


def _spoken(compute: Compute | None) -> str:
    if compute is None:
        return "what the loader cannot tell"
    name = "the CPU" if compute.backend == "cpu" else _NAMES.get(compute.backend, compute.backend)
    return f"{name} {compute.version}" if compute.version else name


#: backend → its name, and the heading of its topic.
_NAMES = {"cuda": "CUDA", "rocm": "ROCm", "xpu": "XPU", "metal": "Metal"}
