"""oneAPI: the SYCL compilers, whether one fits Torch, the compiler for GPUs, and the GPUs."""

import shutil
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.toolchain.oneapi import ICPX_VERSION, find_ocloc, icpx_places
from kernels.backend import Compute, MajorMinor

__all__ = ["examine_oneapi"]

_TOPIC = "XPU"


def examine_oneapi(here: Here) -> list[Diagnosis]:
    """The compilers with what they build for, whether one fits the oneAPI of Torch, ocloc, and the GPUs."""
    question = Question(id="icpx", topic=_TOPIC, text="icpx", needed_for=uses("local", "xpu"))
    places = icpx_places()
    if not places:
        looked = "was not found (CXX, CMPLR_ROOT, PATH, ONEAPI_ROOT, /opt/intel/oneapi)"
        return [question.no(looked, _compiler(here)), _gpus()]
    asked = [
        (path, *diagnose_program(question, Program(path=path, pattern=ICPX_VERSION), _compiler(here)))
        for path in places
    ]
    versions = {path: version for path, _, version in asked if version is not None}
    if not versions:
        return [asked[0][1], _gpus()]
    releases = {path: MajorMinor.parse(version) for path, version in versions.items()}
    built = [f"{versions[path]} for {Compute('xpu', release).tag}, {path}" for path, release in releases.items()]
    return [question.yes("; ".join(built)), *_fits(releases, here), *_ocloc(next(iter(versions)), here), _gpus()]


def _torch_oneapi(here: Here) -> MajorMinor | None:
    compute = here.compute
    return compute.version if compute is not None and compute.backend == "xpu" else None


def _compiler(here: Here) -> Remedy:
    version = _torch_oneapi(here)
    package = f"intel-oneapi-compiler-dpcpp-cpp{f'-{version}' if version else ''}"
    step = f"Install Intel's DPC++ compiler: the package {package} of Intel's own repository."
    return Remedy(step=step)


def _fits(releases: dict[Path, MajorMinor], here: Here) -> list[Diagnosis]:
    """Whether an icpx fits Torch: each release of oneAPI has a SYCL library of its own."""
    torch = _torch_oneapi(here)
    if torch is None:
        return []
    question = Question(id="oneapi-version", topic=_TOPIC, text="icpx fits Torch", needed_for=uses("local", "xpu"))
    if torch in releases.values():
        return [question.yes(f"both are for oneAPI {torch}")]
    others = " and ".join(dict.fromkeys(map(str, releases.values())))
    return [question.no(f"icpx is of oneAPI {others}, Torch of oneAPI {torch}", _compiler(here))]


def _ocloc(icpx: Path, here: Here) -> list[Diagnosis]:
    """Whether the compiler for GPUs is there, which comes with Intel's driver, and on Windows with oneAPI."""
    if here.platform.os == "windows":
        return []
    question = Question(id="ocloc", topic=_TOPIC, text="ocloc", needed_for=uses("local", "xpu"))
    found = find_ocloc(icpx)
    if found is not None:
        return [question.yes(str(found))]
    step = "Install ocloc, the compiler of Intel's compute runtime; the package is often called intel-ocloc."
    return [question.no("was not found beside icpx or on PATH", Remedy(step=step))]


def _gpus() -> Diagnosis:
    question = Question(id="xpu-gpu", topic=_TOPIC, text="Intel GPU", needed_for=uses("load", "xpu"))
    program = shutil.which("sycl-ls")
    step = "Run the kernels on a machine with an Intel GPU and its driver; building them needs neither."
    if program is None:
        return question.no("sycl-ls, which comes with oneAPI, is not here to ask", Remedy(step=step))
    answer = ask([program])
    if answer.problem:
        status = question.unknown if answer.hangs else question.no
        return status(f"{program} {answer.problem}", Remedy(step="Mend what sycl-ls says."), said=answer.said)
    # Each line is a device: [level_zero:gpu][level_zero:0] platform, name version [driver]
    gpus = [line.partition(", ")[2] or line for line in answer.text.splitlines() if ":gpu]" in line]
    if not gpus:
        return question.no("sycl-ls lists no GPU", Remedy(step=step))
    return question.yes(", ".join(dict.fromkeys(gpus)))
