"""CUDA: the compiler, whether it fits Torch, the driver and the GPUs."""

import ctypes.util
import shutil
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import pip_install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.toolchain.accelerators import find_nvcc
from kernels.backend import MajorMinor

__all__ = ["examine_cuda"]

_TOPIC = "CUDA"
#: The first CUDA whose compiler is published as Python packages.
_FIRST_WHEELS = MajorMinor(13, 0)


def examine_cuda(here: Here) -> list[Diagnosis]:
    """The compiler, whether it fits the CUDA of Torch, and the GPUs."""
    question = Question(id="nvcc", topic=_TOPIC, text="nvcc", needed_for=uses("local", "cuda"))
    path = find_nvcc()
    if path is None:
        looked = "was not found (CUDACXX, CUDA_HOME, PATH, /usr/local/cuda, Python packages)"
        return [question.no(looked, _toolkit(_torch_cuda(here))), _gpus()]
    program = Program(path=path, pattern=r"release .*V(\d+\.\d+[\d.]*)")
    found, version = diagnose_program(question, program, _toolkit(_torch_cuda(here)))
    fits = [] if version is None else _fits(MajorMinor.parse(version), here)
    return [found, *fits, _gpus()]


def _torch_cuda(here: Here) -> MajorMinor | None:
    compute = here.compute
    return compute.version if compute is not None and compute.backend == "cuda" else None


def _toolkit(version: MajorMinor | None) -> Remedy:
    """How to install the compiler of a CUDA version, or the newest without one."""
    name = f"CUDA Toolkit {version}" if version else "CUDA Toolkit"
    step = f"Install NVIDIA's {name} and set CUDA_HOME to its folder"
    if version is not None and version < _FIRST_WHEELS:
        return Remedy(step=f"{step}.")
    release = f"=={version}.*" if version else ""
    commands = pip_install(f"cuda-toolkit[nvcc,cccl,cudart]{release}")
    return Remedy(step=f"{step}, or install the compiler as Python packages:", commands=commands)


def _fits(nvcc: MajorMinor, here: Here) -> list[Diagnosis]:
    """Whether nvcc fits Torch: the same major version, within which the libraries of CUDA are compatible."""
    torch = _torch_cuda(here)
    if torch is None:
        return []
    question = Question(id="cuda-version", topic=_TOPIC, text="nvcc fits Torch", needed_for=uses("local", "cuda"))
    if nvcc == torch:
        return [question.yes(f"both are for CUDA {torch}")]
    if nvcc.major == torch.major:
        return [question.yes(f"nvcc {nvcc} builds for the CUDA {torch} of Torch, of the same major version")]
    return [question.no(f"nvcc is of CUDA {nvcc}, Torch of CUDA {torch}", _toolkit(torch))]


def _gpus() -> Diagnosis:
    question = Question(id="cuda-gpu", topic=_TOPIC, text="NVIDIA GPU", needed_for=uses("load", "cuda"))
    program = shutil.which("nvidia-smi")
    driver = Remedy(step="Install or update NVIDIA's driver. Only running kernels needs a GPU; building them does not.")
    if program is None:
        if library := ctypes.util.find_library("cuda"):
            return question.unknown(f"the driver's library {library} is here, nvidia-smi is not", driver)
        step = "Run the kernels on a machine with an NVIDIA GPU and its driver; building them needs neither."
        return question.no("there is no driver (neither nvidia-smi nor libcuda)", Remedy(step=step))
    answer = ask([program, "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"])
    if answer.problem:
        status = question.unknown if answer.hangs else question.no
        return status(f"{program} {answer.problem}", driver, said=answer.said)
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.text.splitlines() if line.strip()]
    if not rows or any(len(row) != 3 for row in rows):  # noqa: PLR2004 - the three columns that were asked for
        return question.unknown(f"{Path(program).name} names no GPU: {answer.first_line[:60]!r}", driver)
    names = dict.fromkeys(f"{name} (compute capability {capability})" for name, capability, _ in rows)
    return question.yes(f"{len(rows)} x {', '.join(names)}, driver {rows[0][2]}")
