"""CUDA: the compilers, whether one fits Torch, the driver and the GPUs."""

import ctypes.util
import shutil
from pathlib import Path

from kernel_builder.cache import cache_dir
from kernel_builder.doctor import ask as asking
from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import pip_install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.matrix import load_matrix
from kernel_builder.toolchain.accelerators import find_nvcc
from kernel_builder.toolchain.cuda.fetch import can_fetch
from kernel_builder.toolchain.cuda.toolkits import Toolkit, installed_toolkits
from kernels.backend import MajorMinor

__all__ = ["examine_cuda"]

_TOPIC = "CUDA"


def examine_cuda(here: Here) -> list[Diagnosis]:
    """The compiler, whether there is one for the CUDA of Torch, what each toolkit can build, and the GPUs."""
    question = Question(id="nvcc", topic=_TOPIC, text="nvcc", needed_for=uses("local", "cuda"))
    toolkits = installed_toolkits(cache_dir("toolchains"), patience=asking.PATIENCE)
    path = find_nvcc() or next((toolkit.nvcc for toolkit in toolkits), None)
    if path is None:
        looked = "was not found (CUDACXX, CUDA_HOME, PATH, /usr/local/cuda, Python packages, the cache)"
        return [question.no(looked, _toolkit(_torch_cuda(here))), _gpus()]
    program = Program(path=path, pattern=r"release .*V(\d+\.\d+[\d.]*)")
    found, version = diagnose_program(question, program, _toolkit(_torch_cuda(here)))
    more = [] if version is None else [*_fits(toolkits, here), _variants(toolkits, here)]
    return [found, *more, _gpus()]


def _torch_cuda(here: Here) -> MajorMinor | None:
    compute = here.compute
    return compute.version if compute is not None and compute.backend == "cuda" else None


def _toolkit(version: MajorMinor | None) -> Remedy:
    """How to install the compiler of a CUDA version, or the newest without one."""
    name = f"CUDA Toolkit {version}" if version else "CUDA Toolkit"
    step = f"Install NVIDIA's {name} and set CUDA_HOME to its folder"
    if version is not None and not can_fetch(version):
        return Remedy(step=f"{step}.")
    release = f"=={version}.*" if version else ""
    commands = pip_install(f"cuda-toolkit[nvcc,cccl,cudart]{release}")
    return Remedy(step=f"{step}, pass --fetch-toolkit to build, or install it as Python packages:", commands=commands)


def _fits(toolkits: tuple[Toolkit, ...], here: Here) -> list[Diagnosis]:
    """Whether there is a toolkit for Torch: of the very version that the names of its variants carry."""
    torch = _torch_cuda(here)
    if torch is None:
        return []
    question = Question(id="cuda-version", topic=_TOPIC, text="nvcc for Torch", needed_for=uses("local", "cuda"))
    fitting = next((toolkit for toolkit in toolkits if toolkit.release == torch), None)
    if fitting is not None:
        return [question.yes(f"nvcc {fitting.version} is for the CUDA {torch} of Torch")]
    there = ", ".join(dict.fromkeys(str(toolkit.release) for toolkit in toolkits)) or "an unknown version"
    return [question.no(f"nvcc is of CUDA {there}, Torch of CUDA {torch}", _toolkit(torch))]


def _variants(toolkits: tuple[Toolkit, ...], here: Here) -> Diagnosis:
    """Which toolkits there are, and the releases of Torch that the build matrix has each for."""
    releases: dict[MajorMinor, list[str]] = {}
    for row in load_matrix().on(here.platform):
        if row.compute.backend == "cuda" and row.compute.version is not None:
            releases.setdefault(row.compute.version, []).append(str(row.torch))
    words = []
    for toolkit in toolkits:
        torches = ", ".join(dict.fromkeys(releases.pop(toolkit.release, [])))
        what = f" builds cu{toolkit.release.digits} of Torch {torches}" if torches else ""
        words.append(f"{toolkit.version} ({toolkit.root}){what}")
    if releases:
        words.append(f"none is for {', '.join(f'cu{version.digits}' for version in sorted(releases))}")
    question = Question(id="cuda-toolkits", topic=_TOPIC, text="CUDA toolkits")
    return question.yes("; ".join(words))


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
