"""Machines for the doctor: stand-ins of tools on PATH that answer as the real ones do, and what is known of Torch."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernel_builder.doctor.ask import Answer
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis
from kernel_builder.toolchain.torch import TorchFacts
from kernels.backend import Compute
from kernels.errors import VariantNameError
from kernels.variant import Platform

__all__ = ["LINUX", "MAC", "WINDOWS", "Tools", "by_id", "empty_machine", "machine", "statuses"]

LINUX, MAC, WINDOWS = Platform("x86_64", "linux"), Platform("aarch64", "darwin"), Platform("x86_64", "windows")
_VARIABLES = (
    "CMPLR_ROOT",
    "CUDACXX",
    "CUDA_HOME",
    "CUDA_PATH",
    "CXX",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HIP_DEVICE_LIB_PATH",
    "HIP_PATH",
    "HUGGING_FACE_HUB_TOKEN",
    "KERNELS_CACHE",
    "KERNEL_BUILDER_CACHE",
    "ONEAPI_ROOT",
    "ROCM_PATH",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
)


@dataclass(frozen=True)
class Tools:
    """The only folder on PATH."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch | None = None

    def add(self, name: str, output: str = "", *, status: int = 0, error: str = "", body: str = "") -> Path:
        """A program that prints the same whatever it is asked, or that runs lines of shell."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            "#!/bin/sh",
            body,
            f"printf '%s\\n' {shlex.quote(output)}" if output else "",
            f"printf '%s\\n' {shlex.quote(error)} >&2" if error else "",
            f"exit {status}",
        ]
        path.write_text("\n".join(filter(None, lines)) + "\n", "utf-8")
        path.chmod(0o755)
        return path

    def hang(self, name: str) -> Path:
        """A program that does not end by itself; from now on, none is waited for long."""
        assert self.monkeypatch is not None
        self.monkeypatch.setattr("kernel_builder.doctor.ask.PATIENCE", 1.0)
        return self.add(name, body="exec /bin/sleep 600")


def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool, and with a home of its own; skips the test where there is no shell for stand-ins."""
    if not Path("/bin/sh").exists():
        pytest.skip("the stand-ins are shell scripts")
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    tools = Tools(tmp_path / "bin", monkeypatch)
    tools.folder.mkdir()
    monkeypatch.setenv("PATH", str(tools.folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CUDA_DIR", "ROCM_DIR", "ONEAPI_DIR"):
        monkeypatch.setattr(f"kernel_builder.toolchain.accelerators.{name}", tmp_path / name)
    monkeypatch.setattr("kernel_builder.toolchain.accelerators._wheels", lambda: iter(()))
    return tools


def _torch_compute(tag: str) -> Compute:
    """What a Torch is for; the loader may say more than can be read."""
    try:
        return Compute.parse(tag)
    except VariantNameError:
        return Compute("cpu")


def machine(
    compute: str = "cpu", *, platform: Platform = LINUX, version: str | None = "2.13.0", answer: Answer | None = None
) -> Here:
    """A machine with a Torch that is built for something, or without one."""
    facts: dict[str, Any] = {"compute": compute, "torch": version and version[:4]}
    torch = (
        TorchFacts(
            python=Path(sys.executable),
            root=Path("torch"),
            version=version,
            compute=_torch_compute(compute),
            cxx11_abi=True,
            cmake="",
        )
        if version
        else None
    )
    return Here(
        platform=platform,
        torch=torch,
        torch_problem="" if torch else "Torch is not installed",
        loader={} if answer else facts,
        loader_answer=answer or Answer(text="{}"),
    )


def by_id(diagnoses: list[Diagnosis]) -> dict[str, Diagnosis]:
    """The diagnoses under the names of their questions."""
    return {one.question.id: one for one in diagnoses}


def statuses(diagnoses: list[Diagnosis]) -> dict[str, str]:
    """What was asked, and the answer."""
    return {one.question.id: one.status.value for one in diagnoses}
