"""oneAPI: the SYCL compiler, whether it fits Torch, and the GPUs."""

import shutil

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import command_line
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.toolchain.accelerators import ONEAPI_DIR, find_icpx
from kernels.backend import MajorMinor

__all__ = ["examine_oneapi"]

_TOPIC = "XPU"


def examine_oneapi(here: Here) -> list[Diagnosis]:
    """The compiler, whether it fits the oneAPI of Torch, and the GPUs."""
    question = Question(id="icpx", topic=_TOPIC, text="icpx", needed_for=uses("local", "xpu"))
    path = find_icpx()
    if path is None:
        looked = "was not found (CMPLR_ROOT, PATH, ONEAPI_ROOT, /opt/intel/oneapi)"
        return [question.no(looked, _compiler(here)), _gpus()]
    if shutil.which("icpx") is None:
        root = next((folder for folder in path.parents if (folder / "setvars.sh").is_file()), ONEAPI_DIR)
        remedy = Remedy(step="In the shell that builds:", commands=(command_line("source", str(root / "setvars.sh")),))
        return [question.no(f"{path} is installed, but not set up in this shell", remedy), _gpus()]
    program = Program(path=path, pattern=r"Compiler (\d+\.\d+[\w.]*)")
    found, version = diagnose_program(question, program, _compiler(here))
    fits = [] if version is None else _fits(MajorMinor.parse(version), here)
    return [found, *fits, _gpus()]


def _torch_oneapi(here: Here) -> MajorMinor | None:
    compute = here.compute
    return compute.version if compute is not None and compute.backend == "xpu" else None


def _compiler(here: Here) -> Remedy:
    version = _torch_oneapi(here)
    package = f"intel-oneapi-compiler-dpcpp-cpp{f'-{version}' if version else ''}"
    step = f"Install Intel's DPC++ compiler (the package {package} of Intel's own repository), then set up its shell:"
    return Remedy(step=step, commands=(f"source {ONEAPI_DIR}/setvars.sh",))


def _fits(icpx: MajorMinor, here: Here) -> list[Diagnosis]:
    """Whether icpx fits Torch: each release of oneAPI has a SYCL library of its own."""
    torch = _torch_oneapi(here)
    if torch is None:
        return []
    question = Question(id="oneapi-version", topic=_TOPIC, text="icpx fits Torch", needed_for=uses("local", "xpu"))
    if icpx == torch:
        return [question.yes(f"both are for oneAPI {torch}")]
    return [question.no(f"icpx is of oneAPI {icpx}, Torch of oneAPI {torch}", _compiler(here))]


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
