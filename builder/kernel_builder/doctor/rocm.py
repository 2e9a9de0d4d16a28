"""ROCm: the compiler, its device libraries, and the GPUs."""

import re
import shutil
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.toolchain.accelerators import ROCM_DIR, find_device_libraries, find_hip_clang, find_hipcc

__all__ = ["examine_rocm"]

_TOPIC = "ROCm"


def examine_rocm(here: Here, device: Path = Path("/dev/kfd")) -> list[Diagnosis]:
    """The compiler with its device libraries, and the GPUs.

    Args:
        here: this machine.
        device: what Linux has when its driver for AMD's GPUs is at work.
    """
    question = Question(id="hipcc", topic=_TOPIC, text="HIP compiler", needed_for=uses("local", "rocm"))
    path = find_hipcc()
    clang = None if path else find_hip_clang()
    if path is None and clang is None:
        looked = "neither hipcc (ROCM_PATH, HIP_PATH, PATH, /opt/rocm) nor clang++-19 or later was found"
        return [question.no(looked, _rocm(here)), _gpus(here, device)]
    # With nvcc on PATH, hipcc would compile for NVIDIA.
    program = (
        Program(path=path, pattern=r"HIP version:\s*(\d+\.\d+[\w.-]*)", env={"HIP_PLATFORM": "amd"})
        if path
        else Program(path=clang or Path(), pattern=r"clang version (\d+\.\d+[\w.-]*)")
    )
    found, version = diagnose_program(question, program, _rocm(here))
    libraries = [_device_libraries(program.path, here)] if version else []
    return [found, *libraries, _gpus(here, device)]


def _rocm(here: Here) -> Remedy:
    compute = here.compute
    version = f" {compute.version}" if compute is not None and compute.backend == "rocm" and compute.version else ""
    step = f"Install AMD's ROCm{version} (the package rocm-hip-sdk of AMD's own repository) and set ROCM_PATH to it."
    return Remedy(step=step)


def _device_libraries(compiler: Path, here: Here) -> Diagnosis:
    question = Question(id="rocm-device-libs", topic=_TOPIC, text="device libraries", needed_for=uses("local", "rocm"))
    folder = find_device_libraries(compiler)
    if folder is not None:
        return question.yes(str(folder))
    step = "Install ROCm's device libraries, or name their folder in HIP_DEVICE_LIB_PATH."
    remedy = install("rocm-device-libs", here.platform, otherwise=step)
    return question.no("ocml.bc was not found beside the compiler or below /usr", remedy)


def _gpus(here: Here, device: Path) -> Diagnosis:
    question = Question(id="rocm-gpu", topic=_TOPIC, text="AMD GPU", needed_for=uses("load", "rocm"))
    elsewhere = Remedy(step="Run the kernels on a machine with an AMD GPU and its driver; building them needs neither.")
    if here.platform.os == "linux" and not device.exists():
        return question.no(f"there is no driver (no {device})", elsewhere)
    program = shutil.which("rocminfo") or shutil.which("rocminfo", path=str(ROCM_DIR / "bin"))
    if program is None:
        remedy = install("rocminfo", here.platform, otherwise="Install ROCm's program rocminfo.")
        return question.unknown("the driver is here, rocminfo is not", remedy)
    answer = ask([program])
    if answer.problem:
        step = "Mend what rocminfo says; to use the GPU, a user must often be in the groups render and video."
        status = question.unknown if answer.hangs else question.no
        return status(f"{program} {answer.problem}", Remedy(step=step), said=answer.said)
    return _listed(question, answer.text, elsewhere)


def _listed(question: Question, text: str, remedy: Remedy) -> Diagnosis:
    """The GPUs that rocminfo lists among the processors, each of which has a line such as `Name: gfx90a`."""
    archs = re.findall(r"^\s*Name:\s+(gfx[0-9a-f]+)\s*$", text, re.MULTILINE)
    if not archs:
        return question.no("rocminfo lists no GPU", remedy)
    return question.yes(f"{len(archs)} x {', '.join(dict.fromkeys(archs))}")
