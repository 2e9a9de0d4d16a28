"""ROCm: the compiler, its device libraries, the devices that it compiles for, and the GPUs."""

import re
import shutil
from pathlib import Path

from kernel_builder.config.capabilities import rocm_archs, rocm_llvm
from kernel_builder.doctor import ask as asking
from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.errors import ProcessError
from kernel_builder.toolchain.accelerators import ROCM_DIR, find_hip_clang, find_hipcc
from kernel_builder.toolchain.rocm import HipToolchain, compilable_archs, hip_clangs, installed_rocm, missing_archs
from kernels.backend import MajorMinor

__all__ = ["examine_rocm"]

_TOPIC = "ROCm"
_LOOKED = (
    "neither ROCm (ROCM_PATH, HIP_PATH, hipcc on PATH, /opt/rocm, /opt/rocm-*) nor clang++-19 or later with the HIP of "
    "the distribution was found"
)


def examine_rocm(here: Here, device: Path = Path("/dev/kfd")) -> list[Diagnosis]:
    """The compiler that builds for ROCm use, with its device libraries, and the GPUs.

    Args:
        here: this machine.
        device: what Linux has when its driver for AMD's GPUs is at work.
    """
    question = Question(id="hipcc", topic=_TOPIC, text="HIP compiler", needed_for=uses("local", "rocm"))
    toolchains = installed_rocm(asking.PATIENCE)
    torch = _torch_rocm(here)
    fitting = [one for one in toolchains if torch in (None, one.release)]
    if not toolchains:
        return [_nothing(question, _rocm(torch)), _gpus(here, device)]
    if not fitting:
        there = ", ".join(_described(one) for one in toolchains)
        return [question.no(f"Torch is for ROCm {torch}; there is {there}", _rocm(torch)), _gpus(here, device)]
    chosen = fitting[0]
    found = [question.yes(_described(chosen)), *_devices(chosen, here)]
    return [*found, _gpus(here, device)]


def _torch_rocm(here: Here) -> MajorMinor | None:
    compute = here.compute
    return compute.version if compute is not None and compute.backend == "rocm" else None


def _described(toolchain: HipToolchain) -> str:
    return f"clang {toolchain.clang_version} ({toolchain.clang}) with HIP {toolchain.release} ({toolchain.root})"


def _nothing(question: Question, remedy: Remedy) -> Diagnosis:
    """What is said when there is no toolchain: a part of one may be there, or a compiler that does not answer."""
    for clang in hip_clangs():
        program = Program(path=clang, pattern=r"clang version (\d+\.\d+\.\d+)")
        found, version = diagnose_program(question, program, remedy)
        if version is None:
            return found
    parts = [str(path) for path in (find_hipcc(), find_hip_clang()) if path is not None]
    return question.no(f"{_LOOKED}; {' and '.join(parts)} alone is not enough" if parts else _LOOKED, remedy)


def _rocm(version: MajorMinor | None) -> Remedy:
    name = f"ROCm {version}" if version else "ROCm"
    step = f"Install AMD's {name} (the package rocm-hip-sdk of AMD's own repository) and set ROCM_PATH to it."
    return Remedy(step=step)


def _devices(toolchain: HipToolchain, here: Here) -> list[Diagnosis]:
    """Whether the device libraries are there, and which devices can be compiled for."""
    question = Question(id="rocm-archs", topic=_TOPIC, text="architectures", needed_for=uses("local", "rocm"))
    wanted = rocm_archs().supported
    try:
        known = compilable_archs(toolchain.clang)
    except ProcessError as error:
        remedy = Remedy(step="Install a clang with the target AMDGPU, such as ROCm's own.")
        return [question.no(f"{toolchain.clang} does not say which it knows", remedy, said=error.output.strip())]
    able = [arch for arch in wanted if arch in known]
    libraries = _device_libraries(toolchain, able, here)
    if able == list(wanted):
        return [libraries, question.yes(", ".join(able))]
    unable = [arch for arch in wanted if arch not in known]
    needed = [f"{arch} (LLVM {rocm_llvm()[arch]})" if arch in rocm_llvm() else arch for arch in unable]
    step = (
        "Install a newer ROCm or LLVM; or leave them out: with rocm-archs in build.toml, or for a build of your own in "
        f"the variable KERNEL_BUILDER_ROCM_ARCHS={','.join(able)}."
    )
    return [libraries, question.no(f"all but {', '.join(needed)}", Remedy(step=step))]


def _device_libraries(toolchain: HipToolchain, archs: list[str], here: Here) -> Diagnosis:
    question = Question(id="rocm-device-libs", topic=_TOPIC, text="device libraries", needed_for=uses("local", "rocm"))
    folder = toolchain.device_libraries
    if folder is not None:
        missing = missing_archs(folder, archs)
        return question.yes(f"{folder}; builds complete them for {', '.join(missing)}" if missing else str(folder))
    step = "Install ROCm's device libraries, or name their folder in HIP_DEVICE_LIB_PATH."
    remedy = install("rocm-device-libs", here.platform, otherwise=step)
    return question.no(f"ocml.bc was found neither beside the compiler nor below {toolchain.root}", remedy)


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
