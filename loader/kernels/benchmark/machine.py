"""What a benchmark ran on, for the report."""

import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kernels.benchmark.timing import device_of

__all__ = ["Machine", "cpu_model", "describe_machine", "gpu_name"]

#: Keys of `/proc/cpuinfo` that name the processor: x86, s390 and most others; POWER; MIPS; some ARM boards.
_CPU_KEYS = ("model name", "cpu", "cpu model", "Model")
_PROCESS_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The facts that timings depend on.

    Attributes:
        gpu: the name of the accelerator that Torch uses; `None` when it uses none.
        cpu: the model of the processor.
        os: the name and release of the operating system's kernel.
        torch: the version of Torch.
        python: the version of Python.
        backend: the backend of Torch with its version, such as `"cuda 13.0"`.
        threads: how many threads Torch computes with on the CPU.
    """

    gpu: str | None
    cpu: str
    os: str
    torch: str
    python: str
    backend: str
    threads: int


def describe_machine() -> Machine:
    """Find out what this process runs on; a fact that cannot be found out stops nothing."""
    import torch

    from kernels.system import current_system

    compute = current_system().compute
    return Machine(
        gpu=gpu_name(device_of(compute.backend)),
        cpu=cpu_model(),
        os=f"{platform.system()} {platform.release()}",
        torch=str(torch.__version__),
        python=platform.python_version(),
        backend=str(compute),
        threads=torch.get_num_threads(),
    )


def gpu_name(device: str) -> str | None:
    """The name of the accelerator that Torch calls by a name such as `"cuda"`; `None` where there is none."""
    if device == "cpu":
        return None
    if device == "mps":
        return _apple_gpu(_output("sysctl", "-n", "machdep.cpu.brand_string"), _output("ioreg", "-l"))
    import torch

    try:
        return str(getattr(torch, device).get_device_name())
    except (AttributeError, AssertionError, RuntimeError):  # no such function, Torch without the backend, no device
        return None


def _apple_gpu(chip: str, registry: str) -> str | None:
    """The GPU of an Apple chip has the chip's name; the I/O registry knows its number of cores."""
    cores = re.search(r'"gpu-core-count" = (\d+)', registry)
    return f"{chip} ({cores[1]} cores)" if chip and cores else chip or None


def cpu_model() -> str:
    """The model of the processor, or its architecture when nothing tells the model."""
    system = platform.system()
    if system == "Linux":
        model = _from_cpuinfo(_read("/proc/cpuinfo")) or _from_lscpu(_output("lscpu"))
    elif system == "Darwin":
        model = _output("sysctl", "-n", "machdep.cpu.brand_string")
    else:
        model = platform.processor()
    return " ".join(model.split()) or platform.machine() or "unknown"


def _from_cpuinfo(text: str) -> str:
    facts = _facts(text)
    return next((facts[key] for key in _CPU_KEYS if facts.get(key)), "")


def _from_lscpu(text: str) -> str:
    """Knows the ARM processors by number, which `/proc/cpuinfo` gives without their names."""
    return _facts(text).get("Model name", "").strip("-")


def _facts(text: str) -> dict[str, str]:
    """Lines of the form `key : value`; of several processors, the last."""
    lines = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, colon, value in lines if colon}


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _output(*command: str) -> str:
    """What a program of the operating system prints; nothing when it fails or is not there."""
    try:
        result = subprocess.run(  # noqa: S603 - the commands are those above
            command, capture_output=True, timeout=_PROCESS_SECONDS, check=True, text=True, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()
