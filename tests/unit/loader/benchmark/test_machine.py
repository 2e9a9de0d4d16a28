"""The facts about the machine."""

import platform
import sys
from pathlib import Path

import pytest

from kernels.benchmark import machine
from kernels.benchmark.machine import cpu_model, describe_machine, gpu_name

torch = pytest.importorskip("torch")

X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.00GHz\n\n"
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
POWER = "processor\t: 0\ncpu\t\t: POWER9 (raw), altivec supported\nclock\t\t: 2.3MHz\n"
LSCPU = "Architecture:          aarch64\nVendor ID:             ARM\n  Model name:          Neoverse-N1\n"
IOREG = '    |   "gpu-core-count" = 30\n    |   "model" = "Apple M3 Max"\n'


def test_this_machine() -> None:
    """The facts are those of this process: real versions, and a processor that is no empty text."""
    found = describe_machine()
    assert (str(torch.__version__), platform.python_version(), torch.get_num_threads()) == (
        found.torch,
        found.python,
        found.threads,
    )
    assert f"{platform.system()} {platform.release()}" == found.os
    assert found.cpu.strip()
    if torch.cuda.is_available():
        assert torch.cuda.get_device_name() == found.gpu
    elif not torch.backends.mps.is_available():
        assert found.gpu is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_the_processor_of_linux() -> None:
    """Where the kernel names the model of the processor, that is the name."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    if names:
        assert " ".join(names.pop().split()) == describe_machine().cpu


@pytest.mark.parametrize(
    ("cpuinfo", "lscpu", "model"),
    [
        (X86, "", "Intel(R) Xeon(R) CPU @ 2.00GHz"),
        (POWER, "", "POWER9 (raw), altivec supported"),
        (ARM, LSCPU, "Neoverse-N1"),
        (ARM, "Model name: -\n", platform.machine()),
        ("", "", platform.machine()),
    ],
)
def test_processors(monkeypatch: pytest.MonkeyPatch, cpuinfo: str, lscpu: str, model: str) -> None:
    """Every form of /proc/cpuinfo gives a name; ARM's is known to lscpu; the architecture is the last resort."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(machine, "_read", lambda _path: cpuinfo)
    monkeypatch.setattr(machine, "_output", lambda *_command: lscpu)
    assert model == cpu_model()


def test_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU of an Apple chip has the name of the chip, with the number of its cores where that is known."""
    answers = {"sysctl": "Apple M3 Max", "ioreg": IOREG}
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(machine, "_output", lambda name, *_arguments: answers[name])
    assert ("Apple M3 Max", "Apple M3 Max (30 cores)") == (cpu_model(), gpu_name("mps"))
    answers["ioreg"] = ""
    assert gpu_name("mps") == "Apple M3 Max"
    answers["sysctl"] = ""
    assert gpu_name("mps") is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there() -> None:
    """A device that Torch cannot name has no name, and nothing fails."""
    assert [None, None, None] == [gpu_name(device) for device in ("cuda", "xpu", "npu")]


def test_programs_that_are_missing_or_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a program of the system does not tell stays unknown."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (platform.machine(), None) == (cpu_model(), gpu_name("mps"))

    (tmp_path / "sysctl").write_text("#!/bin/sh\necho name\nexit 1\n", "utf-8")
    (tmp_path / "sysctl").chmod(0o755)
    assert (platform.machine(), None) == (cpu_model(), gpu_name("mps"))
